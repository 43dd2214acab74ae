/*
 * hook.h: attached and detached, which every trait has for itself.
 *
 * Any other name has one definition in a shape. Of a hook each trait keeps its
 * own: what an implementation of the trait defines, else what the trait does. So
 * hooks of different traits are never in conflict, and all of them run: at attach
 * the traits that others require first, then in order of declaration; at detach
 * the other way round.
 *
 * A trait fills its hooks in Lua without more ado; for C it declares them, as
 * `void attached()` and `void detached()`.
 */
#ifndef MOLT_SRC_HOOK_H
#define MOLT_SRC_HOOK_H

#include "object.h"

typedef enum molt__hook_kind { MOLT__ATTACHED, MOLT__DETACHED } molt__hook_kind;

/* Are there hooks to run when the object loses a trait, or ends? */
static inline bool molt__hook_awaits(const molt_object *object)
{
    return object->flags & MOLT__ARMED;
}

bool molt__hook_named(const char *name);

/* Refuses a hook that is declared as anything but a method without parameters and result. */
int molt__hook_check(molt_world *world, const char *trait, const molt__declaration *member);

/* What fills a slot of that trait in the shape: of a hook the trait's own
 * definition, of any other name the one that wins it. May be NULL. */
molt_definition *molt__hook_or_winner(const molt_shape *shape, const molt_trait *trait, const char *name);

/* The trait's own definition of a hook in the shape, or NULL. */
molt_definition *molt__hook(const molt_shape *shape, const molt_trait *trait, molt__hook_kind kind);

/* Native code takes the trait from the object, or ends it (`trait` is NULL): its hooks
 * run where the Lua side is there to run them. */
int molt__hook_run(molt_object *object, molt__turn turn, molt_trait *trait);

/* The same where native code has given the object traits that `before` had not. */
int molt__hook_gained(molt_object *object, const molt_shape *before);

/* Does the trait, or an implementation of it (which may be NULL), define a hook? */
bool molt__hook_defined(const molt_trait *trait, const molt_impl *impl);

/* The place among the shape's parts of the trait whose `attached` runs next, where
 * `done` (of part_count entries) tells whose has run, and gets it; -1: none is left. */
int molt__hook_next(const molt_shape *shape, bool *done);

#endif
