/*
 * clash.h: a module that is loaded again declares a trait otherwise than it is.
 *
 *   the trait    double range(double)    int32_t wheels()
 *   the text     float range(double)     int32_t wheels()
 *                ▲ slot 0: another signature      ▲ slot 1: the same
 *
 * As long as fields and slots are where they were, the trait can stay as it is,
 * and what the text has otherwise is as if it were not provided: whether that may
 * be, the plan decides by who uses it. Anything else moves memory under C code.
 */
#ifndef MOLT_SRC_CLASH_H
#define MOLT_SRC_CLASH_H

#include "reasons.h"
#include "trait.h"

typedef struct molt__clash {
    molt_trait *trait;
    size_t method_count;             /* of the text */
    const char *other[MOLT__MAX_METHODS];    /* by slot: the text's signature, interned; NULL: the trait's own */
} molt__clash;

/* The trait of the text's name, if it was declared unequally; else NULL. */
molt_trait *molt__clash_find(molt_world *world, molt_trait_text *text);

/* Has the text other fields, or methods in other slots? Want of memory is a reason. */
bool molt__clash_moves(molt_trait *trait, molt_trait_text *text, molt__reasons *reasons);

/* Compares them. Where memory would move under C code the reasons say so, with both
 * layouts and every method that differs, and the result is the code. */
int molt__clash_read(molt_trait *trait, molt_trait_text *text, molt__reasons *reasons, molt__clash *clash);

#endif
