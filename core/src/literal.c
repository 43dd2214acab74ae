#include "literal.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "value.h"

enum { LONGEST_NUMBER = 128 };

static bool is_hex(const char *text, size_t length)
{
    return length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

static bool has_any(const char *text, size_t length, const char *characters)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr(characters, text[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static int fail_number(const molt__scanner *scanner, const char *why)
{
    char quoted[MOLT__QUOTED];
    return molt__scan_fail(scanner, scanner->text, "expected a C number, found '%s', %s",
                           molt__scan_quote(quoted, scanner->text, scanner->length), why);
}

/* strtod takes the host's decimal point, whatever the locale says it is. */
static bool localize(char number[LONGEST_NUMBER], const char *text, size_t length)
{
    const char *point = localeconv()->decimal_point;
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        size_t step = text[i] == '.' ? strlen(point) : 1;
        if (written + step >= LONGEST_NUMBER) {
            return false;
        }
        memcpy(number + written, text[i] == '.' ? point : &text[i], step);
        written += step;
    }
    number[written] = '\0';
    return true;
}

static int read_real(const molt__scanner *scanner, bool negative, molt_value *value)
{
    size_t length = scanner->length;
    char last = scanner->text[length - 1];
    if (is_hex(scanner->text, length) && !has_any(scanner->text, length, "pP")) {
        return fail_number(scanner, "a hexadecimal fraction without its exponent");
    }
    bool has_suffix = strchr("fFlL", last) != NULL;
    char number[LONGEST_NUMBER];
    if (!localize(number, scanner->text, length - has_suffix)) {
        return fail_number(scanner, "which is too long");
    }
    char *end;
    double real = strtod(number, &end);
    if (*end != '\0') {
        return fail_number(scanner, "which is malformed");
    }
    if (isinf(real)) {
        return fail_number(scanner, "which is out of range for double");
    }
    /* In C the suffix rounds, even where the field is a double. */
    molt_value given = { .kind = MOLT_DOUBLE, .as.f64 = negative ? -real : real };
    if (last == 'f' || last == 'F') {
        char what[] = "the literal";
        int err = molt__value_convert(scanner->world, MOLT_FLOAT, given, value, what);
        return err != MOLT_OK ? fail_number(scanner, "which is out of range for float") : MOLT_OK;
    }
    *value = given;
    return MOLT_OK;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

/* u, l, ll and what they combine to, in either order and case. */
static bool is_whole_suffix(const char *text, size_t length)
{
    static const char *const suffixes[] = {
        "", "u", "U", "l", "L", "ll", "LL", "ul", "uL", "Ul", "UL", "lu", "lU", "Lu", "LU",
        "ull", "uLL", "Ull", "ULL", "llu", "llU", "LLu", "LLU",
    };
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        if (strlen(suffixes[i]) == length && memcmp(suffixes[i], text, length) == 0) {
            return true;
        }
    }
    return false;
}

static int read_whole(const molt__scanner *scanner, bool negative, molt_value *value)
{
    const char *text = scanner->text;
    size_t length = scanner->length;
    size_t at = is_hex(text, length) ? 2 : 0;
    int base = at != 0 ? 16 : text[0] == '0' ? 8 : 10;
    uint64_t whole = 0;
    for (; at < length && digit_of(text[at]) < base; at++) {
        uint64_t digit = (uint64_t)digit_of(text[at]);
        if (whole > (UINT64_MAX - digit) / (uint64_t)base) {
            return fail_number(scanner, "which is out of range for every integer type");
        }
        whole = whole * (uint64_t)base + digit;
    }
    if (!is_whole_suffix(text + at, length - at)) {
        return fail_number(scanner, base == 8 && text[1] >= '0' && text[1] <= '9'
                                        ? "which is octal because it begins with 0"
                                        : "which is malformed");
    }
    if (!negative) {
        *value = (molt_value){ .kind = MOLT_UINT64, .as.u64 = whole };
    } else if (whole <= (uint64_t)INT64_MAX + 1) {
        *value = (molt_value){ .kind = MOLT_INT64, .as.i64 = (int64_t)(0 - whole) };
    } else {
        return fail_number(scanner, "which is out of range for every integer type when negative");
    }
    return MOLT_OK;
}

static int read_number(const molt__scanner *scanner, bool negative, molt_value *value)
{
    bool hex = is_hex(scanner->text, scanner->length);
    bool real = has_any(scanner->text, scanner->length, hex ? ".pP" : ".eE");
    return real ? read_real(scanner, negative, value) : read_whole(scanner, negative, value);
}

/* The character behind a backslash; `*at` moves behind it. -1: C has no such one. */
static int read_escape(const char **at)
{
    static const char letters[] = "abfnrtv\\'\"?";
    static const char meaning[] = "\a\b\f\n\r\t\v\\'\"?";
    const char *letter = strchr(letters, **at);
    if (letter != NULL) {
        *at += 1;
        return meaning[letter - letters];
    }
    int base = 8;
    int most = 3;
    if (**at == 'x') {
        *at += 1;
        base = 16;
        most = 2;
    }
    int code = 0;
    int count = 0;
    for (; count < most && digit_of(**at) < base; count++, (*at)++) {
        code = code * base + digit_of(**at);
    }
    return count > 0 && code <= UCHAR_MAX ? code : -1;
}

static int read_character(const molt__scanner *scanner, molt_kind kind, molt_value *value)
{
    const char *at = scanner->text + 1;
    const char *close = scanner->text + scanner->length - 1;
    int code = -1;
    if (*at == '\\') {
        at++;
        code = read_escape(&at);
    } else if (at < close) {
        code = (unsigned char)*at++;
    }
    if (code < 0 || at != close) {
        return molt__scan_expected(scanner, "one character of one byte between the quotes");
    }
    /* Beyond ASCII a char may be negative; a uint8_t means the byte. */
    bool is_byte = kind == MOLT_UINT8;
    *value = (molt_value){ .kind = MOLT_INT32, .as.i32 = is_byte ? code : (char)code };
    return MOLT_OK;
}

static bool read_sign(molt__scanner *scanner)
{
    bool negative = molt__scan_is(scanner, "-");
    if (negative || molt__scan_is(scanner, "+")) {
        molt__scan_next(scanner);
    }
    return negative;
}

static int read_any(molt__scanner *scanner, molt_kind kind, molt_value *value)
{
    const char *begin = scanner->text;
    bool negative = read_sign(scanner);
    if (scanner->token == MOLT__NUMBER) {
        return read_number(scanner, negative, value);
    }
    bool is_signed = begin != scanner->text;
    if (scanner->token == MOLT__CHARACTER && !is_signed) {
        return read_character(scanner, kind, value);
    }
    if ((molt__scan_is(scanner, "true") || molt__scan_is(scanner, "false")) && !is_signed) {
        *value = (molt_value){ .kind = MOLT_BOOL, .as.boolean = scanner->text[0] == 't' };
        return MOLT_OK;
    }
    return molt__scan_expected(scanner, is_signed ? "a number" : "a number, true, false or a character");
}

int molt__literal_read(molt__scanner *scanner, molt_kind kind, const char *name, molt_value *value)
{
    const char *begin = scanner->text;
    molt_value given;
    int err = read_any(scanner, kind, &given);
    if (err != MOLT_OK) {
        return err;
    }
    char what[MOLT__QUOTED + 16];
    char quoted[MOLT__QUOTED];
    snprintf(what, sizeof what, "field '%s'", molt__scan_quote(quoted, name, strlen(name)));
    if (molt__value_convert(scanner->world, kind, given, value, what) != MOLT_OK) {
        return molt__scan_fail(scanner, begin, "%s", molt_last_error(scanner->world));
    }
    molt__scan_next(scanner);
    return MOLT_OK;
}

int molt__literal_text(molt__scanner *scanner, char text[MOLT__MAX_DECLARATION], size_t *length)
{
    if (scanner->token != MOLT__TEXT_LITERAL) {
        return molt__scan_expected(scanner, "a text between double quotes");
    }
    const char *at = scanner->text + 1;
    const char *close = scanner->text + scanner->length - 1;
    *length = 0;
    while (at < close) {
        int code = (unsigned char)*at++;
        if (code == '\\') {
            code = read_escape(&at);
        }
        if (code < 0) {
            return molt__scan_expected(scanner, "a text with escapes that C has");
        }
        text[(*length)++] = (char)code;
    }
    molt__scan_next(scanner);
    return MOLT_OK;
}
