/*
 * layout.h: where a class puts its traits' blocks.
 *
 *   body of Car {Engine, Vehicle}
 *   ┌─────────────┬────────┬────────┬───────┬────────┬────────┬──────┐
 *   │ molt_object │ vtable │ object │ power │ vtable │ object │ fuel │
 *   └─────────────┴────────┴────────┴───────┴────────┴────────┴──────┘
 *                 ▲ offsets[0]              ▲ offsets[1]
 *
 * Layouts with the same traits in the same order are one layout, whatever the
 * class; a layout lives as long as its world.
 */
#ifndef MOLT_SRC_LAYOUT_H
#define MOLT_SRC_LAYOUT_H

#include <molt/trait.h>

#include "slab.h"

typedef struct molt__layout {
    uint32_t id;                     /* from 1 */
    size_t count;
    molt_trait **traits;             /* the base's first, then the class's own */
    uint32_t *offsets;               /* of the blocks, from the start of the body */
    size_t size;                     /* of a body */
    molt__pool *pool;
} molt__layout;

bool molt__layout_has(const molt__layout *layout, const molt_trait *trait);

/* The layout of a class's present traits. NULL when there is no memory. */
molt__layout *molt__layout_new(const molt_class *cls);
void molt__layout_free(molt_world *world, molt__layout *layout);

#endif
