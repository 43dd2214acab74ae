#include "pending.h"

#include "memory.h"
#include "object.h"
#include "world_state.h"

int molt__pending_add(molt_world *world, molt__pending_kind kind, const molt_object *object)
{
    int err = molt__reserve(world, (void **)&world->waiting, &world->waiting_capacity, world->waiting_count + 1,
                            sizeof *world->waiting);
    if (err) return err;
    world->waiting[world->waiting_count++] = (molt__pending){ kind, molt_object_ref(object) };
    world->border->pending = 1;
    return MOLT_OK;
}

static void perform(molt_world *world, molt__pending item)
{
    molt_object *object = molt_ref_object(world, item.object);
    if (!object) return;
    switch (item.kind) {
    case MOLT__PENDING_PIN:
        if (object->retains && world->bridge) world->bridge->pin(world->bridge_user, object);
        break;
    case MOLT__PENDING_UNPIN:
        if (!object->retains && world->bridge) world->bridge->unpin(world->bridge_user, object);
        break;
    case MOLT__PENDING_DESTROY:
        if (molt_object_destroy(object)) molt__set_pending(world, molt_last_code(world), molt_last_error(world));
        break;
    }
}

void molt__pending_drain(molt_world *world)
{
    /* What is done may ask for more: go by index, to the end. */
    for (size_t i = 0; i < world->waiting_count; i++) perform(world, world->waiting[i]);
    world->waiting_count = 0;
    if (!molt_error_pending(world)) world->border->pending = 0;
}

void molt__pending_free(molt_world *world)
{
    molt__free(world, world->waiting, world->waiting_capacity * sizeof *world->waiting);
    world->waiting = NULL;
}
