/*
 * stale.h: addresses that images had which are gone.
 *
 *   ──┤ motorcycle g3 ├──┤ g4 ├────────┤ motorcycle g5, serves ├──
 *       reserved: any     reserved
 *       access faults, and the fault is named
 *
 * In development the last 64 of a world stay reserved and inaccessible, so that
 * nothing else comes to lie there and a pointer that somebody kept is caught:
 * "stale call into motorcycle, generation 3". The process then ends as it would
 * have ended anyway.
 *
 * A signal handler belongs to the process, so the list of worlds that it looks
 * through does too. It is the only such list.
 */
#ifndef MOLT_SRC_STALE_H
#define MOLT_SRC_STALE_H

#include <molt/handshake.h>

#include "span.h"

enum { MOLT__STALE_KEPT = 64 };

typedef struct molt__stale_range {
    molt__span span;
    uint32_t generation;
    char module[MOLT_NOTE_NAME];
} molt__stale_range;

typedef struct molt__stale {
    struct molt__stale *next;        /* of another world */
    uint32_t made;                   /* ever; the oldest makes room */
    molt__stale_range range[MOLT__STALE_KEPT];
} molt__stale;

/* Keeps a stretch that molt__span_take took. It is released when 64 others follow,
 * or with the world. */
void molt__stale_keep(molt__stale *stale, const char *module, uint32_t generation, molt__span span);

size_t molt__stale_count(const molt__stale *stale);

/* The handler watches the stretches of this world, or no longer does and they are
 * released. Once each. */
void molt__stale_watch(molt__stale *stale);
void molt__stale_end(molt__stale *stale);

#endif
