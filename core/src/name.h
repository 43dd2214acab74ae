/* name.h: names, each kept once in a world, so that equal names are equal pointers. */
#ifndef MOLT_SRC_NAME_H
#define MOLT_SRC_NAME_H

#include <molt/base.h>

/* The world's table of names. */
typedef struct molt__names {
    const char **slot;               /* open addressing; a power of two */
    size_t capacity;
    size_t count;
} molt__names;

/* The world's copy of a text; NULL when there is no memory. */
const char *molt__name(molt_world *world, const char *text);
const char *molt__name_span(molt_world *world, const char *text, size_t length);

/* The same if it is known already, else NULL; never fails otherwise. */
const char *molt__name_find(const molt_world *world, const char *text);

/* A hash of an interned name, spread over 32 bits. */
uint32_t molt__name_hash(const char *name);

void molt__names_free(molt_world *world);

/* A search for the name that the user may have meant: begin, offer candidates,
 * take the result (NULL when none is near enough). Edit distance with
 * transpositions (optimal string alignment), at most a third of the length. */
typedef struct molt__near {
    const char *wanted;
    const char *best;
    size_t distance;
} molt__near;

molt__near molt__near_begin(const char *wanted);
void molt__near_offer(molt__near *search, const char *candidate);
const char *molt__near_result(const molt__near *search);

#endif
