#include "limbo.h"

#include "memory.h"
#include "object.h"
#include "text.h"
#include "world_state.h"

#include <string.h>

int molt__limbo_promise(molt_world *world)
{
    molt__limbo *limbo = &world->limbo;
    int err = molt__reserve(world, (void **)&limbo->item, &limbo->capacity,
                            limbo->count + limbo->promised + 1, sizeof *limbo->item);
    if (!err) limbo->promised++;
    return err;
}

void molt__limbo_forget(molt_world *world)
{
    world->limbo.promised--;
}

bool molt__limbo_needed(const molt_world *world)
{
    return world->border->depth != 0 || world->border->exposed || MOLT__LOAD(&world->threads.count);
}

static void put(molt_world *world, molt__limbo_item item, bool wait)
{
    molt__limbo *limbo = &world->limbo;
    limbo->promised--;
    if (wait) limbo->item[limbo->count++] = item;
    else molt__small_free(world, item.memory, item.size);
}

void molt__limbo_put(molt_world *world, void *memory, size_t size)
{
    put(world, (molt__limbo_item){ memory, size }, molt__limbo_needed(world));
}

void molt__limbo_put_shared(molt_world *world, void *memory, size_t size)
{
    put(world, (molt__limbo_item){ memory, size }, MOLT__LOAD(&world->threads.count) != 0);
}

static void link_or_free(molt_world *world, molt__waiting *waiting, size_t size, bool wait)
{
    if (!wait) {
        molt__free(world, waiting, size);
        return;
    }
    waiting->size = size;
    waiting->next = world->limbo.linked;
    world->limbo.linked = waiting;
}

void molt__limbo_link(molt_world *world, molt__waiting *waiting, size_t size)
{
    link_or_free(world, waiting, size, MOLT__LOAD(&world->threads.count) != 0);
}

void molt__limbo_keep(molt_world *world, molt__waiting *waiting, size_t size)
{
    link_or_free(world, waiting, size, molt__limbo_needed(world));
}

/* A body that a change of layout touched may lie in another pool than its shape says. */
static void free_body(molt_world *world, molt_object *body)
{
    bool moved = body->flags & (MOLT__MOVED | MOLT__BODY);
    molt__cell_free(moved ? molt__body_pool(world, body) : body->shape->layout->pool, body);
}

/* Its slot is 0 by now: a worker that meets the link sees that, too. */
void molt__limbo_body(molt_world *world, molt_object *body)
{
    if (!molt__limbo_needed(world)) {
        free_body(world, body);
        return;
    }
    MOLT__STORE(&body->attached, (void **)world->limbo.bodies);
    world->limbo.bodies = body;
}

static bool is_empty(const molt_world *world)
{
    const molt__limbo *limbo = &world->limbo;
    return !limbo->count && !limbo->bodies && !limbo->linked && !world->past_texts;
}

/* All that waits by now leaves; what comes after it waits for the next time. */
static void leave(molt_world *world)
{
    molt__limbo *limbo = &world->limbo;
    limbo->leaving.waits = true;
    limbo->leaving.count = limbo->count;
    limbo->leaving.bodies = limbo->bodies;
    limbo->leaving.linked = limbo->linked;
    limbo->bodies = NULL;
    limbo->linked = NULL;
    molt__texts_leave(world);
}

static void free_items(molt_world *world)
{
    molt__limbo *limbo = &world->limbo;
    size_t count = limbo->leaving.count;
    for (size_t i = 0; i < count; i++) molt__small_free(world, limbo->item[i].memory, limbo->item[i].size);
    limbo->count -= count;
    if (limbo->count) memmove(limbo->item, limbo->item + count, limbo->count * sizeof *limbo->item);
}

static void free_leaving(molt_world *world)
{
    molt__limbo *limbo = &world->limbo;
    free_items(world);
    molt__texts_flush(world);
    while (limbo->leaving.bodies) {
        molt_object *body = limbo->leaving.bodies;
        limbo->leaving.bodies = (molt_object *)(void *)body->attached;
        free_body(world, body);
    }
    while (limbo->leaving.linked) {
        molt__waiting *waiting = limbo->leaving.linked;
        limbo->leaving.linked = waiting->next;
        molt__free(world, waiting, waiting->size);
    }
    limbo->leaving.waits = false;
}

void molt__limbo_flush(molt_world *world)
{
    molt__limbo *limbo = &world->limbo;
    if (limbo->leaving.waits) {
        if (!molt__threads_passed(world, limbo->leaving.mark)) return;
        free_leaving(world);
    }
    if (is_empty(world)) return;
    leave(world);
    limbo->leaving.mark = molt__threads_mark(world);
    if (molt__threads_passed(world, limbo->leaving.mark)) free_leaving(world);
}

void molt__limbo_free(molt_world *world)
{
    molt__free(world, world->limbo.item, world->limbo.capacity * sizeof *world->limbo.item);
    world->limbo = (molt__limbo){ 0 };
}
