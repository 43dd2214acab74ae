/* vtable.h: slots of a trait in a shape, or in one patched object. See molt/abi.h for the picture. */
#ifndef MOLT_SRC_VTABLE_H
#define MOLT_SRC_VTABLE_H

#include "shape.h"

static inline molt_vtable *molt__vtable_head(void **vtable)
{
    return (molt_vtable *)(void *)vtable - 1;
}

static inline molt_definition *molt__vtable_filler(void **vtable, uint32_t slot)
{
    return vtable[molt__vtable_head(vtable)->slots + slot];
}

/* A shape's vtable, all slots NULL. */
void **molt__vtable_new(molt_world *world, molt_trait *trait, molt_shape *shape);
void molt__vtable_free(molt_world *world, void **vtable);
size_t molt__vtable_bytes(const molt_trait *trait);

/* Makes sure that storing any definition into slots of this name cannot fail:
 * the closures exist. */
int molt__vtable_prepare(molt_shape *shape, const char *name);

/* Stores what now wins into every slot of that name in the shape and in the
 * private vtables of its patched objects. Cannot fail after prepare. */
void molt__vtable_refill(molt_shape *shape, const char *name);

/* A definition ends: slots of shapes that a change of layout left behind hold it no
 * more. No edit reaches them, but C handles may until the tick; what they call then
 * has no implementation. */
void molt__vtables_let_go(molt_world *world, const molt_definition *definition);

/* Gives one object vtables of its own for the method: see molt_vtable.patched. */
int molt__vtable_patch(molt_object *object, const char *name);
void molt__vtable_unpatch(molt_object *object, const char *name);

/* Points one block of an object that moves to `to` at that shape's vtable; a
 * private vtable moves along. */
void molt__vtable_point(molt_object *object, molt_shape *to, const molt__part *part);

/* Gives a block that is not installed yet a private vtable of its own, in which the
 * methods of these bits are patched; and takes it back. */
int molt__vtable_private(molt_object *object, molt_shape *to, const molt__part *part, molt_block *block,
                         uint64_t patched);
void molt__vtable_unmake(molt_world *world, molt_block *block, const molt__part *part);

/* Ends the private vtable of a block that goes, if it has one. */
void molt__vtable_release(molt_object *object, const molt__part *part);

#endif
