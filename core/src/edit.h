/*
 * edit.h: changing what defines a name, and telling everyone.
 *
 * An edit changes a layer (a trait's definitions, an implementation, a class's
 * fills), asks molt__edit_ready whether every shape it reaches still resolves and
 * has memory for it, and then either takes the change back or commits. The
 * commit is stores only.
 */
#ifndef MOLT_SRC_EDIT_H
#define MOLT_SRC_EDIT_H

#include "shape.h"

/* Which shapes an edit reaches: those of a class and its extensions, or those
 * with a part of a trait. Where there is a trait, names are what it calls them. */
typedef struct molt__scope {
    const molt_class *cls;
    const molt_trait *trait;
} molt__scope;

/* Does every shape in scope resolve the name, without conflict and, where a
 * typed method needs it, at all? Is there memory to commit? */
int molt__edit_ready(molt_world *world, molt__scope scope, const char *name);

/* The most changes that one name can make. */
size_t molt__edit_most(const molt_world *world);

/* Slots and flat method tables follow. Call molt__edit_publish after the last. */
void molt__edit_commit(molt_world *world, molt__scope scope, const char *name);

/* Lets the binding bring its tables up to date. */
void molt__edit_publish(molt_world *world);

#endif
