/* registry.h: the living, in order of creation. */
#ifndef MOLT_SRC_REGISTRY_H
#define MOLT_SRC_REGISTRY_H

#include <molt/object.h>

int molt__registry_add(molt_object *object);
void molt__registry_remove(molt_object *object);

/* Moves an object to a free slot. */
void molt__registry_move(molt_world *world, int32_t from, int32_t to);

/* Closes the holes when they are more than the living, in a world without Lua. */
void molt__registry_compact(molt_world *world);
void molt__registry_free(molt_world *world);

#endif
