#include "edit.h"

#include "check.h"
#include "error.h"
#include "memory.h"
#include "vtable.h"
#include "world_state.h"

static bool in_scope(const molt_shape *shape, molt__scope scope)
{
    if (scope.cls) return molt__class_extends(shape->cls, scope.cls);
    return molt__shape_part(shape, scope.trait->identity) != NULL;
}

int molt__edit_ready(molt_world *world, molt__scope scope, const char *name)
{
    size_t reached = 0;
    for (size_t i = 0; i < world->shapes.count; i++) {
        molt_shape *shape = world->shapes.item[i];
        if (!in_scope(shape, scope)) continue;
        int err = molt__check_name(shape, name);
        /* A shape that no object has forbids nothing: it is looked at again
         * before an object gets it. */
        if (err && shape->live == 0 && shape != shape->cls->shape) {
            shape->suspect = 1;
            err = MOLT_OK;
        }
        if (!err) err = molt__vtable_prepare(shape, name);
        if (err) return err;
        reached++;
    }
    return molt__reserve(world, (void **)&world->changes, &world->change_capacity, world->change_count + reached,
                         sizeof *world->changes);
}

void molt__edit_commit(molt_world *world, molt__scope scope, const char *name)
{
    for (size_t i = 0; i < world->shapes.count; i++) {
        molt_shape *shape = world->shapes.item[i];
        if (!in_scope(shape, scope)) continue;
        molt__vtable_refill(shape, name);
        if (world->bridge) world->changes[world->change_count++] = (molt__change){ shape, name };
    }
}

void molt__edit_publish(molt_world *world)
{
    if (world->bridge && world->change_count) world->bridge->changed(world->bridge_user);
}
