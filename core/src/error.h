/* error.h: how the core says what went wrong. */
#ifndef MOLT_SRC_ERROR_H
#define MOLT_SRC_ERROR_H

#include <molt/world.h>

enum { MOLT__ERROR_TEXT = 4096 };

typedef struct molt__error {
    int code;
    char text[MOLT__ERROR_TEXT];
    char hint[256];
} molt__error;

/* Records the error (and forgets the hint of an earlier one); returns `code`. */
int molt__fail(molt_world *world, int code, const char *format, ...) MOLT_PRINTF(3, 4);

/* Adds advice to the error just recorded. Returns its code. */
int molt__hint(molt_world *world, const char *format, ...) MOLT_PRINTF(2, 3);

/* Makes an error wait for the Lua frame or the host that entered C; the first stays. */
void molt__set_pending(molt_world *world, int code, const char *text);

#define MOLT__ASSERT(world, condition) \
    ((condition) ? (void)0 : molt__assertion((world), #condition, __FILE__, __LINE__))
void molt__assertion(const molt_world *world, const char *condition, const char *file, int line);

#endif
