/*
 * scan.h: the words and marks of a declaration, and complaints about them.
 *
 *   double range(double load);  // C
 *   ──W─── ──W──M──W─── ─W──MM  END
 */
#ifndef MOLT_SRC_SCAN_H
#define MOLT_SRC_SCAN_H

#include <molt/base.h>

enum { MOLT__MAX_DECLARATION = 600 };    /* characters; an error has room to quote them */

typedef enum molt__token {
    MOLT__END,
    MOLT__WORD,
    MOLT__NUMBER,                    /* whatever C's preprocessor takes for one */
    MOLT__CHARACTER,                 /* with its quotes */
    MOLT__TEXT_LITERAL,              /* likewise */
    MOLT__MARK,                      /* one character of anything else */
    MOLT__OPEN_COMMENT,              /* never closed: it reaches to the end */
    MOLT__OPEN_QUOTE
} molt__token;

typedef struct molt__scanner {
    molt_world *world;
    const char *line;
    molt__token token;               /* the present one */
    const char *text;
    size_t length;
} molt__scanner;

/* Stands on the first token. The line is not copied. MOLT_ERR_DECLARATION when
 * it is too long. */
int molt__scan_begin(molt__scanner *scanner, molt_world *world, const char *line);
void molt__scan_next(molt__scanner *scanner);

/* Is the present token this word, or this mark? */
bool molt__scan_is(const molt__scanner *scanner, const char *text);

/* MOLT_ERR_DECLARATION: the message, the line, and a caret under `at`. */
int molt__scan_fail(const molt__scanner *scanner, const char *at, const char *format, ...) MOLT_PRINTF(3, 4);

/* The same at the present token: "expected …, found 'x'". */
int molt__scan_expected(const molt__scanner *scanner, const char *what);

/* A part of the line as a message quotes it: long ones are cut. */
enum { MOLT__QUOTED = 48 };
const char *molt__scan_quote(char quoted[MOLT__QUOTED], const char *text, size_t length);

#endif
