/*
 * reasons.h: why something is refused: all of it, not the first that was found.
 *
 * Adding never fails. Where there is no memory for another reason it is counted,
 * and the first has room of its own: so a refusal always says something true.
 */
#ifndef MOLT_SRC_REASONS_H
#define MOLT_SRC_REASONS_H

#include <molt/module.h>

enum { MOLT__REASON_ROOM = 1024 };

typedef struct molt__reasons {
    molt_reason *item;               /* `count` of them; texts are owned, but for those in `room` */
    size_t count;
    size_t capacity;
    size_t last;                     /* place of what was added last, or was there already */
    size_t lost;                     /* that there was no memory for */
    bool told;                       /* they are complete, and the world's last error says so */
    molt_reason first;               /* where there was none even for the list */
    char room[MOLT__REASON_ROOM];
} molt__reasons;

/* Is there any? */
static inline bool molt__reasons_any(const molt__reasons *reasons)
{
    return reasons->count || reasons->lost;
}

/* Adds a reason, unless it is there; returns its code. */
int molt__reasons_add(molt_world *world, molt__reasons *reasons, int code, const char *format, ...) MOLT_PRINTF(4, 5);

/* Adds advice to the reason that was added last. */
void molt__reasons_hint(molt_world *world, molt__reasons *reasons, const char *format, ...) MOLT_PRINTF(3, 4);

/* The reason is the error that the world has just recorded, with its hint. Returns its code. */
int molt__reasons_take(molt_world *world, molt__reasons *reasons);

/* Puts "NAME: " before those from place `from` on that do not say whose they are. */
void molt__reasons_of(molt_world *world, molt__reasons *reasons, size_t from, const char *name);

/* The list, and how many it has. */
const molt_reason *molt__reasons_list(const molt__reasons *reasons, size_t *count);

/* Records the error that they come to: "FILE: refused" and `meanwhile`, then all of
 * them. One that names the file itself, and is alone, stands as it is. Returns the
 * code of the first. */
int molt__reasons_fail(molt_world *world, molt__reasons *reasons, const char *file, const char *meanwhile);

void molt__reasons_free(molt_world *world, molt__reasons *reasons);

#endif
