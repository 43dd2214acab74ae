/*
 * evolve.h: traits are declared again, live instances included, all or nothing.
 *
 *   Vehicle ─▶ version 1 ── old shapes, bodies in limbo, C handles until the tick
 *           ─▶ version 2 ── classes, implementations, shapes of live objects
 *
 * A trait whose typed part changes gets another version (redraft.h) that takes the
 * place of the earlier one in every list at once. What had the earlier version keeps
 * it, and with it a layout and methods that agree. When the typed part stays, the
 * trait stays, too, and only its contents are exchanged. Several traits may change in
 * one step, and with them what native code fills: a module and its next generation.
 *
 *   draft ─▶ reasons (what speaks against it; nothing has changed)
 *         ─▶ prepare (everything that can fail) ─▶ commit (stores), or cancel
 *
 * Between prepare and what ends it nothing else may run.
 */
#ifndef MOLT_SRC_EVOLVE_H
#define MOLT_SRC_EVOLVE_H

#include "impl.h"
#include "reasons.h"
#include "overhaul.h"

/* One trait and what it is to be. */
typedef struct molt__rewriting {
    molt_trait *current;
    molt_trait *draft;               /* stays the caller's to drop, either way */
    const molt_fill *fills;          /* of the trait's own methods; references are the caller's until commit */
    size_t fill_count;
    const char *const *dropped;      /* names of its own methods that go */
    size_t dropped_count;
    molt_migrate *migrate;           /* for each object; NULL: by the rules */
} molt__rewriting;

struct molt__revalue;

typedef struct molt__evolution {
    molt_world *world;
    const molt__rewriting *rewritings;
    size_t count;
    molt__impl_change *natives;      /* of any traits; `functions` by the slots of the draft */
    size_t native_count;
    bool judged;                     /* see molt__migration */
    bool every;                      /* see molt__overhaul */

    /* its own */
    struct molt__rewrite *rewrites;
    struct molt__revalue *values;    /* field values of implementations */
    size_t value_count;
    size_t value_room;
    molt__succession *successions;
    size_t succession_count;
    molt__migrator *migrators;
    size_t migrator_count;
    molt__overhaul overhaul;
} molt__evolution;

/* Adds a reason for each field of live objects that does not fit, or that they lack
 * and must have, whatever the values are. Changes nothing. */
void molt__evolution_reasons(const molt__rewriting *rewriting, molt__reasons *reasons);

/* On an error everything is as it was. */
int molt__evolution_prepare(molt__evolution *evolution);
/* The former definitions of `natives` are for molt__impl_release. */
void molt__evolution_commit(molt__evolution *evolution);
void molt__evolution_cancel(molt__evolution *evolution);

/* Bodies must not change under native methods on the stack. */
bool molt__evolution_must_wait(const molt_trait *trait);

#endif
