/*
 * intern.h: equal shapes of a class are one, found by the hash of what they are made of.
 *
 *   buckets ─▶ shape ─▶ shape        (by layout, traits, implementations, names)
 *              shape
 *
 * Traits count by their index in the world.
 */
#ifndef MOLT_SRC_INTERN_H
#define MOLT_SRC_INTERN_H

#include "shape.h"

/* The class's shape with that layout and exactly these attachments, or NULL. */
molt_shape *molt__intern_find(const molt_class *cls, const molt__layout *layout, const molt__attached *attached,
                              size_t count);

/* Room for one shape more; then, without fail, puts it in. */
int molt__intern_reserve(molt_class *cls);
void molt__intern_put(molt_shape *shape);

void molt__intern_free(molt_class *cls);

#endif
