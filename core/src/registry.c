/*
 * registry.c: the living, in order of creation.
 *
 *   objects[1..top]:  o1  o2  NULL  o4  …      a hole where one has ended
 *
 * Holes are closed by molt__registry_move, which the Lua side drives after a
 * collection, since its table of tables moves along; a world without Lua closes
 * them at the tick. Never while an iteration is under way.
 */
#include "registry.h"

#include "error.h"
#include "memory.h"
#include "object.h"
#include "world_state.h"

int molt__registry_add(molt_object *object)
{
    molt_world *world = object->shape->world;
    molt_border *border = world->border;
    size_t needed = (size_t)border->top + 2;
    if (needed > world->registry_capacity) {
        int err = molt__reserve(world, (void **)&border->objects, &world->registry_capacity, needed,
                                sizeof *border->objects);
        if (err) return err;
    }
    border->objects[++border->top] = object;
    MOLT__STORE(&object->slot, border->top);
    border->live++;
    return MOLT_OK;
}

void molt__registry_remove(molt_object *object)
{
    molt_border *border = object->shape->world->border;
    /* The last slot becomes a hole like any other: `top` is the sweep's to lower,
     * which may be under way below it. */
    border->objects[object->slot] = NULL;
    border->live--;
    MOLT__STORE(&object->slot, 0);
    if (object->peer != object) object->peer->slot = 0;
}

void molt__registry_move(molt_world *world, int32_t from, int32_t to)
{
    molt_border *border = world->border;
    molt_object *object = border->objects[from];
    border->objects[to] = object;
    border->objects[from] = NULL;
    MOLT__STORE(&object->slot, to);
    if (object->peer != object) object->peer->slot = to;
}

void molt__registry_compact(molt_world *world)
{
    molt_border *border = world->border;
    if (border->iterating || border->top < 2 * border->live + 64) return;
    int32_t to = 1;
    for (int32_t from = 1; from <= border->top; from++) {
        if (!border->objects[from]) continue;
        if (from != to) molt__registry_move(world, from, to);
        to++;
    }
    border->top = to - 1;
}

void molt_object_each(molt_world *world, const molt_class *cls, const molt_trait *trait, molt_object_visitor visitor,
                      void *user)
{
    if (molt__threads_check(world, __func__)) {
        molt_log(world, MOLT_LOG_ERROR, "%s", molt_last_error(world));
        return;
    }
    molt_border *border = world->border;
    int32_t last = border->top;
    border->iterating++;
    for (int32_t slot = 1; slot <= last && slot <= border->top; slot++) {
        molt_object *object = border->objects[slot];
        if (!object) continue;
        if (cls && !molt__class_extends(object->shape->cls, cls)) continue;
        if (trait && !molt_object_is(object, trait)) continue;
        if (!visitor(object, user)) break;
    }
    border->iterating--;
}

void molt__registry_free(molt_world *world)
{
    molt__free(world, world->border->objects, world->registry_capacity * sizeof *world->border->objects);
    world->border->objects = NULL;
}
