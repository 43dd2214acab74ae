/*
 * retire.c: the way of an old image out of the process.
 *
 *                    a quiescent point
 *   serving ─▶ retired ─────┬──▶ dlclose, then look ─┬─▶ unloaded, copy removed
 *                  ▲        │                        └─▶ pinned: the loader, or the
 *                  │        ▼                            program, keeps it
 *                  └── quarantined: something of ours still
 *                      leads into it, or its hook says no
 *
 * A point is quiescent when no frame of a module is on any stack. The host says so
 * by a tick. Where only Lua can enter native code, the border's depth says it too.
 */
#include "loader.h"

#include "error.h"
#include "holder.h"
#include "leave.h"
#include "tasks.h"
#include "threads.h"
#include "world_state.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static bool quiescent(const molt_world *world)
{
    const molt_border *border = world->border;
    return !border->depth && !border->leaf && !border->exposed && !world->loader->leaving;
}

/* It stays; generation->reason says why. */
static molt_image_fate stay(molt_world *world, molt__generation *generation, molt_image_fate fate)
{
    molt__loader *loader = world->loader;
    /* The same as at the last attempt is no news, nor that it waits for workers. */
    bool news = generation->fate != fate && fate != MOLT_IMAGE_RETIRED;
    if (fate != MOLT_IMAGE_PINNED) loader->waiting++;
    if (fate == MOLT_IMAGE_PINNED && !generation->for_good) loader->hopeful++;
    generation->fate = fate;
    if (news && !generation->kept) {
        molt_log(world, MOLT_LOG_WARNING, "%s g%u stays mapped: %s", generation->name, generation->number,
                 generation->reason);
    }
    return fate;
}

static molt_image_fate unmap(molt_world *world, molt__generation *generation)
{
    char *reason = generation->reason;
    if (molt__generation_close(world, generation)) return MOLT_IMAGE_UNLOADED;
    generation->for_good = molt__pins_explain(generation->copy, generation->span, reason, sizeof generation->reason);
    return stay(world, generation, MOLT_IMAGE_PINNED);
}

/* That they take a moment is nothing to speak of. */
static molt_image_fate await_threads(molt_world *world, molt__generation *generation)
{
    char names[sizeof generation->reason - 64];
    molt__threads_busy(world, names, sizeof names);
    snprintf(generation->reason, sizeof generation->reason, "no quiescent point since then of thread%s %s",
             strchr(names, ',') ? "s" : "", names);
    double waited = world->config.clock(world->config.user) - generation->since;
    return stay(world, generation, waited < world->threads.limit ? MOLT_IMAGE_RETIRED : MOLT_IMAGE_QUARANTINED);
}

/* Of an image that nothing enters any more. Frees the generation where it goes. */
static molt_image_fate attempt(molt_world *world, molt__generation *generation)
{
    char *reason = generation->reason;
    size_t size = sizeof generation->reason;
    if (generation->kept) {
        snprintf(reason, size, "it was loaded to be kept");
        generation->for_good = true;
        return stay(world, generation, MOLT_IMAGE_PINNED);
    }
    if (!molt__threads_passed(world, generation->mark)) return await_threads(world, generation);
    reason[0] = '\0';
    if (molt__holder_find(world, generation->span, reason, size)) return stay(world, generation, MOLT_IMAGE_QUARANTINED);
    if (!molt__leave_run(world, generation)) return stay(world, generation, MOLT_IMAGE_QUARANTINED);
    if (molt__tasks_inside(world, generation->span, reason, size)) return stay(world, generation, MOLT_IMAGE_QUARANTINED);
    return unmap(world, generation);
}

/* Tries all that wait. */
static void sweep(molt_world *world)
{
    molt__loader *loader = world->loader;
    loader->leaving = true;
    for (molt__generation *generation = loader->generations, *next; generation; generation = next) {
        next = generation->next;
        if (generation->fate != MOLT_IMAGE_RETIRED && generation->fate != MOLT_IMAGE_QUARANTINED) continue;
        loader->waiting--;
        attempt(world, generation);
    }
    loader->leaving = false;
}

molt_image_fate molt__loader_retire(molt_world *world, molt__generation *generation)
{
    molt__loader *loader = world->loader;
    loader->reason[0] = '\0';
    generation->mark = molt__threads_mark(world);
    generation->since = world->config.clock(world->config.user);
    if (quiescent(world)) {
        if (loader->waiting) sweep(world);
        loader->leaving = true;
        molt_image_fate fate = attempt(world, generation);
        loader->leaving = false;
        if (fate != MOLT_IMAGE_UNLOADED) memcpy(loader->reason, generation->reason, sizeof loader->reason);
        return fate;
    }
    loader->waiting++;
    return generation->fate = MOLT_IMAGE_RETIRED;
}

molt_image_fate molt__loader_close(molt_world *world, molt__generation *generation)
{
    if (molt__leave_run(world, generation)) return unmap(world, generation);
    return stay(world, generation, MOLT_IMAGE_QUARANTINED);
}

/* Of those that are pinned by what may pass, the one after the one that was looked
 * at last: there may be many, and a tick is short. */
static molt__generation *next_hopeful(const molt__loader *loader)
{
    molt__generation *first = NULL;
    uint32_t at = 0;
    for (molt__generation *generation = loader->generations; generation; generation = generation->next) {
        if (generation->fate != MOLT_IMAGE_PINNED || generation->for_good) continue;
        if (at++ == loader->looked_at) return generation;
        if (!first) first = generation;
    }
    return first;
}

/* The loader looks at images that it kept only when something is closed. */
static void look_again(molt_world *world)
{
    molt__loader *loader = world->loader;
    molt__generation *generation = next_hopeful(loader);
    if (++loader->looked_at >= loader->hopeful) loader->looked_at = 0;
    if (!generation) return;
    char name[MOLT_NOTE_NAME];
    uint32_t number = generation->number;
    snprintf(name, sizeof name, "%s", generation->name);
    generation->handle = dlopen(generation->copy, RTLD_LAZY | RTLD_NOLOAD);
    if (!molt__generation_close(world, generation)) return;
    loader->hopeful--;
    molt_log(world, MOLT_LOG_INFO, "%s g%u is unloaded after all", name, number);
}

void molt__loader_tick(molt_world *world)
{
    molt__loader *loader = world->loader;
    if (loader->leaving) return;
    if (loader->waiting) sweep(world);
    if (loader->hopeful) look_again(world);
}

void molt__loader_dismiss(molt_world *world)
{
    molt__loader *loader = world->loader;
    if (!loader || loader->leaving) return;
    loader->leaving = true;
    for (molt__generation *generation = loader->generations; generation; generation = generation->next) {
        molt__leave_run(world, generation);
    }
    loader->leaving = false;
}

void molt__loader_clear(molt_world *world)
{
    molt__loader *loader = world->loader;
    loader->leaving = true;
    for (molt__generation *generation = loader->generations, *next; generation; generation = next) {
        next = generation->next;
        if (!generation->handle || generation->kept) continue;
        if (molt__leave_run(world, generation)) unmap(world, generation);
        else stay(world, generation, MOLT_IMAGE_QUARANTINED);
    }
    while (loader->generations) molt__generation_free(world, loader->generations);
}
