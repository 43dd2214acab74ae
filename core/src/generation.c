#define _GNU_SOURCE
#include "generation.h"

#include "error.h"
#include "loader.h"
#include "memory.h"
#include "world_state.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

/* The loader says "COPY: reason"; the user knows the module's own file. */
static int refuse_loader(molt_world *world, const char *file, const char *copy)
{
    const char *text = dlerror();
    size_t length = strlen(copy);
    if (!text) text = "the loader gives no reason";
    if (strncmp(text, copy, length) == 0 && strncmp(text + length, ": ", 2) == 0) text += length + 2;
    return molt__fail(world, MOLT_ERR_IMAGE, "%s: cannot be loaded: %s", file, text);
}

/* The loader knows files by name and by inode: where it thinks that it has one
 * already it returns that, and calls it a success. The copy's are new; this makes
 * sure, by the name and the build id in memory. */
static bool is_new(const molt__generation *generation, const molt__image *image)
{
    struct link_map *map;
    if (dlinfo(generation->handle, RTLD_DI_LINKMAP, &map) || strcmp(map->l_name, generation->copy) != 0) return false;
    const unsigned char *mapped = (const unsigned char *)(map->l_addr + image->proof_address);
    return memcmp(mapped, image->proof, image->proof_size) == 0;
}

/* The module's own entry function, not one that a library it links against has. */
static molt_module_entry *find_entry(const molt__generation *generation, const molt__image *image)
{
    char symbol[sizeof "molt_module_" + MOLT_NOTE_NAME];
    snprintf(symbol, sizeof symbol, "molt_module_%s", image->note.name);
    struct link_map *map;
    void *address = dlsym(generation->handle, symbol);
    if (!address || dlinfo(generation->handle, RTLD_DI_LINKMAP, &map)) return NULL;
    uint64_t place = (uint64_t)(uintptr_t)address - map->l_addr;
    molt_module_entry *entry;
    memcpy(&entry, &address, sizeof entry);
    return place >= image->low && place < image->high ? entry : NULL;
}

static int map_copy(molt_world *world, const char *file, molt__generation *generation, const molt__content *content,
                    const molt__image *image)
{
    int err = molt__stage_copy(world, &world->loader->stage, image->note.name, file, content->bytes, content->length,
                               &generation->copy);
    if (err) return err;
    generation->handle = dlopen(generation->copy, RTLD_NOW | RTLD_LOCAL);
    if (!generation->handle) {
        err = refuse_loader(world, file, generation->copy);
    } else if (!is_new(generation, image)) {
        dlclose(generation->handle);
        err = molt__fail(world, MOLT_ERR_IMAGE, "%s: cannot be loaded: the loader returned another image", file);
    }
    if (err) molt__stage_remove(world, generation->copy);
    return err;
}

int molt__info_check(molt_world *world, const char *file, const molt_module_info *info)
{
    if (!info) return molt__fail(world, MOLT_ERR_MODULE, "%s: the module says nothing of itself", file);
    if (info->size == sizeof *info && info->abi == MOLT_ABI) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_VERSION, "%s: built for ABI %u of molt/native.h, expected %u", file,
                      (unsigned)info->abi, MOLT_ABI);
}

static int shake_hands(molt_world *world, const char *file, molt__generation *generation, const molt__image *image)
{
    molt_module_entry *entry = find_entry(generation, image);
    if (!entry) {
        return molt__fail(world, MOLT_ERR_IMAGE, "%s: does not export molt_module_%s", file, image->note.name);
    }
    generation->info = entry();
    int err = molt__info_check(world, file, generation->info);
    if (err) return err;
    if (strcmp(generation->info->name, image->note.name) != 0) {
        return molt__fail(world, MOLT_ERR_IMAGE, "%s: its note names module '%s', its code '%s'", file,
                          image->note.name, generation->info->name);
    }
    return MOLT_OK;
}

molt__generation *molt__generation_open(molt_world *world, const char *file, const molt__content *content,
                                        const molt__image *image)
{
    molt__generation *generation = molt__allocate(world, sizeof *generation);
    if (!generation) return NULL;
    generation->hash = content->hash;
    generation->length = content->length;
    if (map_copy(world, file, generation, content, image)) {
        molt__free(world, generation, sizeof *generation);
        return NULL;
    }
    world->loader->images++;
    if (shake_hands(world, file, generation, image)) {
        molt__loader_close(world, generation);
        return NULL;
    }
    return generation;
}

static int has_name(struct dl_phdr_info *image, size_t size, void *name)
{
    (void)size;
    return strcmp(image->dlpi_name, name) == 0;
}

bool molt__generation_close(molt_world *world, molt__generation *generation)
{
    if (generation->handle) dlclose(generation->handle);
    generation->handle = NULL;
    if (dl_iterate_phdr(has_name, generation->copy)) return false;
    molt__generation_discard(world, generation);
    return true;
}

void molt__generation_discard(molt_world *world, molt__generation *generation)
{
    if (generation->handle) dlclose(generation->handle);
    molt__stage_remove(world, generation->copy);
    molt__free(world, generation, sizeof *generation);
    world->loader->images--;
}
