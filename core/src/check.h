/* check.h: is a shape lawful? Conflicts, missing methods, requirements, exclusions. */
#ifndef MOLT_SRC_CHECK_H
#define MOLT_SRC_CHECK_H

#include "shape.h"

/* One name in one shape: MOLT_ERR_CONFLICT names both definitions, or the field
 * of that name; MOLT_ERR_MISSING a typed method that nothing defines. */
int molt__check_name(const molt_shape *shape, const char *name);

/* A whole shape: every name; required and excluded traits; fields and methods
 * of one name in different traits. One error lists everything found. */
int molt__check_shape(const molt_shape *shape);

#endif
