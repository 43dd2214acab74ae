/*
 * relayout.h: a class gains or loses a trait, its live instances included.
 */
#ifndef MOLT_SRC_RELAYOUT_H
#define MOLT_SRC_RELAYOUT_H

#include <molt/trait.h>

/* A trait that the class gains, under other names if it has them; or what fills one
 * that it has, or gains, by an implementation. */
struct molt__attached;

/* Adds the traits that the class lacks, and fills by the implementations, for the
 * class, its extensions and every live instance; or nothing at all. Each trait is
 * there once. While a native method is on the stack it waits, see
 * molt__relayout_deferred. */
int molt__relayout_add(molt_class *cls, const struct molt__attached *pieces, size_t count);

/* Takes some of the class's own traits away, all at once. */
int molt__relayout_remove(molt_class *cls, const struct molt__attached *pieces, size_t count);

/* Bodies must not change under native methods on the stack. */
bool molt__relayout_must_wait(const molt_class *cls);

/* Would that succeed? Everything is prepared and given back. */
int molt__relayout_may_remove(molt_class *cls, const struct molt__attached *pieces, size_t count);

/* Changes that were asked for while a native method was on the stack: done now
 * that none is. One that fails becomes the pending error. */
void molt__relayout_deferred(molt_world *world);

/* Lets something of the Lua side's wait with them; the reference is the list's then. */
int molt__relayout_defer(molt_world *world, intptr_t foreign);

typedef struct molt__relayout {      /* one that waits */
    molt_class *cls;
    struct molt__attached *pieces;   /* its own copy */
    size_t count;
    bool add;
    intptr_t foreign;                /* not 0: a Lua function's reference, and nothing of the above */
} molt__relayout;

void molt__relayout_free(molt_world *world);

#endif
