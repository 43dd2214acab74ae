/* fieldtype_read.c: how declarations spell strings, references, arrays and structs, and their defaults. */
#include "fieldtype.h"

#include "class.h"
#include "error.h"
#include "literal.h"
#include "name.h"
#include "record.h"
#include "spelling.h"
#include "text.h"
#include "value.h"
#include "world_state.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ELEMENTS = 65535 };

size_t molt__fieldtype_size(molt_kind kind, const molt__type *type, size_t *align)
{
    switch (kind) {
    case MOLT_STRING:
        *align = _Alignof(molt_string);
        return sizeof(molt_string);
    case MOLT_REF:
        *align = _Alignof(molt_ref);
        return sizeof(molt_ref);
    case MOLT_MEMORY:
        *align = type->record ? type->record->align : molt__kind_size(type->element);
        return type->record ? type->record->size : type->count * molt__kind_size(type->element);
    default:
        return *align = molt__kind_size(kind);
    }
}

static bool is_target(const molt_world *world, const char *name)
{
    for (size_t i = 0; i < world->traits.count; i++) {
        if (((const molt_trait *)world->traits.item[i])->name == name) return true;
    }
    for (size_t i = 0; i < world->classes.count; i++) {
        if (((const molt_class *)world->classes.item[i])->name == name) return true;
    }
    return false;
}

/* "MOLT_REF(Vehicle)": a target that may be declared later. The scanner is on the word. */
static int read_forward(molt__scanner *scanner, molt__type *type)
{
    molt__scan_next(scanner);
    if (!molt__scan_is(scanner, "(")) return molt__scan_expected(scanner, "'(' and the name of a trait or class");
    molt__scan_next(scanner);
    if (scanner->token != MOLT__WORD) return molt__scan_expected(scanner, "the name of a trait or class");
    type->target = molt__name_span(scanner->world, scanner->text, scanner->length);
    if (!type->target) return MOLT_ERR_MEMORY;
    molt__scan_next(scanner);
    if (!molt__scan_is(scanner, ")")) return molt__scan_expected(scanner, "')' behind the name");
    molt__scan_next(scanner);
    return MOLT_OK;
}

static const char *known_word(const molt__scanner *scanner)
{
    char word[MOLT__MAX_DECLARATION + 1];
    memcpy(word, scanner->text, scanner->length);
    word[scanner->length] = '\0';
    return molt__name_find(scanner->world, word);
}

/* A word that names a struct, a trait or a class. */
static bool read_named(const molt__scanner *scanner, const char *self, molt_kind *kind, molt__type *type)
{
    const char *name = known_word(scanner);
    if (!name) return false;
    type->record = molt__record_find(scanner->world, name);
    if (type->record) {
        *kind = MOLT_MEMORY;
        return true;
    }
    if (name != self && !is_target(scanner->world, name)) return false;
    type->target = name;
    *kind = MOLT_REF;
    return true;
}

int molt__fieldtype_read(molt__scanner *scanner, const char *self, molt_kind *kind, molt__type *type)
{
    *type = (molt__type){ 0 };
    bool word = scanner->token == MOLT__WORD && !molt__spelling_is_type(scanner->text, scanner->length) &&
                !molt__scan_is(scanner, "any");
    if (!word) return molt__spelling_read(scanner, kind);
    if (molt__scan_is(scanner, "MOLT_REF")) {
        *kind = MOLT_REF;
        return read_forward(scanner, type);
    }
    molt__scanner behind = *scanner;
    molt__scan_next(&behind);
    if (behind.token != MOLT__WORD) return molt__spelling_read(scanner, kind);   /* a name without its type */
    if (!read_named(scanner, self, kind, type)) {
        if (molt__scan_is(scanner, "string") || molt__scan_is(scanner, "molt_string")) *kind = MOLT_STRING;
        else if (molt__scan_is(scanner, "object") || molt__scan_is(scanner, "molt_ref")) *kind = MOLT_REF;
        else return molt__spelling_read(scanner, kind);
    }
    *scanner = behind;
    return MOLT_OK;
}

int molt__fieldtype_array(molt__scanner *scanner, molt_kind *kind, molt__type *type)
{
    if (!molt__kind_size(*kind)) {
        return molt__scan_fail(scanner, scanner->text, "expected the end of the name: only scalars make arrays");
    }
    molt__scan_next(scanner);
    char *end = NULL;
    unsigned long count = scanner->token == MOLT__NUMBER ? strtoul(scanner->text, &end, 10) : 0;
    if (!count || count > MOST_ELEMENTS || end != scanner->text + scanner->length || scanner->text[0] == '0') {
        return molt__scan_expected(scanner, "the number of elements, 1 to 65535");
    }
    molt__scan_next(scanner);
    if (!molt__scan_is(scanner, "]")) return molt__scan_expected(scanner, "']' behind the number of elements");
    molt__scan_next(scanner);
    if (molt__scan_is(scanner, "[")) {
        return molt__scan_fail(scanner, scanner->text, "expected the end of the name: arrays have one dimension");
    }
    type->element = *kind;
    type->count = (uint32_t)count;
    *kind = MOLT_MEMORY;
    return MOLT_OK;
}

static int read_text(molt__scanner *scanner, void *memory)
{
    char text[MOLT__MAX_DECLARATION];
    size_t length;
    int err = molt__literal_text(scanner, text, &length);
    return err || !memory ? err : molt__text_share(scanner->world, text, length, memory);
}

static int read_element(molt__scanner *scanner, const molt__type *type, size_t i, const char *name, char *memory)
{
    molt_kind kind = type->record ? type->record->member[i].kind : type->element;
    size_t offset = type->record ? type->record->member[i].offset : i * molt__kind_size(kind);
    molt_value value;
    int err = molt__literal_read(scanner, kind, name, &value);
    if (!err && memory) molt__value_write(memory + offset, value);
    return err;
}

/* "{1, 2}": what is left out is zero, as in C. */
static int read_braces(molt__scanner *scanner, const molt__type *type, const char *name, char *memory)
{
    size_t count = type->record ? type->record->count : type->count;
    if (!molt__scan_is(scanner, "{")) return molt__scan_expected(scanner, "'{' before the elements");
    molt__scan_next(scanner);
    for (size_t i = 0; !molt__scan_is(scanner, "}"); i++) {
        if (i == count) {
            return molt__scan_fail(scanner, scanner->text, "expected '}': the field has %zu element%s", count,
                                   count == 1 ? "" : "s");
        }
        int err = read_element(scanner, type, i, name, memory);
        if (err) return err;
        if (molt__scan_is(scanner, ",")) molt__scan_next(scanner);
        else if (!molt__scan_is(scanner, "}")) return molt__scan_expected(scanner, "',' or '}' behind the element");
    }
    molt__scan_next(scanner);
    return MOLT_OK;
}

int molt__fieldtype_default(molt__scanner *scanner, molt_kind kind, const molt__type *type, const char *name,
                            void *memory)
{
    if (kind == MOLT_STRING) return read_text(scanner, memory);
    if (kind == MOLT_MEMORY) return read_braces(scanner, type, name, memory);
    return molt__scan_fail(scanner, scanner->text,
                           "expected the end of the line: a reference takes no default, it begins as nil");
}

int molt__fieldtype_start(molt_world *world, const molt__declaration *member, void *memory)
{
    if (member->kind == MOLT_STRING) molt__text_share(world, "", 0, memory);
    if (!member->literal) return MOLT_OK;
    molt__scanner scanner;
    int err = molt__scan_begin(&scanner, world, member->literal);
    return err ? err : molt__fieldtype_default(&scanner, member->kind, &member->type, member->name, memory);
}
