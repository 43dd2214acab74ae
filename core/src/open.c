#define _GNU_SOURCE
#include "open.h"

#include "error.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

/* The loader says "COPY: reason". */
static int refuse_loader(molt_world *world, const char *file, const char *copy)
{
    const char *text = dlerror();
    size_t length = strlen(copy);
    if (!text) text = "the loader gives no reason";
    if (strncmp(text, copy, length) == 0 && strncmp(text + length, ": ", 2) == 0) text += length + 2;
    return molt__fail(world, MOLT_ERR_IMAGE, "%s: cannot be loaded: %s", file, text);
}

static int take_count(struct dl_phdr_info *image, size_t size, void *count)
{
    (void)size;
    *(unsigned long long *)count = image->dlpi_adds;
    return 1;
}

/* How many images the loader has mapped so far. */
static unsigned long long images_ever(void)
{
    unsigned long long count = 0;
    dl_iterate_phdr(take_count, &count);
    return count;
}

static bool is_new(const char *copy, const molt__image *image, molt__opened *opened)
{
    struct link_map *map;
    if (dlinfo(opened->handle, RTLD_DI_LINKMAP, &map) || strcmp(map->l_name, copy) != 0) return false;
    opened->base = map->l_addr;
    const unsigned char *mapped = (const unsigned char *)(map->l_addr + image->proof_address);
    return memcmp(mapped, image->proof, image->proof_size) == 0;
}

/* The module's own entry function, not one that a library it links against has. */
static bool find_entry(const molt__image *image, molt__opened *opened)
{
    char symbol[sizeof "molt_module_" + MOLT_NOTE_NAME];
    snprintf(symbol, sizeof symbol, "molt_module_%s", image->note.name);
    void *address = dlsym(opened->handle, symbol);
    if (!address) return false;
    uint64_t place = (uint64_t)(uintptr_t)address - opened->base;
    memcpy(&opened->entry, &address, sizeof opened->entry);
    return place >= image->low && place < image->high;
}

int molt__open(molt_world *world, const char *file, const char *copy, const molt__image *image,
               molt__opened *opened)
{
    *opened = (molt__opened){ 0 };
    unsigned long long before = images_ever();
    opened->handle = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
    if (!opened->handle) return refuse_loader(world, file, copy);
    int err = MOLT_OK;
    if (images_ever() == before || !is_new(copy, image, opened)) {
        err = molt__fail(world, MOLT_ERR_IMAGE, "%s: cannot be loaded: the loader returned another image", file);
    } else if (!find_entry(image, opened)) {
        err = molt__fail(world, MOLT_ERR_IMAGE, "%s: does not export molt_module_%s", file, image->note.name);
    }
    if (err) dlclose(opened->handle);
    return err;
}
