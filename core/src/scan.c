#include "scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

/* Not those of <ctype.h>, which follow the host's locale. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A byte of a UTF-8 character behind its first. */
static bool continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

int molt__scan_begin(molt__scanner *scanner, molt_world *world, const char *line)
{
    *scanner = (molt__scanner){ .world = world, .line = line, .text = line };
    size_t length = strlen(line);
    if (length > MOLT__MAX_DECLARATION) {
        char quoted[MOLT__QUOTED];
        return molt__fail(world, MOLT_ERR_DECLARATION,
                          "a declaration has at most %d characters, this one has %zu:\n  %s",
                          (int)MOLT__MAX_DECLARATION, length, molt__scan_quote(quoted, line, length));
    }
    molt__scan_next(scanner);
    return MOLT_OK;
}

/* Behind white space and comments; at a comment that is never closed. */
static const char *skip_space(const char *at)
{
    for (;;) {
        if (is_space(*at)) {
            at++;
        } else if (at[0] == '/' && at[1] == '/') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *close = strstr(at + 2, "*/");
            if (close == NULL) {
                return at;
            }
            at = close + 2;
        } else {
            return at;
        }
    }
}

static size_t word_length(const char *at)
{
    size_t length = 1;
    while (is_letter(at[length]) || is_digit(at[length])) {
        length++;
    }
    return length;
}

static size_t number_length(const char *at)
{
    size_t length = 1;
    for (;;) {
        char c = at[length];
        bool sign = (c == '+' || c == '-') && strchr("eEpP", at[length - 1]) != NULL;
        if (!sign && !is_letter(c) && !is_digit(c) && c != '.') {
            return length;
        }
        length++;
    }
}

/* 0 when it is never closed. */
static size_t quoted_length(const char *at)
{
    size_t length = 1;
    while (at[length] != *at) {
        if (at[length] == '\\') {
            length++;
        }
        if (at[length] == '\0' || at[length] == '\n') {
            return 0;
        }
        length++;
    }
    return length + 1;
}

static size_t mark_length(const char *at)
{
    size_t length = 1;
    while (continues(at[length])) {
        length++;
    }
    return length;
}

static void found(molt__scanner *scanner, molt__token token, size_t length)
{
    scanner->token = token;
    scanner->length = length;
}

void molt__scan_next(molt__scanner *scanner)
{
    const char *at = skip_space(scanner->text + scanner->length);
    scanner->text = at;
    if (*at == '\0') {
        found(scanner, MOLT__END, 0);
    } else if (is_letter(*at)) {
        found(scanner, MOLT__WORD, word_length(at));
    } else if (is_digit(*at) || (*at == '.' && is_digit(at[1]))) {
        found(scanner, MOLT__NUMBER, number_length(at));
    } else if (*at == '\'' || *at == '"') {
        size_t length = quoted_length(at);
        molt__token token = *at == '"' ? MOLT__TEXT_LITERAL : MOLT__CHARACTER;
        found(scanner, length != 0 ? token : MOLT__OPEN_QUOTE, length != 0 ? length : strlen(at));
    } else if (at[0] == '/' && at[1] == '*') {
        found(scanner, MOLT__OPEN_COMMENT, strlen(at));
    } else {
        found(scanner, MOLT__MARK, mark_length(at));
    }
}

bool molt__scan_is(const molt__scanner *scanner, const char *text)
{
    return strlen(text) == scanner->length && memcmp(text, scanner->text, scanner->length) == 0 &&
           scanner->token != MOLT__END;
}

/* One printable line: every control character is a blank, so columns stay. */
static void write_line(char *place, const char *line)
{
    for (; *line != '\0'; line++) {
        bool control = (unsigned char)*line < ' ' || *line == 0x7F;
        *place++ = control ? ' ' : *line;
    }
    *place = '\0';
}

static int column_of(const char *line, const char *at)
{
    int column = 0;
    for (; line < at; line++) {
        column += !continues(*line);
    }
    return column;
}

int molt__scan_fail(const molt__scanner *scanner, const char *at, const char *format, ...)
{
    char message[512] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);

    char line[MOLT__MAX_DECLARATION + 1];
    write_line(line, scanner->line);
    return molt__fail(scanner->world, MOLT_ERR_DECLARATION, "%s\n  %s\n  %*s^", message, line,
                      column_of(scanner->line, at), "");
}

int molt__scan_expected(const molt__scanner *scanner, const char *what)
{
    char quoted[MOLT__QUOTED];
    switch (scanner->token) {
    case MOLT__END:
        return molt__scan_fail(scanner, scanner->text, "expected %s, found the end of the line", what);
    case MOLT__OPEN_COMMENT:
        return molt__scan_fail(scanner, scanner->text, "expected %s, found a comment that is never closed", what);
    case MOLT__OPEN_QUOTE:
        return molt__scan_fail(scanner, scanner->text, "expected %s, found a quote that is never closed", what);
    default:
        molt__scan_quote(quoted, scanner->text, scanner->length);
        return molt__scan_fail(scanner, scanner->text, "expected %s, found '%s'", what, quoted);
    }
}

const char *molt__scan_quote(char quoted[MOLT__QUOTED], const char *text, size_t length)
{
    size_t kept = length;
    if (kept > MOLT__QUOTED - 4) {
        kept = MOLT__QUOTED - 4;
        while (kept > 0 && continues(text[kept])) {
            kept--;
        }
    }
    for (size_t i = 0; i < kept; i++) {
        quoted[i] = (unsigned char)text[i] < ' ' ? ' ' : text[i];
    }
    strcpy(quoted + kept, kept < length ? "..." : "");
    return quoted;
}
