/*
 * revalue.h: what implementations start fields with, when the fields change.
 *
 * For each implementation of a trait that changes, its values as the other version
 * takes them; once exchanged, those that it had.
 */
#ifndef MOLT_SRC_REVALUE_H
#define MOLT_SRC_REVALUE_H

#include "evolve.h"

typedef struct molt__revalue {
    molt_impl *impl;
    const molt__field *fields;       /* that they are values of */
    molt_value *value;
    size_t count;
} molt__revalue;

/* Adds those of one trait to the evolution's; there is room. */
int molt__revalue_make(molt__evolution *e, const molt__rewriting *w);
void molt__revalue_exchange(const molt__evolution *e);

/* Frees what is left over: the new ones, or those there were. */
void molt__revalue_end(molt__evolution *e);

#endif
