/*
 * class.h: a class and its layers.
 *
 * A class resolves a name from the top: its fills, the latest first; then its
 * own traits; then its base class, in the same order.
 */
#ifndef MOLT_SRC_CLASS_H
#define MOLT_SRC_CLASS_H

#include <molt/trait.h>

#include "definition.h"
#include "layout.h"
#include "select.h"
#include "trait.h"
#include "world_state.h"

typedef struct molt__class_fill {
    int64_t number;
    molt_definition *definition;     /* one name, or … */
    molt_impl *impl;                 /* … all that an implementation defines */
} molt__class_fill;

struct molt_class {
    molt_world *world;
    const char *name;
    char *where;
    molt_class *base;
    molt__list children;
    molt__list traits;               /* its own */
    molt__list selections;           /* those of its traits that it has under other names */
    molt__class_fill *fills;
    size_t fill_count;
    size_t fill_capacity;
    molt__layout *layout;            /* of new instances; NULL before the first */
    molt_shape *shape;               /* of a new instance; NULL before the first */
    molt__list shapes;               /* all of them, of every layout */
    molt_shape **buckets;            /* the same by what they are made of: see intern.h */
    size_t bucket_count;
    size_t live;
};

/* Is `cls` the class `base`, or extended from it? */
bool molt__class_extends(const molt_class *cls, const molt_class *base);

/* Has the class the trait, itself or from a base? */
bool molt__class_has(const molt_class *cls, const molt_trait *trait);

/* The class of its line whose own trait it is; `cls` itself when none has it. */
const molt_class *molt__class_owner(const molt_class *cls, const molt_trait *trait);

/* The names under which the class, or a base, has the trait; NULL: the trait's own. */
const molt__selection *molt__class_names(const molt_class *cls, const molt_trait *trait);

/* molt_class_declare, with traits under other names: each selection is of one of
 * the traits. */
molt_class *molt__class_declare(molt_world *world, const molt_class_lines *lines,
                                const molt__selection *const *selections, size_t count);

/* molt_class_use and molt_class_drop of several at once, so that they may require one
 * another. What is named twice is one; a trait and one implementation of it, the latter. */
struct molt__attached;
int molt__class_use_set(molt_class *cls, const struct molt__attached *add, size_t count);
int molt__class_drop_set(molt_class *cls, const struct molt__attached *pieces, size_t count);

/* Whatever the fill touches resolves anew; the number of the fill, or an error. */
int64_t molt__class_push_fill(molt_class *cls, molt__class_fill fill);
int molt__class_remove_fill(molt_class *cls, size_t at);

/* Without a look at what it filled: nothing resolves to it any more. */
void molt__class_take_out(molt_class *cls, size_t at);
void molt__class_put_back(molt_class *cls, size_t at, molt__class_fill fill);

/* Are all names of a fill ready to resolve as the fills now stand? */
int molt__class_fill_ready(molt_class *cls, const molt__class_fill *fill);

/* What a base brings is as the base has it. */
int molt__class_check_names(molt_world *world, const char *name, const molt_class *base,
                            const molt__selection *const *selections, size_t count);

/* Takes out the implementations of traits that the class, or one that extends it,
 * no longer has. */
void molt__class_forget_idle(molt_class *cls);

/* The layout and the shape of new instances, made on first use. NULL with an
 * error when the class is incomplete or in conflict, or there is no memory. */
molt_shape *molt__class_shape(molt_class *cls);

void molt__class_free(molt_class *cls);

#endif
