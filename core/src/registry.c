/*
 * registry.c: the living, in order of creation.
 *
 *   bodies[1..top]:  b1  b2  NULL  b4  …       a hole where one has ended
 *
 * Holes are closed by molt__registry_move, which the Lua side drives after a
 * collection, since its table of tables moves along; a world without Lua closes
 * them at the tick. Never while an iteration is under way.
 */
#include "registry.h"

#include "error.h"

#include <sys/mman.h>

enum { SLOTS = 1 << 23 };

int molt__registry_open(molt_world *world)
{
    void *memory = mmap(NULL, SLOTS * sizeof(molt_object *), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return MOLT_ERR_MEMORY;
    world->border->bodies = memory;
    world->registry_capacity = SLOTS;
    return MOLT_OK;
}

int molt__registry_add(molt_object *object)
{
    molt_world *world = object->shape->world;
    molt_border *border = world->border;
    if ((size_t)border->top + 1 >= world->registry_capacity) {
        return molt__fail(world, MOLT_ERR_MEMORY, "the world is full: it has room for %zu objects at a time",
                          world->registry_capacity - 1);
    }
    border->bodies[++border->top] = object;
    MOLT__STORE(&object->slot, border->top);
    border->live++;
    return MOLT_OK;
}

void molt__registry_remove(molt_object *object)
{
    molt_border *border = object->shape->world->border;
    /* The last slot becomes a hole like any other: `top` is the sweep's to lower,
     * which may be under way below it. */
    border->bodies[object->slot] = NULL;
    border->live--;
    MOLT__STORE(&object->slot, 0);
    if (object->peer != object) object->peer->slot = 0;
}

void molt__registry_move(molt_world *world, int32_t from, int32_t to)
{
    molt_border *border = world->border;
    molt_object *object = molt__registry_at(world, from);
    border->bodies[to] = object->peer;
    border->bodies[from] = NULL;
    MOLT__STORE(&object->slot, to);
    if (object->peer != object) object->peer->slot = to;
}

void molt__registry_compact(molt_world *world)
{
    molt_border *border = world->border;
    if (border->iterating || border->top < 2 * border->live + 64) return;
    int32_t to = 1;
    for (int32_t from = 1; from <= border->top; from++) {
        if (!border->bodies[from]) continue;
        if (from != to) molt__registry_move(world, from, to);
        to++;
    }
    border->top = to - 1;
}

void molt__registry_free(molt_world *world)
{
    if (world->border->bodies) munmap(world->border->bodies, world->registry_capacity * sizeof(molt_object *));
    world->border->bodies = NULL;
}
