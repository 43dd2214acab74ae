/* holder.h: what of the world still leads into an image. */
#ifndef MOLT_SRC_HOLDER_H
#define MOLT_SRC_HOLDER_H

#include <molt/base.h>

#include "span.h"

/* Does a definition in force have its function in that stretch? Then `text` names
 * it: "implementation 'Bike' takes its 'range' from it". */
bool molt__holder_find(const molt_world *world, molt__span span, char *text, size_t size);

#endif
