#include "spelling.h"

#include <limits.h>
#include <string.h>
#include <sys/types.h>

#include "error.h"
#include "name.h"
#include "record.h"
#include "world_state.h"

/* The words that C combines in any order. Each is a digit of a number, two bits
 * wide, so that a sum tells how often each was there (after chibicc's
 * declspec). Every sum on the way to a legal one is legal too. */
enum {
    VOID     = 1 << 0,
    BOOL     = 1 << 2,
    CHAR     = 1 << 4,
    SHORT    = 1 << 6,
    INT      = 1 << 8,
    LONG     = 1 << 10,
    FLOAT    = 1 << 12,
    DOUBLE   = 1 << 14,
    SIGNED   = 1 << 16,
    UNSIGNED = 1 << 18
};

static const struct { const char *word; unsigned digit; } combining[] = {
    { "void", VOID },     { "bool", BOOL },       { "_Bool", BOOL },     { "char", CHAR },
    { "short", SHORT },   { "int", INT },         { "long", LONG },      { "float", FLOAT },
    { "double", DOUBLE }, { "signed", SIGNED },   { "unsigned", UNSIGNED },
};

/* The words that are a type by themselves. */
static const struct { const char *word; size_t size; bool is_signed; } alone[] = {
    { "int8_t", sizeof(int8_t), true },       { "uint8_t", sizeof(uint8_t), false },
    { "int16_t", sizeof(int16_t), true },     { "uint16_t", sizeof(uint16_t), false },
    { "int32_t", sizeof(int32_t), true },     { "uint32_t", sizeof(uint32_t), false },
    { "int64_t", sizeof(int64_t), true },     { "uint64_t", sizeof(uint64_t), false },
    { "ssize_t", sizeof(ssize_t), true },     { "size_t", sizeof(size_t), false },
    { "intptr_t", sizeof(intptr_t), true },   { "uintptr_t", sizeof(uintptr_t), false },
    { "ptrdiff_t", sizeof(ptrdiff_t), true },
};

/* Words that begin something C or Lua knows and a declaration does not. */
static const struct { const char *word; const char *kind; } unsupported[] = {
    { "struct", "struct types" },      { "union", "union types" },      { "enum", "enum types" },
    { "string", "strings" },           { "table", "tables" },           { "function", "functions" },
    { "_Complex", "complex numbers" }, { "wchar_t", "wide characters" }, { "__int128", "128-bit integers" },
    { "const", "qualifiers" },         { "volatile", "qualifiers" },    { "restrict", "qualifiers" },
    { "_Atomic", "qualifiers" },       { "static", "storage classes" }, { "extern", "storage classes" },
    { "register", "storage classes" }, { "typedef", "storage classes" }, { "inline", "storage classes" },
    { "auto", "storage classes" },     { "_Alignas", "alignments" },
};

/* What people who come from Lua write, and what they may have meant. */
static const struct { const char *word; const char *meant; } foreign[] = {
    { "number", "double" }, { "integer", "int64_t" }, { "boolean", "bool" }, { "nil", "void" },
    { "byte", "uint8_t" },  { "object", "any" },
};

static const char types[] =
    "the types are bool, char, short, int, long, long long (signed or unsigned), int8_t to uint64_t, size_t, ssize_t, "
    "ptrdiff_t, intptr_t, uintptr_t, float and double, any for fields, void for results";

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool equal(const char *word, const char *text, size_t length)
{
    return strlen(word) == length && memcmp(word, text, length) == 0;
}

static molt_kind integer_kind(size_t size, bool is_signed)
{
    switch (size) {
    case 1:  return is_signed ? MOLT_INT8 : MOLT_UINT8;
    case 2:  return is_signed ? MOLT_INT16 : MOLT_UINT16;
    case 4:  return is_signed ? MOLT_INT32 : MOLT_UINT32;
    default: return is_signed ? MOLT_INT64 : MOLT_UINT64;
    }
}

/* The type that a sum of words spells; false when C has none. */
static bool combined_kind(unsigned sum, molt_kind *kind)
{
    bool is_signed = (sum & UNSIGNED) == 0;
    switch (sum) {
    case VOID:   *kind = MOLT_VOID; return true;
    case BOOL:   *kind = MOLT_BOOL; return true;
    case FLOAT:  *kind = MOLT_FLOAT; return true;
    case DOUBLE: *kind = MOLT_DOUBLE; return true;
    case CHAR:   *kind = integer_kind(1, CHAR_MIN < 0); return true;
    case SIGNED + CHAR: case UNSIGNED + CHAR:
        *kind = integer_kind(1, is_signed); return true;
    case SHORT: case SHORT + INT: case SIGNED + SHORT: case SIGNED + SHORT + INT:
    case UNSIGNED + SHORT: case UNSIGNED + SHORT + INT:
        *kind = integer_kind(sizeof(short), is_signed); return true;
    case INT: case SIGNED: case SIGNED + INT: case UNSIGNED: case UNSIGNED + INT:
        *kind = integer_kind(sizeof(int), is_signed); return true;
    case LONG: case LONG + INT: case SIGNED + LONG: case SIGNED + LONG + INT:
    case UNSIGNED + LONG: case UNSIGNED + LONG + INT:
        *kind = integer_kind(sizeof(long), is_signed); return true;
    case LONG + LONG: case LONG + LONG + INT: case SIGNED + LONG + LONG: case SIGNED + LONG + LONG + INT:
    case UNSIGNED + LONG + LONG: case UNSIGNED + LONG + LONG + INT:
        *kind = integer_kind(sizeof(long long), is_signed); return true;
    default:
        return false;
    }
}

static unsigned digit_of(const molt__scanner *scanner)
{
    for (size_t i = 0; i < COUNT(combining); i++) {
        if (molt__scan_is(scanner, combining[i].word)) {
            return combining[i].digit;
        }
    }
    return 0;
}

/* Adds the list of types to the complaint just made. */
static int list_types(molt_world *world)
{
    return molt__fail(world, MOLT_ERR_DECLARATION, "%s\n  %s", molt_last_error(world), types);
}

static int fail_unsupported(const molt__scanner *scanner, const char *what)
{
    molt__scan_fail(scanner, scanner->text, "expected a type that a declaration can have; %s are not supported (yet)",
                    what);
    list_types(scanner->world);
    return molt__hint(scanner->world, "a field of type any holds any Lua value");
}

static void offer_registered(const molt_world *world, molt__near *search)
{
    for (size_t i = 0; i < world->records.count; i++) {
        molt__near_offer(search, ((const molt__record *)world->records.item[i])->name);
    }
    for (size_t i = 0; i < world->traits.count; i++) molt__near_offer(search, molt_trait_name(world->traits.item[i]));
    for (size_t i = 0; i < world->classes.count; i++) molt__near_offer(search, molt_class_name(world->classes.item[i]));
}

static const char *near_type(const molt_world *world, const char *word)
{
    for (size_t i = 0; i < COUNT(foreign); i++) {
        if (strcmp(foreign[i].word, word) == 0) {
            return foreign[i].meant;
        }
    }
    molt__near search = molt__near_begin(word);
    for (size_t i = 0; i < COUNT(combining); i++) {
        molt__near_offer(&search, combining[i].word);
    }
    for (size_t i = 0; i < COUNT(alone); i++) {
        molt__near_offer(&search, alone[i].word);
    }
    molt__near_offer(&search, "any");
    molt__near_offer(&search, "string");
    offer_registered(world, &search);
    return molt__near_result(&search);
}

/* The present word is no type. If it looks like the name, the type was left out. */
static int fail_unknown(const molt__scanner *scanner)
{
    for (size_t i = 0; i < COUNT(unsupported); i++) {
        if (molt__scan_is(scanner, unsupported[i].word)) {
            return fail_unsupported(scanner, unsupported[i].kind);
        }
    }
    char word[MOLT__QUOTED];
    molt__scan_quote(word, scanner->text, scanner->length);
    molt__scanner behind = *scanner;
    molt__scan_next(&behind);
    if (scanner->text == scanner->line + strspn(scanner->line, " \t") && behind.token != MOLT__WORD &&
        !molt__scan_is(&behind, "*")) {
        return molt__scan_fail(scanner, scanner->text, "expected a type before '%s', such as double", word);
    }
    const char *meant = near_type(scanner->world, word);
    if (meant == NULL) {
        molt__scan_fail(scanner, scanner->text, "expected a type, found '%s'", word);
        return list_types(scanner->world);
    }
    molt__scan_fail(scanner, scanner->text, "expected a type such as '%s', found '%s'", meant, word);
    return molt__hint(scanner->world, "did you mean '%s'?", meant);
}

static int read_combined(molt__scanner *scanner, molt_kind *kind)
{
    unsigned sum = 0;
    for (unsigned digit; (digit = digit_of(scanner)) != 0; molt__scan_next(scanner)) {
        if (combined_kind(sum + digit, kind)) {
            sum += digit;
        } else if (sum + digit == LONG + DOUBLE) {
            return fail_unsupported(scanner, "numbers of type long double");
        } else {
            return molt__scan_expected(scanner, "a name behind the type");
        }
    }
    return MOLT_OK;
}

int molt__spelling_read(molt__scanner *scanner, molt_kind *kind)
{
    if (scanner->token != MOLT__WORD) {
        return molt__scan_expected(scanner, "a type");
    }
    if (digit_of(scanner) != 0) {
        return read_combined(scanner, kind);
    }
    for (size_t i = 0; i < COUNT(alone); i++) {
        if (molt__scan_is(scanner, alone[i].word)) {
            *kind = integer_kind(alone[i].size, alone[i].is_signed);
            molt__scan_next(scanner);
            return MOLT_OK;
        }
    }
    if (molt__scan_is(scanner, "any")) {
        *kind = MOLT_ANY;
        molt__scan_next(scanner);
        return MOLT_OK;
    }
    return fail_unknown(scanner);
}

int molt__spelling_check_end(const molt__scanner *scanner)
{
    if (molt__scan_is(scanner, "*")) {
        return fail_unsupported(scanner, "pointers");
    }
    if (molt__scan_is(scanner, "[")) {
        return fail_unsupported(scanner, "arrays");
    }
    if (molt__scan_is(scanner, ":")) {
        return fail_unsupported(scanner, "bit-fields");
    }
    return MOLT_OK;
}

bool molt__spelling_is_type(const char *word, size_t length)
{
    for (size_t i = 0; i < COUNT(combining); i++) {
        if (equal(combining[i].word, word, length)) {
            return true;
        }
    }
    for (size_t i = 0; i < COUNT(alone); i++) {
        if (equal(alone[i].word, word, length)) {
            return true;
        }
    }
    return false;
}
