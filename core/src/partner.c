#include "partner.h"

#include "object.h"
#include "world_state.h"

void molt__world_join(molt_world *world, const molt__bridge *bridge, void *user)
{
    world->bridge = bridge;
    world->bridge_user = user;
    world->joined = true;
}

void molt__world_part(molt_world *world)
{
    world->bridge->closing(world->bridge_user);
    world->bridge = NULL;
    world->change_count = 0;
    molt_border *border = &world->border;
    for (int32_t slot = border->top; slot >= 1; slot--) {
        molt_object *object = border->objects[slot];
        if (object && !(object->flags & MOLT__HOST) && !object->retains) molt__object_end(object);
    }
}

void molt__world_free_shell(molt_world *world)
{
    if (!world) return;
    world->joined = false;
    if (!world->closed) return;          /* open still: its own closing frees it */
    molt_config config = world->config;
    config.free(config.user, world, sizeof *world);
}

void molt__entry_fill(molt_entry *entry, molt_world *world)
{
    *entry = (molt_entry){
        .world = world,
        .border = &world->border,
        .create = molt__object_create,
        .id = molt_object_id,
        .tick = molt_world_tick,
    };
}
