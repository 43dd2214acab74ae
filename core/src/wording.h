/*
 * wording.h: the C texts by which one module declares its traits.
 *
 *   a.c  MOLT_TRAIT(Bike, …)   Bike_trait ─┐
 *   b.c  MOLT_TRAIT(Bike, …)   Bike_trait ─┴▶ one entry: they say the same, or are refused
 *
 * Each file of a module has its own text of a trait. Where the trait keeps more than
 * they say (clash.h, amend.h), it is told what they mean, so that those that provide
 * nothing find it as well.
 */
#ifndef MOLT_SRC_WORDING_H
#define MOLT_SRC_WORDING_H

#include "reasons.h"
#include "trait.h"

typedef struct molt__wording {
    const char *name;                /* interned */
    const molt_trait_text *text;     /* the first of that name */
    uint64_t identity;               /* of what it says */
} molt__wording;

typedef struct molt__wordings {
    molt__wording *item;
    size_t count;
    size_t capacity;
} molt__wordings;

/* Does the text say what the module's others of that name do? If not, the reasons say
 * so, and the result is the code. */
int molt__wordings_add(molt_world *world, molt__wordings *wordings, const molt_trait_text *text, molt__reasons *reasons);

/* The module serves: its traits stand for these texts. */
void molt__wordings_commit(molt_world *world, const molt__wordings *wordings);

void molt__wordings_free(molt_world *world, molt__wordings *wordings);

#endif
