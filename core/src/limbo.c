#include "limbo.h"

#include "memory.h"
#include "object.h"
#include "text.h"
#include "world_state.h"

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
    return world->border->depth != 0 || world->border->exposed;
}

void molt__limbo_put(molt_world *world, void *memory, size_t size)
{
    molt__limbo *limbo = &world->limbo;
    limbo->promised--;
    molt__limbo_item item = { memory, size };
    if (molt__limbo_needed(world)) limbo->item[limbo->count++] = item;
    else molt__small_free(world, item.memory, item.size);
}

/* A body that a change of layout touched may lie in another pool than its shape says. */
static void free_body(molt_world *world, molt_object *body)
{
    bool moved = body->flags & (MOLT__MOVED | MOLT__BODY);
    molt__cell_free(moved ? molt__body_pool(world, body) : body->shape->layout->pool, body);
}

void molt__limbo_body(molt_world *world, molt_object *body)
{
    if (!molt__limbo_needed(world)) {
        free_body(world, body);
        return;
    }
    body->attached = (void **)world->limbo.bodies;
    world->limbo.bodies = body;
}

void molt__limbo_flush(molt_world *world)
{
    molt__limbo *limbo = &world->limbo;
    for (size_t i = 0; i < limbo->count; i++) molt__small_free(world, limbo->item[i].memory, limbo->item[i].size);
    limbo->count = 0;
    molt__texts_flush(world);
    while (limbo->bodies) {
        molt_object *body = limbo->bodies;
        limbo->bodies = (molt_object *)(void *)body->attached;
        free_body(world, body);
    }
}

void molt__limbo_free(molt_world *world)
{
    molt__free(world, world->limbo.item, world->limbo.capacity * sizeof *world->limbo.item);
    world->limbo = (molt__limbo){ 0 };
}
