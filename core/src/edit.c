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

size_t molt__edit_most(const molt_world *world)
{
    return world->shapes.count * (world->widest_selection + 1);
}

/* The trait's names in a shape for what it calls `own`. */
static const molt__selection *names_in(const molt_shape *shape, molt__scope scope)
{
    const molt__part *part = scope.trait ? molt__shape_part(shape, scope.trait->identity) : NULL;
    return part ? part->names : NULL;
}

static int shape_ready(molt_shape *shape, const char *name)
{
    int err = molt__check_name(shape, name);
    /* A shape that no object has forbids nothing: it is looked at again
     * before an object gets it. */
    if (err && shape->live == 0 && shape != shape->cls->shape) {
        shape->suspect = 1;
        err = MOLT_OK;
    }
    return err ? err : molt__vtable_prepare(shape, name);
}

int molt__edit_ready(molt_world *world, molt__scope scope, const char *own)
{
    for (size_t i = 0; i < world->shapes.count; i++) {
        molt_shape *shape = world->shapes.item[i];
        if (!in_scope(shape, scope)) continue;
        size_t at = 0;
        for (const char *name; (name = molt__select_name(names_in(shape, scope), own, &at));) {
            int err = shape_ready(shape, name);
            if (err) return err;
        }
    }
    return molt__reserve(world, (void **)&world->changes, &world->change_capacity,
                         world->change_count + molt__edit_most(world), sizeof *world->changes);
}

void molt__edit_commit(molt_world *world, molt__scope scope, const char *own)
{
    for (size_t i = 0; i < world->shapes.count; i++) {
        molt_shape *shape = world->shapes.item[i];
        if (!in_scope(shape, scope)) continue;
        size_t at = 0;
        for (const char *name; (name = molt__select_name(names_in(shape, scope), own, &at));) {
            molt__vtable_refill(shape, name);
            if (world->bridge) world->changes[world->change_count++] = (molt__change){ shape, name };
        }
    }
}

void molt__edit_publish(molt_world *world)
{
    if (world->bridge && world->change_count) world->bridge->changed(world->bridge_user);
}
