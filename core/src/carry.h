/*
 * carry.h: which values follow an object from one shape to another.
 *
 * A trait that both shapes have keeps its block as it is. Of all others each field
 * follows by its name: the same type as it is, a wider type (int8_t to int16_t,
 * float to double) by conversion, a whole number to a floating one where that is
 * exact. What has no field of its name starts with its default.
 */
#ifndef MOLT_SRC_CARRY_H
#define MOLT_SRC_CARRY_H

#include "shape.h"

typedef struct molt__carried {       /* one field that follows */
    const char *name;
    uint32_t from_part, from_offset;
    uint32_t to_part, to_offset;
    molt_kind from, to;
} molt__carried;

typedef struct molt__carry {
    const molt_shape *from, *to;
    molt__carried *item;
    size_t count;
    size_t capacity;
} molt__carry;

typedef enum molt__fit {
    MOLT__FIT_SAME,
    MOLT__FIT_WIDER,                 /* each value has an equal in the other kind */
    MOLT__FIT_SOME,                  /* whole to floating: some have */
    MOLT__FIT_NONE
} molt__fit;

molt__fit molt__kind_fit(molt_kind from, molt_kind to);

/* Finds what follows; `carry` is zero before. `judged`: fields of types that do not
 * fit are the caller's, otherwise they are refused, by name and both types. */
int molt__carry_make(molt__carry *carry, const molt_shape *from, const molt_shape *to, bool judged);

/* Writes one value that follows into a block, converted. */
int molt__carry_value(molt_world *world, const molt__carried *item, const void *from_block, void *to_block);

void molt__carry_free(molt_world *world, molt__carry *carry);

#endif
