/*
 * resolve.h: which definition of a name wins in a shape.
 *
 * From the top: traits of the object; fills of the class, the latest first;
 * traits of the class; then the base class in the same order. Patches of the
 * object are above all of this, in its own table. Within a layer traits are
 * unordered: two different definitions of one name are a conflict.
 *
 * The wrappers of a class (before, after, around) stand above all that the class
 * resolves to, its base included; what is beneath one is found from its place:
 *
 *   around 7 ─▶ before 4 ─▶ the latest fill, or trait, or base class
 *
 * An override hides the wrappers before it, while it is the latest fill. Wrappers
 * define nothing: over nothing, they are not there.
 */
#ifndef MOLT_SRC_RESOLVE_H
#define MOLT_SRC_RESOLVE_H

#include "shape.h"

typedef enum molt__layer {
    MOLT__LAYER_OBJECT,              /* a trait attached to the object */
    MOLT__LAYER_FILL,                /* a fill of the class, or of a base */
    MOLT__LAYER_TRAIT                /* a trait of the class, or of a base */
} molt__layer;

/* One definition of a name, as molt.methods tells of it. */
typedef struct molt__claim {
    molt_definition *definition;
    molt__layer layer;
    const molt_class *cls;           /* whose fill or trait; NULL in the object's layer */
    const molt_trait *trait;         /* that brings it; NULL for a fill of one name */
} molt__claim;

typedef bool (*molt__claim_visitor)(const molt__claim *claim, void *user);

/* Calls the visitor for each definition of the name, the winner first, until it
 * returns false. What a trait or an implementation of it defines counts where the
 * shape has a part of that trait: so every edit of it reaches the shape. */
void molt__resolve_each(const molt_shape *shape, const char *name, molt__claim_visitor visitor, void *user);

/* The winner, or NULL. */
molt_definition *molt__resolve(const molt_shape *shape, const char *name);

/* What is beneath a wrapper of `cls`, by its number, in a shape of `cls` or of a class
 * that extends it; also when it has been removed meanwhile. NULL: nothing is. */
molt_definition *molt__resolve_beneath(const molt_shape *shape, const molt_class *cls, const char *name, int64_t number);

/* The outermost wrapper of the class, or of its base, with a number below `number` if it
 * is the class's. For methods declared `all`: nothing else needs to be there. NULL: none. */
molt_definition *molt__resolve_wrapper(const molt_shape *shape, const molt_class *cls, const char *name, int64_t number);

/* Calls the visitor once for each name that any layer defines. */
typedef bool (*molt__name_visitor)(const char *name, void *user);
void molt__resolve_names(const molt_shape *shape, molt__name_visitor visitor, void *user);

/* The same for a class by itself, which need not be complete. */
void molt__class_resolve_each(const molt_class *cls, const char *name, molt__claim_visitor visitor, void *user);
molt_definition *molt__class_resolve(const molt_class *cls, const char *name);
void molt__class_resolve_names(const molt_class *cls, molt__name_visitor visitor, void *user);

#endif
