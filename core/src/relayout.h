/*
 * relayout.h: a class gains or loses a trait, its live instances included.
 *
 *   record ┌──────────────┐ peer     new body ┌──────────────┐
 *          │ molt_object  │ ───────────────▶  │ molt_object  │ ─┐ peer
 *          │ old blocks   │  ◀─────────────────────────────────┘
 *          └──────────────┘                   │ new blocks   │
 *                                             └──────────────┘
 *
 * The record stays where it is, and with it every molt_object *; the blocks get a
 * new body, and old handles stay good (though they reach nobody's fields) until
 * the tick. Everything that can fail happens before the first object is touched.
 */
#ifndef MOLT_SRC_RELAYOUT_H
#define MOLT_SRC_RELAYOUT_H

#include <molt/trait.h>

/* Adds a trait that the class lacks, and where `impl` is not NULL a fill by it,
 * for the class, its extensions and every live instance; or nothing at all.
 * While a native method is on the stack it waits, see molt__relayout_deferred. */
int molt__relayout_add(molt_class *cls, molt_trait *trait, molt_impl *impl);

/* Takes one of the class's own traits away. */
int molt__relayout_remove(molt_class *cls, molt_trait *trait);

/* Would that succeed? Everything is prepared and given back. */
int molt__relayout_may_remove(molt_class *cls, molt_trait *trait);

/* Changes that were asked for while a native method was on the stack: done now
 * that none is. One that fails becomes the pending error. */
void molt__relayout_deferred(molt_world *world);

typedef struct molt__relayout {      /* one that waits */
    molt_class *cls;
    molt_trait *trait;
    molt_impl *impl;
    bool add;
} molt__relayout;

#endif
