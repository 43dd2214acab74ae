#include "declaration.h"

#include <stdio.h>
#include <string.h>

#include "fieldtype.h"
#include "literal.h"
#include "name.h"
#include "record.h"
#include "scan.h"
#include "spelling.h"
#include "value.h"

static const char *const c_keywords[] = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
    "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
    "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "_Alignas",
    "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic", "_Imaginary", "_Noreturn", "_Static_assert",
    "_Thread_local", "bool", "true", "false",        /* the last three are macros that every header here has */
    NULL,
};

static const char *const lua_keywords[] = {
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while", NULL,
};

static bool is_one_of(const molt__scanner *scanner, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (molt__scan_is(scanner, *words)) {
            return true;
        }
    }
    return false;
}

static int fail_name(const molt__scanner *scanner, const char *why)
{
    char quoted[MOLT__QUOTED];
    return molt__scan_fail(scanner, scanner->text, "expected a name, found '%s', %s",
                           molt__scan_quote(quoted, scanner->text, scanner->length), why);
}

static int check_name(const molt__scanner *scanner, const char *what)
{
    if (scanner->token != MOLT__WORD) {
        return molt__scan_expected(scanner, what);
    }
    if (is_one_of(scanner, c_keywords)) {
        return fail_name(scanner, "which is a keyword of C");
    }
    if (is_one_of(scanner, lua_keywords)) {
        return fail_name(scanner, "which is a keyword of Lua");
    }
    if (molt__spelling_is_type(scanner->text, scanner->length)) {
        return fail_name(scanner, "which is the name of a type");
    }
    if (strncmp(scanner->text, "molt_", strlen("molt_")) == 0) {
        return fail_name(scanner, "but names that begin with 'molt_' are the library's");
    }
    return MOLT_OK;
}

static int read_name(molt__scanner *scanner, const char *what, const char **name)
{
    int err = check_name(scanner, what);
    if (err != MOLT_OK) {
        return err;
    }
    *name = molt__name_span(scanner->world, scanner->text, scanner->length);
    if (*name == NULL) {
        return MOLT_ERR_MEMORY;
    }
    molt__scan_next(scanner);
    return MOLT_OK;
}

static int read_default(molt__scanner *scanner, molt__declaration *out)
{
    if (out->required) {
        return molt__scan_fail(scanner, scanner->text,
                               "expected the end of the line: a required field takes no default, it must be given");
    }
    if (out->kind == MOLT_ANY) {
        return molt__scan_fail(scanner, scanner->text,
                               "expected the end of the line: a field of type any takes no default, it begins as nil");
    }
    molt__scan_next(scanner);
    if (molt__fieldtype_is_wide(out->kind)) {
        out->literal = scanner->text;
        out->has_default = true;
        return molt__fieldtype_default(scanner, out->kind, &out->type, out->name, NULL);
    }
    int err = molt__literal_read(scanner, out->kind, out->name, &out->initial);
    out->has_default = err == MOLT_OK;
    return err;
}

/* The type of a parameter; a `const` before it means nothing to the caller. */
static int read_parameter_type(molt__scanner *scanner, molt_kind *kind)
{
    while (molt__scan_is(scanner, "const")) {
        molt__scan_next(scanner);
    }
    const char *begin = scanner->text;
    if (molt__scan_is(scanner, ".")) {
        return molt__scan_fail(scanner, begin, "expected a type; a variable number of parameters is not supported");
    }
    int err = molt__spelling_read(scanner, kind);
    if (err != MOLT_OK) {
        return err;
    }
    err = molt__spelling_check_end(scanner);
    if (err != MOLT_OK) {
        return err;
    }
    if (*kind == MOLT_VOID) {
        return molt__scan_fail(scanner, begin, "expected a type that has values: a parameter cannot be void");
    }
    if (*kind == MOLT_ANY) {
        return molt__scan_fail(scanner, begin, "expected a C type: any is for fields, not for parameters");
    }
    return MOLT_OK;
}

static int check_parameter_name(const molt__scanner *scanner, const char *at, const molt__declaration *out,
                                const char *name)
{
    for (size_t i = 0; i < out->parameter_count; i++) {
        if (out->parameters[i].name == name) {
            char quoted[MOLT__QUOTED];
            return molt__scan_fail(scanner, at, "expected another name: two parameters are called '%s'",
                                   molt__scan_quote(quoted, name, strlen(name)));
        }
    }
    return MOLT_OK;
}

static int read_parameter(molt__scanner *scanner, molt__declaration *out)
{
    if (out->parameter_count == MOLT__MAX_PARAMETERS) {
        return molt__scan_fail(scanner, scanner->text, "expected ')': a method has at most %d parameters",
                               (int)MOLT__MAX_PARAMETERS);
    }
    molt__parameter parameter = { 0 };
    int err = read_parameter_type(scanner, &parameter.kind);
    if (err == MOLT_OK && scanner->token == MOLT__WORD) {
        const char *at = scanner->text;
        err = read_name(scanner, "the name of a parameter", &parameter.name);
        if (err == MOLT_OK) {
            err = check_parameter_name(scanner, at, out, parameter.name);
        }
        if (err == MOLT_OK) {
            err = molt__spelling_check_end(scanner);
        }
    }
    if (err == MOLT_OK) {
        out->parameters[out->parameter_count++] = parameter;
    }
    return err;
}

/* Is it "(void)", C's way to say that there are none? */
static bool skip_void(molt__scanner *scanner)
{
    molt__scanner behind = *scanner;
    molt__scan_next(&behind);
    if (!molt__scan_is(scanner, "void") || !molt__scan_is(&behind, ")")) {
        return false;
    }
    *scanner = behind;
    return true;
}

static int read_parameters(molt__scanner *scanner, molt__declaration *out)
{
    molt__scan_next(scanner);                        /* the "(" */
    if (!skip_void(scanner) && !molt__scan_is(scanner, ")")) {
        for (;;) {
            int err = read_parameter(scanner, out);
            if (err != MOLT_OK) {
                return err;
            }
            if (!molt__scan_is(scanner, ",")) {
                break;
            }
            molt__scan_next(scanner);
        }
    }
    if (!molt__scan_is(scanner, ")")) {
        return molt__scan_expected(scanner, "',' or ')' behind the parameter");
    }
    molt__scan_next(scanner);
    return MOLT_OK;
}

static int read_end(molt__scanner *scanner, const char *expected)
{
    if (molt__scan_is(scanner, ";")) {
        molt__scan_next(scanner);
        expected = "one declaration for each text, then the end of the line";
    }
    return scanner->token == MOLT__END ? MOLT_OK : molt__scan_expected(scanner, expected);
}

static int read_method(molt__scanner *scanner, const char *type, molt__declaration *out)
{
    out->member = MOLT__METHOD;
    if (out->private || out->required || molt__fieldtype_is_wide(out->kind)) {
        return molt__scan_fail(scanner, type, "expected a C type or void: private, required, strings, structs and "
                                              "references are for fields, not for results");
    }
    if (out->kind == MOLT_ANY) {
        return molt__scan_fail(scanner, type, "expected a C type or void: any is for fields, not for results");
    }
    int err = read_parameters(scanner, out);
    return err != MOLT_OK ? err : read_end(scanner, "';' or the end of the line");
}

static int read_field(molt__scanner *scanner, const char *type, molt__declaration *out)
{
    out->member = MOLT__FIELD;
    if (out->kind == MOLT_VOID) {
        return molt__scan_fail(scanner, type, "expected a type that has values: a field cannot be void");
    }
    if (out->kind == MOLT_ANY && (out->private || out->required)) {
        return molt__scan_fail(scanner, type, "expected a C type: a field of type any is never private or required");
    }
    if (out->private && out->required) {
        return molt__scan_fail(scanner, type, "expected one of private and required: nobody could give the field");
    }
    if (molt__scan_is(scanner, "[")) {
        int err = molt__fieldtype_array(scanner, &out->kind, &out->type);
        if (err != MOLT_OK) {
            return err;
        }
    }
    if (!molt__scan_is(scanner, "=")) {
        return read_end(scanner, "'=', '(', ';' or the end of the line");
    }
    int err = read_default(scanner, out);
    return err != MOLT_OK ? err : read_end(scanner, "';' or the end of the line behind the default");
}

/* "private" and "required", which are words like any other unless a type follows. */
static void read_marks(molt__scanner *scanner, molt__declaration *out)
{
    for (;;) {
        bool private = molt__scan_is(scanner, "private") || molt__scan_is(scanner, "MOLT_PRIVATE");
        bool required = molt__scan_is(scanner, "required") || molt__scan_is(scanner, "MOLT_REQUIRED");
        molt__scanner behind = *scanner;
        molt__scan_next(&behind);
        if (!(private || required) || behind.token != MOLT__WORD) {
            return;
        }
        out->private |= private;
        out->required |= required;
        *scanner = behind;
    }
}

static int read_declaration(molt__scanner *scanner, const char *self, molt__declaration *out)
{
    read_marks(scanner, out);
    /* A list in C spells it as a macro that stands for nothing there. */
    const char *all = scanner->text;
    out->all = molt__scan_is(scanner, "all") || molt__scan_is(scanner, "MOLT_ALL");
    if (out->all) molt__scan_next(scanner);
    const char *type = scanner->text;
    int err = molt__fieldtype_read(scanner, self, &out->kind, &out->type);
    if (err == MOLT_OK) {
        err = molt__spelling_check_end(scanner);
    }
    if (err == MOLT_OK) {
        err = read_name(scanner, "the name of a field or method", &out->name);
    }
    if (err == MOLT_OK && !molt__scan_is(scanner, "[")) {
        err = molt__spelling_check_end(scanner);
    }
    if (err != MOLT_OK) {
        return err;
    }
    bool method = molt__scan_is(scanner, "(");
    if (out->all && (!method || out->kind != MOLT_VOID)) {
        return molt__scan_fail(scanner, all, "expected a void method behind all: only those are combined");
    }
    return method ? read_method(scanner, type, out) : read_field(scanner, type, out);
}

int molt__declaration_parse(molt_world *world, const char *line, molt__declaration *out)
{
    return molt__declaration_parse_in(world, NULL, line, out);
}

int molt__declaration_parse_in(molt_world *world, const char *self, const char *line, molt__declaration *out)
{
    molt__scanner scanner;
    molt__declaration read = { 0 };
    int err = molt__scan_begin(&scanner, world, line);
    if (err == MOLT_OK) {
        err = read_declaration(&scanner, self, &read);
    }
    if (err == MOLT_OK) {
        read.initial.kind = read.kind;
        *out = read;
    }
    return err;
}

typedef struct output {
    char *text;
    size_t size;
    size_t length;
} output;

static void append(output *to, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length && to->length + i + 1 < to->size; i++) {
        to->text[to->length + i] = text[i];
        to->text[to->length + i + 1] = '\0';
    }
    to->length += length;
}

void molt__declaration_type(molt_kind kind, const molt__type *type, char *text, size_t size)
{
    const char *name = molt__kind_name(type->count ? type->element : kind);
    if (type->record) name = type->record->name;
    if (type->target) name = type->target;
    char brackets[24] = "";
    if (type->count) {
        snprintf(brackets, sizeof brackets, "[%u]", (unsigned)type->count);
    }
    snprintf(text, size, "%s%s", name, brackets);
}

size_t molt__declaration_canonical(const molt__declaration *declaration, char *text, size_t size)
{
    output to = { .text = text, .size = size };
    if (size > 0) {
        text[0] = '\0';
    }
    char type[128];
    molt__declaration_type(declaration->kind, &declaration->type, type, sizeof type);
    append(&to, declaration->all ? "all " : "");
    append(&to, declaration->private ? "private " : "");
    append(&to, type);
    append(&to, " ");
    append(&to, declaration->name);
    if (declaration->member == MOLT__METHOD) {
        append(&to, "(");
        for (size_t i = 0; i < declaration->parameter_count; i++) {
            append(&to, i > 0 ? ", " : "");
            append(&to, molt__kind_name(declaration->parameters[i].kind));
        }
        append(&to, ")");
    }
    return to.length;
}
