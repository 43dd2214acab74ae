/* counters.c: what native modules hold, counted where it is. */
#include "module.h"

#include "error.h"
#include "loader.h"
#include "world_state.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *entries = opendir(folder);
    if (!entries) return 0;
    for (const struct dirent *entry; (entry = readdir(entries));) count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

/* Lines of the memory map that name a file in the folder. */
static size_t mappings_in(const char *folder)
{
    char line[4352];
    size_t count = 0, length = strlen(folder);
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps) return 0;
    while (fgets(line, sizeof line, maps)) {
        const char *path = strchr(line, '/');
        count += path && strncmp(path, folder, length) == 0 && path[length] == '/';
    }
    fclose(maps);
    return count;
}

static void count_images(const molt__loader *loader, molt_module_counts *out)
{
    out->images = loader->images;
    for (const molt__generation *at = loader->generations; at; at = at->next) {
        out->retired += at->fate == MOLT_IMAGE_RETIRED;
        out->quarantined += at->fate == MOLT_IMAGE_QUARANTINED;
        out->pinned += at->fate == MOLT_IMAGE_PINNED;
    }
}

int molt_module_counters(const molt_world *world, molt_module_counts *out)
{
    const molt__loader *loader = world->loader;
    if (out->size != sizeof *out) {
        return molt__fail((molt_world *)(uintptr_t)world, MOLT_ERR_ARGUMENT,
                          "the size of a molt_module_counts is %zu, found %zu", sizeof *out, out->size);
    }
    *out = (molt_module_counts){ .size = sizeof *out, .modules = world->modules.count };
    for (size_t i = 0; i < world->modules.count; i++) {
        const molt_module *module = world->modules.item[i];
        out->generations += !module->unloaded;
        out->kept_bytes += module->content.length + module->previous.length;
    }
    if (!loader) return MOLT_OK;
    count_images(loader, out);
    for (size_t i = 0; i < loader->stage.count; i++) {
        out->copies += files_in(loader->stage.place[i].folder);
        out->mappings += mappings_in(loader->stage.place[i].folder);
    }
    return MOLT_OK;
}
