#include "loader.h"

#include "error.h"
#include "memory.h"
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

void molt__loader_retire(molt_world *world, molt__generation *generation)
{
    generation->next = world->loader->retired;
    world->loader->retired = generation;
}

void molt__loader_close(molt_world *world, molt__generation *generation)
{
    if (molt__generation_close(world, generation)) return;
    generation->next = world->loader->pinned;
    world->loader->pinned = generation;
    molt_log(world, MOLT_LOG_WARNING, "%s stays mapped: the dynamic loader does not let go of it", generation->copy);
}

/* Has each worker been quiescent since it was retired? */
static bool left_by_workers(molt_world *world, molt__generation *generation)
{
    if (!generation->marked) generation->mark = molt__threads_mark(world);
    generation->marked = true;
    return molt__threads_passed(world, generation->mark);
}

void molt__loader_tick(molt_world *world)
{
    molt__generation *generation = world->loader->retired;
    world->loader->retired = NULL;
    while (generation) {
        molt__generation *next = generation->next;
        if (left_by_workers(world, generation)) molt__loader_close(world, generation);
        else molt__loader_retire(world, generation);
        generation = next;
    }
}

void molt__loader_free(molt_world *world)
{
    molt__loader *loader = world->loader;
    if (!loader) return;
    molt__loader_tick(world);
    while (loader->pinned) {
        molt__generation *next = loader->pinned->next;
        molt__generation_discard(world, loader->pinned);
        loader->pinned = next;
    }
    molt__stage_free(world, &loader->stage);
    molt__free_text(world, loader->path);
    molt__free(world, loader, sizeof *loader);
    world->loader = NULL;
}
