#include <molt/world.h>

#include "select.h"
#include "class.h"
#include "edit.h"
#include "impl.h"
#include "loader.h"
#include "memory.h"
#include "module.h"
#include "object.h"
#include "partner.h"
#include "persist.h"
#include "record.h"
#include "registry.h"
#include "roster.h"
#include "text.h"
#include "trait.h"
#include "world_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *default_allocate(void *user, size_t size, size_t align)
{
    (void)user;
    if (align <= _Alignof(max_align_t)) return malloc(size);
    void *memory = NULL;
    return posix_memalign(&memory, align, size) == 0 ? memory : NULL;
}

static void default_free(void *user, void *memory, size_t size)
{
    (void)user;
    (void)size;
    free(memory);
}

static void default_log(void *user, molt_log_level level, const char *text)
{
    (void)user;
    if (level <= MOLT_LOG_WARNING) fprintf(stderr, "molt: %s\n", text);
}

static void default_assertion(void *user, const char *condition, const char *file, int line)
{
    (void)user;
    fprintf(stderr, "molt: %s:%d: broken invariant: %s\n", file, line, condition);
    abort();
}

static double default_clock(void *user)
{
    (void)user;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

#ifndef MOLT_DEVELOPMENT
#define MOLT_DEVELOPMENT 1
#endif

static bool default_development(void)
{
    const char *given = getenv("MOLT_DEVELOPMENT");
    return given && given[0] ? strcmp(given, "0") != 0 : MOLT_DEVELOPMENT;
}

molt_config molt_config_default(void)
{
    return (molt_config){
        .size = sizeof(molt_config),
        .allocate = default_allocate,
        .free = default_free,
        .log = default_log,
        .assertion = default_assertion,
        .clock = default_clock,
        .thread_limit = 1,
        .development = default_development(),
    };
}

molt_world *molt_world_open(const molt_config *given)
{
    molt_config config = given ? *given : molt_config_default();
    if (config.size != sizeof config) return NULL;
    if (config.threads && config.threads->size != sizeof *config.threads) return NULL;
    molt_world *world = config.allocate(config.user, sizeof *world, _Alignof(molt_world));
    if (!world) return NULL;
    memset(world, 0, sizeof *world);
    world->config = config;
    world->border = &world->own;
    world->owner = pthread_self();
    world->border->exposed = 1;
    if (molt__threads_open(world) == MOLT_OK) {
        if (molt__registry_open(world) == MOLT_OK) return world;
        molt__threads_free(world);
    }
    config.free(config.user, world, sizeof *world);
    return NULL;
}

static void end_objects(molt_world *world)
{
    molt_border *border = world->border;
    for (int32_t slot = border->top; slot >= 1; slot--) {
        molt_object *object = molt__registry_at(world, slot);
        if (object) molt__object_end(object);
    }
    molt__limbo_flush(world);
}

static void free_list(molt_world *world, molt__list *list)
{
    molt__free(world, list->item, list->capacity * sizeof(void *));
}

static void free_declarations(molt_world *world)
{
    for (size_t i = 0; i < world->shapes.count; i++) molt__shape_free(world->shapes.item[i]);
    for (size_t i = 0; i < world->classes.count; i++) molt__class_free(world->classes.item[i]);
    for (size_t i = 0; i < world->layouts.count; i++) molt__layout_free(world, world->layouts.item[i]);
    molt__selections_free(world);
    for (size_t i = 0; i < world->impls.count; i++) molt__impl_free(world->impls.item[i]);
    for (size_t i = 0; i < world->traits.count; i++) molt__trait_free(world->traits.item[i]);
    for (size_t i = 0; i < world->retired.count; i++) molt__trait_free(world->retired.item[i]);
    free_list(world, &world->retired);
    free_list(world, &world->shapes);
    free_list(world, &world->classes);
    free_list(world, &world->layouts);
    free_list(world, &world->impls);
    free_list(world, &world->traits);
    free_list(world, &world->methods);
}

int molt_world_close(molt_world *world)
{
    if (!world) return MOLT_OK;
    int err = molt__threads_check(world, "molt_world_close");
    if (!err && MOLT__LOAD(&world->threads.count)) molt__loader_dismiss(world);
    if (!err) err = molt__threads_close(world);
    if (err) return err;
    world->closing = true;
    world->left_behind = false;
    world->border->leaf = world->border->depth = 0;
    if (world->bridge) molt__world_part(world);
    end_objects(world);
    molt__rosters_free(world);
    molt__modules_free(world);
    molt__states_free(world);
    free_declarations(world);
    molt__records_free(world);
    molt__texts_free(world);
    molt__registry_free(world);
    molt__pending_free(world);
    molt__relayout_free(world);
    molt__limbo_free(world);
    molt__slabs_free(world);
    molt__reasons_free(world, &world->refusal);
    molt__names_free(world);
    molt__free(world, world->changes, world->change_capacity * sizeof *world->changes);
    molt_config config = world->config;
    molt__threads_free(world);
    config.free(config.user, world, sizeof *world);
    return MOLT_OK;
}

int molt_world_tick(molt_world *world)
{
    molt_border *border = world->border;
    int err = molt__threads_check(world, "molt_world_tick");
    if (err) return err;
    if (border->depth || border->leaf) {
        return molt__fail(world, MOLT_ERR_STATE, "tick inside a call: a native method is still on the stack");
    }
    border->tick++;
    molt__world_changed(world);
    molt__threads_tick(world);
    molt__relayout_deferred(world);
    world->left_behind = false;
    molt__limbo_flush(world);
    molt__modules_tick(world);
    if (!world->bridge) molt__registry_compact(world);
    else if (border->top > 2 * border->live + 64) border->collected = 1;
    return MOLT_OK;
}

size_t molt_world_live(const molt_world *world)
{
    return (size_t)world->border->live;
}
