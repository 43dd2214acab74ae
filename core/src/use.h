/*
 * use.h: who uses what a module provides: classes and objects, by name and number.
 *
 * A definition is used where it is what a name comes to: where a call reaches it,
 * at once or beneath wrappers. What a later fill hides is not: nobody would miss it.
 */
#ifndef MOLT_SRC_USE_H
#define MOLT_SRC_USE_H

#include "impl.h"

typedef struct molt__use {
    size_t classes;
    size_t objects;                  /* to which it is attached */
    size_t left_out;                 /* users that `text` has no room for */
    char text[600];                  /* "class Car (3 objects), class Taxi, 2 objects of Truck" */
} molt__use;

static inline bool molt__used(const molt__use *use)
{
    return use->classes || use->objects;
}

/* Who calls this definition of an implementation? */
void molt__use_of_definition(const molt_impl *impl, const molt_definition *definition, molt__use *use);

/* Who has the implementation, whether or not something hides it? Adds to `use`. */
void molt__use_of_impl(const molt_impl *impl, molt__use *use);

#endif
