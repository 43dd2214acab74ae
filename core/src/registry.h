/* registry.h: the living, in order of creation. */
#ifndef MOLT_SRC_REGISTRY_H
#define MOLT_SRC_REGISTRY_H

#include "object.h"
#include "world_state.h"

/* Reserves addresses, 64 MB of them, for as many slots as there can ever be, since
 * compiled code has the first one's as a constant. Memory comes with use. */
int molt__registry_open(molt_world *world);

int molt__registry_add(molt_object *object);
void molt__registry_remove(molt_object *object);

/* Moves an object to a free slot. */
void molt__registry_move(molt_world *world, int32_t from, int32_t to);

/* Closes the holes when they are more than the living, in a world without Lua. */
void molt__registry_compact(molt_world *world);
void molt__registry_free(molt_world *world);

/* The object in a slot, or NULL. */
static inline molt_object *molt__registry_at(const molt_world *world, int32_t slot)
{
    molt_object *body = world->border->bodies[slot];
    return body ? molt__object_record(body) : NULL;
}

#endif
