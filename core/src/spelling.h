/* spelling.h: how C spells the types of fields, parameters and results. */
#ifndef MOLT_SRC_SPELLING_H
#define MOLT_SRC_SPELLING_H

#include "scan.h"

/* Reads a type: "unsigned long int", "size_t", "void", "any". Afterwards the
 * scanner stands behind it. MOLT_ERR_DECLARATION when there is none. */
int molt__spelling_read(molt__scanner *scanner, molt_kind *kind);

/* If the present token makes another type of what was read (pointer, array,
 * bit-field, a second name), says that this is not supported; else MOLT_OK. */
int molt__spelling_check_end(const molt__scanner *scanner);

/* Is the word (of a part) of a type's spelling? "any" is not: C may use it. */
bool molt__spelling_is_type(const char *word, size_t length);

#endif
