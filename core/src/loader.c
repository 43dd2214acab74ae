#include "loader.h"

#include "error.h"
#include "later.h"
#include "memory.h"
#include "module.h"
#include "search.h"
#include "world_state.h"

int molt__loader_ready(molt_world *world)
{
    if (world->loader) return MOLT_OK;
    molt__loader *loader = molt__allocate(world, sizeof *loader);
    if (!loader) return MOLT_ERR_MEMORY;
    loader->path = molt__search_default(world);
    if (!loader->path) {
        molt__free(world, loader, sizeof *loader);
        return MOLT_ERR_MEMORY;
    }
    /* Where there is no memory for it, calls of old code are not caught: no reason to fail. */
    if (world->config.development) loader->stale = molt__allocate(world, sizeof *loader->stale);
    if (loader->stale) molt__stale_watch(loader->stale);
    world->loader = loader;
    return MOLT_OK;
}

int molt__loader_begin(molt_world *world, const char *name)
{
    if (world->loader && world->loader->busy) {
        return molt__fail(world, MOLT_ERR_STATE, "'%s' cannot be loaded, reloaded or unloaded while a module is", name);
    }
    molt__reasons_free(world, &world->refusal);
    return MOLT_OK;
}

void molt__loader_free(molt_world *world)
{
    molt__loader *loader = world->loader;
    if (!loader) return;
    molt__loader_clear(world);
    if (loader->stale) {
        molt__stale_end(loader->stale);
        molt__free(world, loader->stale, sizeof *loader->stale);
    }
    molt__later_free(world);
    molt__stage_free(world, &loader->stage);
    molt__free_text(world, loader->path);
    molt__free(world, loader, sizeof *loader);
    world->loader = NULL;
}

molt__generation *molt__loader_generation(const molt_world *world, const void *address)
{
    molt__generation *generation = world->loader ? world->loader->generations : NULL;
    while (generation && !molt__span_holds(generation->span, (uintptr_t)address)) generation = generation->next;
    return generation;
}

void molt_module_keep(molt_module *module)
{
    module->kept = true;
    if (module->generation) module->generation->kept = true;
}

size_t molt_module_images(const molt_world *world)
{
    return world->loader ? world->loader->images : 0;
}

bool molt_module_image_at(const molt_world *world, size_t position, molt_image_info *info)
{
    const molt__generation *generation = world->loader ? world->loader->generations : NULL;
    while (generation && position--) generation = generation->next;
    if (generation) {
        const char *reason = generation->reason[0] ? generation->reason : generation->stays;
        *info = (molt_image_info){ generation->name, generation->number, generation->fate, reason };
    }
    return generation != NULL;
}

size_t molt_module_reserved(const molt_world *world)
{
    return world->loader && world->loader->stale ? molt__stale_count(world->loader->stale) : 0;
}

const char *molt_image_fate_name(molt_image_fate fate)
{
    static const char *const names[] = {
        [MOLT_IMAGE_NONE] = "none", [MOLT_IMAGE_RETIRED] = "retired", [MOLT_IMAGE_UNLOADED] = "unloaded",
        [MOLT_IMAGE_PINNED] = "pinned", [MOLT_IMAGE_QUARANTINED] = "quarantined",
    };
    return (size_t)fate < sizeof names / sizeof *names ? names[fate] : "unknown";
}
