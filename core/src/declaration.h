/* declaration.h: one line of C that declares a field or a method. */
#ifndef MOLT_SRC_DECLARATION_H
#define MOLT_SRC_DECLARATION_H

#include <molt/base.h>

enum { MOLT__MAX_PARAMETERS = 8 };

typedef enum molt__member_kind { MOLT__FIELD, MOLT__METHOD } molt__member_kind;

typedef struct molt__parameter {
    molt_kind kind;
    const char *name;                /* interned; NULL when it has none */
} molt__parameter;

typedef struct molt__declaration {
    molt__member_kind member;
    const char *name;                /* interned */
    molt_kind kind;                  /* of the field, or of the result */
    bool all;                        /* of a method: every definition runs */
    bool has_default;
    molt_value initial;              /* of kind `kind`; zero when there is no default */
    size_t parameter_count;
    molt__parameter parameters[MOLT__MAX_PARAMETERS];
} molt__declaration;

/*
 * Parses one line:
 *
 *   field   := type name [ "=" literal ] [ ";" ]
 *   method  := [ "all" ] type name "(" [ "void" | type [name] { "," type [name] } ] ")" [ ";" ]
 *   type    := any spelling of a scalar C type, "any" (fields only), "void" (results only)
 *   literal := a C number (sign, hex, exponent, suffix), true, false, a C character
 *
 * MOLT_ERR_DECLARATION quotes the line, puts a caret under the column where the
 * trouble begins, and says what was expected; an unknown type names a near one.
 */
int molt__declaration_parse(molt_world *world, const char *line, molt__declaration *out);

/* Writes the typed meaning of a declaration, the same for every spelling of it:
 * "double fuel", "double range(double)". At most `size` bytes; returns the length. */
size_t molt__declaration_canonical(const molt__declaration *declaration, char *text, size_t size);

#endif
