/*
 * carry.h: what follows an object from one shape to another, found once for each
 * pair of shapes.
 *
 *   from: Engine, Vehicle v1 { fuel, gears }     to: Engine, Vehicle v2 { gears, fuel, note }
 *         └─ same ──────────────────────────────────▶ the block as it is
 *                          fuel ─ item ─────────────────────────────────▶ by its name
 *
 * A trait that both shapes have keeps its block. Of all others each field follows by
 * its name: the same type as it is, a wider type (int8_t to int16_t, float to double)
 * by conversion, a whole number to a floating one where that is exact. A private field
 * follows only from an earlier version of its own trait. What has no field of its name
 * starts with its default. Texts move: they belong to the field that they go to.
 */
#ifndef MOLT_SRC_CARRY_H
#define MOLT_SRC_CARRY_H

#include "shape.h"

typedef enum molt__fit {
    MOLT__FIT_SAME,
    MOLT__FIT_WIDER,                 /* each value has an equal in the other type */
    MOLT__FIT_SOME,                  /* whole to floating: some have */
    MOLT__FIT_NONE
} molt__fit;

typedef struct molt__carried {       /* one field that follows */
    const molt__field *from, *to;
    uint32_t from_part, to_part;
    molt__fit fit;
} molt__carried;

typedef struct molt__text_lost {     /* a text of a field that does not */
    uint32_t part, offset;
} molt__text_lost;

typedef struct molt__carry {
    const molt_shape *from, *to;
    int32_t *same;                   /* part of `to` -> part of `from` whose block it keeps; -1: none */
    bool *kept;                      /* part of `from` -> it is one of those */
    molt__carried *item;
    size_t count;
    size_t capacity;
    molt__text_lost *lost;
    size_t lost_count;
    size_t lost_capacity;
    char *image;                     /* of a new body, with what it starts with */
    bool plain;                      /* no attached blocks on either side */
    bool slots;                      /* `to` has typed methods whose blocks are new */
} molt__carry;

/* Of two typed fields. */
molt__fit molt__field_fit(const molt__field *from, const molt__field *to);

/* Whose fields the caller sees to himself where they do not simply follow. */
typedef struct molt__settled {
    bool all;
    const struct molt__migrator *migrators;      /* or those of these traits */
    size_t count;
} molt__settled;

/* Finds what follows. NULL with an error: no memory; or, unless they are settled,
 * fields that do not fit or that are required and have no value, by name and types. */
molt__carry *molt__carry_new(const molt_shape *from, molt_shape *to, molt__settled settled);
void molt__carry_free(molt__carry *carry);

/* Is there a field in `from` whose value goes, by its name, into a field of a trait of
 * that name in the other shape? NULL: none. `part` is where it is. */
const molt__field *molt__carry_source(const molt_shape *from, const char *trait, const molt__field *field, uint32_t *part);

/* Writes one value that follows into a block. */
int molt__carry_value(molt_world *world, const molt__carried *item, const void *from_block, void *to_block);

#endif
