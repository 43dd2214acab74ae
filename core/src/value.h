/* value.h: the scalar types: size, alignment, spelling, checked conversion. */
#ifndef MOLT_SRC_VALUE_H
#define MOLT_SRC_VALUE_H

#include <molt/base.h>

/* 0 for MOLT_VOID and MOLT_ANY. On every ABI molt runs on, a scalar's
 * alignment is its size. */
size_t molt__kind_size(molt_kind kind);

/* "double", "uint8_t", "any": the canonical spelling. */
const char *molt__kind_name(molt_kind kind);

/* The kind of a canonical spelling; MOLT_VOID for any other text. */
molt_kind molt__kind_named(const char *name);

/* "a" or "an", before that name. */
const char *molt__kind_article(molt_kind kind);

molt_value molt__value_read(molt_kind kind, const void *memory);

/* Converts `from` to `kind`: any number to a wider or narrower one as long as
 * the value is the same (float from double excepted: it rounds), bool only from
 * bool. MOLT_ERR_TYPE or MOLT_ERR_RANGE, naming `what` ("field 'gears'"), and
 * *to untouched otherwise. */
int molt__value_convert(molt_world *world, molt_kind kind, molt_value from, molt_value *to, const char *what);

void molt__value_write(void *memory, molt_value value);

#endif
