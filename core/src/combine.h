/*
 * combine.h: methods declared `all`: every definition of the name runs.
 *
 *   "all void update(double dt)"
 *
 *   shape ─▶ chain "update" ─▶ Engine's, Body's (requires Engine), Car's own
 *
 * Each trait brings one definition, the one that would win if it were alone, and
 * so does each class that fills the name itself. Required traits come first, then
 * it goes by the traits' names; classes come last, the base before what extends
 * it. An override of a class, while it is the latest fill, stands for all that is
 * beneath it: fills, traits and base of the class, and the wrappers of the base. What
 * is above, of the object's traits and of extensions, runs with it. A chain is made anew whenever the name resolves anew. One that is running
 * then goes on with what is still defined. Wrappers of classes go around all of it.
 */
#ifndef MOLT_SRC_COMBINE_H
#define MOLT_SRC_COMBINE_H

#include "closure.h"
#include "resolve.h"

typedef struct molt__chain {
    molt__waiting waiting;           /* once it has ended */
    molt_definition head;            /* stands for it in slots: head.chain is this */
    molt__method *method;            /* the first that declares it */
    size_t users;                    /* calls under way */
    bool retired;                    /* to be freed after the last of them */
    bool left_behind;                /* slots that C may hold lead to it, until the tick */
    size_t count;
    size_t capacity;
    molt__claim item[];              /* in the order in which they run */
} molt__chain;

/* A name of a shape: what runs now, and what will after the change under way. */
typedef struct molt__combined {
    const char *name;
    molt__chain *now;
    molt__chain *next;
} molt__combined;

/* The typed method of that name which is declared `all`, or NULL. */
molt__method *molt__combine_method(const molt_shape *shape, const char *name);

/* Makes what the name will run; then, without fail, puts it into place. A name
 * that is not combined needs neither. */
int molt__combine_prepare(molt_shape *shape, const char *name);
void molt__combine_commit(molt_shape *shape, const char *name);

/* What the shape's names ran may end: they run what wins until they are made again.
 * For shapes that no object has. */
void molt__combine_forget(molt_shape *shape);

/* What runs now, or NULL. */
molt__chain *molt__combine_find(const molt_shape *shape, const char *name);

/* What answers for a name: the winner, or all of them, under the wrappers of classes. */
molt_definition *molt__combine_answer(const molt_shape *shape, const char *name);

/* What is beneath a wrapper of `cls`: see molt__resolve_beneath. */
molt_definition *molt__combine_beneath(const molt_shape *shape, const molt_class *cls, const char *name, int64_t number);

/* Is the definition still among those that answer for the name on this object? */
bool molt__combine_still(const molt_object *object, const char *name, const molt_definition *definition);

/* Calls all of the definition's chain; stops at an error. */
void molt__combine_run(const molt__call *call);

void molt__combine_free(molt_shape *shape);

#endif
