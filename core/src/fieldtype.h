/*
 * fieldtype.h: fields wider than a scalar: strings, references, arrays, structs.
 *
 *   kind          in the block                in molt_value
 *   MOLT_STRING   molt_string (text.h)        string
 *   MOLT_REF      molt_ref, zero: nobody      ref
 *   MOLT_MEMORY   the array or the struct     memory
 *
 * What else there is to know of the type is a molt__type.
 */
#ifndef MOLT_SRC_FIELDTYPE_H
#define MOLT_SRC_FIELDTYPE_H

#include "scan.h"
#include "trait.h"

static inline bool molt__fieldtype_is_wide(molt_kind kind)
{
    return kind >= MOLT_STRING;
}

size_t molt__fieldtype_size(molt_kind kind, const molt__type *type, size_t *align);

/* Reads the type of a member of the trait `self` (NULL: of none): a scalar's, or
 * one of those above. */
int molt__fieldtype_read(molt__scanner *scanner, const char *self, molt_kind *kind, molt__type *type);

/* Reads "[3]" behind the name: the type read before is the element's. */
int molt__fieldtype_array(molt__scanner *scanner, molt_kind *kind, molt__type *type);

/* Reads a default, and writes it where `memory` is not NULL. */
int molt__fieldtype_default(molt__scanner *scanner, molt_kind kind, const molt__type *type, const char *name,
                            void *memory);

/* Writes what a field starts with into a trait's image: by its declaration; by
 * what C has in its defaults; by a value that was checked. */
int molt__fieldtype_start(molt_world *world, const molt__declaration *member, void *memory);
int molt__fieldtype_adopt(molt_world *world, const molt__field *field, const void *given, void *memory);
int molt__fieldtype_share(molt_world *world, const molt__field *field, molt_value value, void *memory);

/* Would the wide field take the value? */
int molt__fieldtype_check(molt_world *world, const molt__field *field, molt_value value, const char *what);

/* Reads or writes any field of a living object's block. */
int molt__fieldtype_get(const molt__field *field, const void *memory, molt_value *out);
int molt__fieldtype_set(molt_world *world, const molt__field *field, molt_value value, void *memory, const char *what);

/* Where "[1]" or ".x" is in the field: an array counts from 0, as in C. */
int molt__fieldtype_inside(molt_world *world, const molt__field *field, const char *path, molt_kind *kind,
                           size_t *offset);

/* The block ends: its texts go. */
void molt__fieldtype_release(const molt_trait *trait, const void *block);

#endif
