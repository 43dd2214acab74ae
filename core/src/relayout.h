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

/* Changes that were asked for while a native method was on the stack: done now
 * that none is. One that fails becomes the pending error. */
void molt__relayout_deferred(molt_world *world);

/* The class's base, traits and fills are as they shall be (the trait stands where
 * its earlier version stood): everything else follows, or nothing does and the
 * caller puts them back. `judged`: see molt__migration. */
int molt__relayout_class(molt_class *cls, bool judged);
int molt__relayout_trait(molt_trait *from, molt_trait *to, bool judged);

/* One object goes over to another class, with the traits attached to it. */
int molt__relayout_object(molt_object *object, molt_class *cls, bool judged);

/* Bodies must not change under native methods on the stack. */
bool molt__relayout_must_wait(const molt_class *cls);

typedef struct molt__relayout {      /* one that waits */
    molt_class *cls;
    molt_trait *trait;
    molt_impl *impl;
    bool add;
} molt__relayout;

#endif
