#include "limbo.h"

#include "memory.h"
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

static void dispose(molt_world *world, molt__limbo_item item)
{
    if (item.size) {
        molt__small_free(world, item.memory, item.size);
        return;
    }
    molt_object *body = item.memory;
    molt__cell_free(molt__body_pool(world, body), body);
}

void molt__limbo_put(molt_world *world, void *memory, size_t size)
{
    molt__limbo *limbo = &world->limbo;
    limbo->promised--;
    molt__limbo_item item = { memory, size };
    if (world->border->depth == 0 && !world->border->exposed) {
        dispose(world, item);
        return;
    }
    limbo->item[limbo->count++] = item;
}

void molt__limbo_flush(molt_world *world)
{
    molt__limbo *limbo = &world->limbo;
    for (size_t i = 0; i < limbo->count; i++) dispose(world, limbo->item[i]);
    limbo->count = 0;
}

void molt__limbo_free(molt_world *world)
{
    molt__free(world, world->limbo.item, world->limbo.capacity * sizeof *world->limbo.item);
    world->limbo = (molt__limbo){ 0 };
}
