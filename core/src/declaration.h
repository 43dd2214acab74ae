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

/* What a kind alone does not say of a field's type. */
typedef struct molt__type {
    molt_kind element;               /* of an array */
    uint32_t count;                  /* its elements; 0: no array */
    const struct molt__record *record;   /* of a struct */
    const char *target;              /* interned; of a reference: trait or class; NULL: any object */
} molt__type;

typedef struct molt__declaration {
    molt__member_kind member;
    const char *name;                /* interned */
    molt_kind kind;                  /* of the field, or of the result */
    bool all;                        /* of a method: every definition runs */
    molt__type type;                 /* of a field of kind MOLT_REF or MOLT_MEMORY */
    bool private;                    /* reached only through the trait's own view or handle */
    bool required;                   /* no default: must be given */
    const char *literal;             /* the default of a string, array or struct, in the line */
    bool has_default;
    molt_value initial;              /* of kind `kind`; zero when there is no default */
    size_t parameter_count;
    molt__parameter parameters[MOLT__MAX_PARAMETERS];
} molt__declaration;

/*
 * Parses one line:
 *
 *   field   := { "private" | "required" } type name [ "[" number "]" ] [ "=" default ] [ ";" ]
 *   method  := [ "all" ] type name "(" [ "void" | type [name] { "," type [name] } ] ")" [ ";" ]
 *   type    := any spelling of a scalar C type, "any" (fields only), "void" (results only),
 *              for fields also "string", a registered struct, a trait, a class, "object"
 *   default := literal | "text" | "{" [ literal { "," literal } ] "}"
 *   literal := a C number (sign, hex, exponent, suffix), true, false, a C character
 *
 * MOLT_ERR_DECLARATION quotes the line, puts a caret under the column where the
 * trouble begins, and says what was expected; an unknown type names a near one.
 */
int molt__declaration_parse(molt_world *world, const char *line, molt__declaration *out);

/* The same for a line of the trait `self`, whose fields may refer to it. */
int molt__declaration_parse_in(molt_world *world, const char *self, const char *line, molt__declaration *out);

/* Writes the type of a field as declarations spell it: "double", "float[3]", "Vec2". */
void molt__declaration_type(molt_kind kind, const molt__type *type, char *text, size_t size);

/* Writes the typed meaning of a declaration, the same for every spelling of it:
 * "double fuel", "double range(double)". At most `size` bytes; returns the length. */
size_t molt__declaration_canonical(const molt__declaration *declaration, char *text, size_t size);

#endif
