/*
 * roster.h: the objects of one class, or with one trait, in order of creation.
 *
 * Made when it is first asked for, from then on kept by creations and changes of
 * shape; what has ended or left is found out, and taken out, when it is read. So
 * reading costs what it finds, and a shape that no roster lists costs one look.
 */
#ifndef MOLT_SRC_ROSTER_H
#define MOLT_SRC_ROSTER_H

#include "shape.h"

typedef struct molt__entry {
    molt_object *object;             /* its memory lasts as long as the world */
    uint32_t generation;             /* another one: it has ended */
} molt__entry;

typedef struct molt__roster {
    const molt_class *cls;           /* or NULL, and … */
    const char *trait;               /* … the name of a trait, whichever its version */
    molt__entry *entry;
    size_t count;
    size_t capacity;
    bool whole;                      /* lists all; without memory it has to be made anew */
    bool sorted;
} molt__roster;

/* The roster of a class or of a trait, complete, in order and without the ended.
 * NULL when there is no memory. */
molt__roster *molt__roster_of(molt_world *world, const molt_class *cls, const molt_trait *trait);

/* Are objects of the shape of the class and with the trait of that name? NULL: whichever. */
bool molt__roster_match(const molt_shape *shape, const molt_class *cls, const char *trait);

/* A shape is new: which rosters list its objects? */
void molt__rosters_shape(molt_shape *shape);

/* An object is new (`from` NULL) or has changed its shape. */
void molt__rosters_list(molt_object *object, const molt_shape *from);

/* Classes have other bases: all rosters are made anew when they are asked for. */
void molt__rosters_forget(molt_world *world);

void molt__rosters_free(molt_world *world);

#endif
