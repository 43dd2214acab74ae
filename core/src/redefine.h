/*
 * redefine.h: a trait or a class is declared again, live instances included.
 *
 *   Vehicle ─▶ version 1 ── old shapes, bodies in limbo, C handles until the tick
 *           ─▶ version 2 ── classes, implementations, shapes of live objects
 *
 * A trait whose typed part changes gets another version: a molt_trait of its own
 * that takes the place of the earlier one in every list at once. What had the
 * earlier version keeps it, and with it a layout and methods that agree. When the
 * typed part stays, the trait stays, too, and only its contents are exchanged.
 */
#ifndef MOLT_SRC_REDEFINE_H
#define MOLT_SRC_REDEFINE_H

#include "shape.h"

/* Lua's part of a declaration: methods it defines, methods it defines no longer. */
typedef struct molt__rewriting {
    const molt_fill *fills;
    size_t fill_count;
    const char *const *dropped;      /* a trait's: by name */
    size_t dropped_count;
    bool judged;                     /* see molt__migration */
} molt__rewriting;

/* Puts what molt__trait_draft made in the place of `current`, all or nothing: NULL
 * with an error leaves everything as it was. The trait that counts from now on.
 * The draft is for molt__trait_undraft afterwards, either way. The references of the fills are the caller's until it succeeds. */
molt_trait *molt__redefine_trait(molt_trait *current, molt_trait *draft, const molt__rewriting *rewriting);

typedef struct molt__recomposition {
    molt_class *base;
    molt_trait *const *traits;
    size_t trait_count;
    molt_impl *const *impls;         /* pushed as fills, before the methods */
    size_t impl_count;
    const molt_fill *fills;
    size_t fill_count;
    int64_t *numbers;                /* out: of the fills */
    const int64_t *dropped;          /* numbers of fills that go */
    size_t dropped_count;
    molt_impl *const *ended;         /* implementations that go */
    size_t ended_count;
    const char *where;
    bool judged;
} molt__recomposition;

/* Gives a class another base, other traits, other fills; all or nothing. */
int molt__redefine_class(molt_class *cls, const molt__recomposition *to);

/* Makes an object one of another class. */
int molt__redefine_object(molt_object *object, molt_class *cls, bool judged);

#endif
