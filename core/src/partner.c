#include "partner.h"

#include "object.h"
#include "registry.h"
#include "world_state.h"

void molt__world_join(molt_world *world, const molt__bridge *bridge, void *user, molt_border *border)
{
    *border = world->own;
    world->border = border;
    MOLT__STORE(&world->bridge, bridge);
    world->bridge_user = user;
    world->joined = true;
}

static void end_unheld(molt_world *world)
{
    molt_border *border = world->border;
    for (int32_t slot = border->top; slot >= 1; slot--) {
        molt_object *object = molt__registry_at(world, slot);
        if (object && !(object->flags & MOLT__HOST) && !object->retains) molt__object_end(object);
    }
}

void molt__world_part(molt_world *world)
{
    molt_border *border = world->border;
    world->bridge->closing(world->bridge_user);
    MOLT__STORE(&world->bridge, NULL);
    world->change_count = 0;
    end_unheld(world);
    world->own = *border;
    world->border = &world->own;
    *border = (molt_border){ .collected = -1, .tick = border->tick };
}

void molt__entry_fill(molt_entry *entry, molt_world *world)
{
    *entry = (molt_entry){
        .border = world->border,
        .create = molt__object_create,
        .id = molt_object_id,
    };
}
