/* recompose.h: a class gets another base, other traits and fills; an object another class. */
#ifndef MOLT_SRC_RECOMPOSE_H
#define MOLT_SRC_RECOMPOSE_H

#include "shape.h"

typedef struct molt__recomposition {
    molt_class *base;
    molt_trait *const *traits;
    size_t trait_count;
    size_t declared;                 /* the first ones: the others keep the names that the class has them under */
    const molt__selection *const *selections;    /* of those that it has under other names */
    size_t selection_count;
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
    bool judged;                     /* see molt__migration */
    bool every;                      /* see molt__overhaul */
} molt__recomposition;

/* All or nothing, live instances included. */
int molt__class_recompose(molt_class *cls, const molt__recomposition *to);

/* Makes an object one of another class, with what is attached to it. */
int molt__object_become(molt_object *object, molt_class *cls, bool judged, bool every);

#endif
