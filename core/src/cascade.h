/*
 * cascade.h: which attached traits go when one of them goes.
 *
 * Turbo requires Engine, Boost requires Turbo: Engine alone is not detached while
 * they are there, and takes both along when it is told to.
 */
#ifndef MOLT_SRC_CASCADE_H
#define MOLT_SRC_CASCADE_H

#include "shape.h"

/* Refuses to take an attached trait that other traits of the shape require, and
 * says which do. */
int molt__cascade_check(const molt_shape *shape, const molt_trait *trait);

/* The shape without an attached trait and without those that require it, directly
 * or through others. NULL with an error. */
molt_shape *molt__cascade_detach(molt_shape *shape, molt_trait *trait);

#endif
