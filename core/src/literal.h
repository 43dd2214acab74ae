/* literal.h: the value behind the "=" of a field. */
#ifndef MOLT_SRC_LITERAL_H
#define MOLT_SRC_LITERAL_H

#include "scan.h"

/*
 * Reads one literal as a value of the kind; afterwards the scanner stands
 * behind it.
 *
 *   [+|-] 42 | 052 | 0x2A | 42ull | 4.2e1 | 0x1.5p5 | 42.f | 'a' | '\n' | '\x2A'
 *   true | false
 *
 * MOLT_ERR_DECLARATION when it is malformed or `kind` cannot hold it; `name` is
 * the field's.
 */
int molt__literal_read(molt__scanner *scanner, molt_kind kind, const char *name, molt_value *value);

/* Reads "text" with C's escapes into `text`, which has room for a whole line; the
 * scanner then stands behind it. */
int molt__literal_text(molt__scanner *scanner, char text[MOLT__MAX_DECLARATION], size_t *length);

#endif
