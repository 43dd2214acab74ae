/*
 * overhaul.h: everything that has to follow when what classes are made of changes.
 *
 *   record ┌──────────────┐ peer     new body ┌──────────────┐
 *          │ molt_object  │ ───────────────▶  │ molt_object  │ ─┐ peer
 *          │ old blocks   │  ◀─────────────────────────────────┘
 *          └──────────────┘                   │ new blocks   │
 *                                             └──────────────┘
 *
 * The record stays where it is, and with it every molt_object *; the blocks get a
 * new body, and old handles stay good (though they reach nobody's fields) until
 * the tick. Whoever begins one has put traits, fills and bases as they shall be;
 * prepare makes everything that can fail, and touches no object; commit is stores.
 * In between nothing else may run, so the collector rests.
 */
#ifndef MOLT_SRC_OVERHAUL_H
#define MOLT_SRC_OVERHAUL_H

#include "migrate.h"

/* One version of a trait takes the place of another. */
typedef struct molt__succession {
    molt_trait *from, *to;
} molt__succession;

/* What a class had, to be given back when the change fails. */
typedef struct molt__class_before {
    molt_class *cls;
    molt__layout *layout;
    molt_shape *shape;
} molt__class_before;

typedef struct molt__overhaul {
    molt_world *world;
    molt_class *const *roots;        /* these and their extensions have other traits */
    size_t root_count;
    const molt__succession *successions;
    size_t succession_count;
    molt_object *object;             /* this one becomes … */
    molt_class *becomes;             /* … an object of that class */
    bool judged;                     /* see molt__migration */
    bool every;                      /* also objects whose shape stays get new bodies */
    const molt__migrator *migrators;
    size_t migrator_count;

    /* its own */
    molt__class_before *classes;
    size_t class_count;
    size_t class_capacity;
    molt_shape **ready;              /* shapes that objects will have, to be renewed */
    size_t ready_count;
    size_t ready_capacity;
    molt__attached *attached;        /* of the shape that is looked for */
    size_t attached_capacity;
    molt__migration migration;
} molt__overhaul;

/* On an error everything is given back already. */
int molt__overhaul_prepare(molt__overhaul *overhaul);
void molt__overhaul_commit(molt__overhaul *overhaul);
void molt__overhaul_cancel(molt__overhaul *overhaul);

/* Both at once; where the world only rehearses, an error in the end. */
int molt__overhaul_carry_out(molt__overhaul overhaul);

#endif
