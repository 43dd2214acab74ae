/*
 * later.h: what is asked of modules at a moment when it cannot be done.
 *
 *   a leaf call is in flight              nothing may change until it returns
 *   a module is being loaded or reloaded  by its setup, or by a migration
 *   native methods are on the stack       and the change gives live objects new bodies
 *
 * It is noted, in the order of asking; the report says `deferred`, and the next
 * quiescent point does it: molt.tick, or the host's. What is asked for while that
 * happens waits for the one after.
 */
#ifndef MOLT_SRC_LATER_H
#define MOLT_SRC_LATER_H

#include "module.h"

typedef enum molt__later_kind {
    MOLT__LATER_RELOAD = 1, MOLT__LATER_ROLLBACK, MOLT__LATER_BATCH, MOLT__LATER_UNLOAD
} molt__later_kind;

typedef struct molt__later {
    molt__later_kind kind;
    molt_module **modules;           /* one, but for a batch */
    size_t count;
    molt_reload_options options;     /* of an unload: `flags` are molt_unload_flag */
} molt__later;

/* Can modules not be exchanged now? */
bool molt__later_needed(const molt_world *world);

/* Notes what is asked for, unless it is what was asked last of these modules. `options`
 * and `reports` may be NULL. Fails for want of memory only. */
int molt__later_ask(molt__later_kind kind, molt_module *const *modules, size_t count, const molt_reload_options *options,
                    molt_reload_report *reports);

/* A quiescent point begins: what waits by now is due. How many are. */
size_t molt__later_due(molt_world *world);

/* The first that is due, whose modules become the caller's to give back; false: none. */
bool molt__later_take(molt_world *world, molt__later *item);
void molt__later_end(molt_world *world, molt__later *item);

/* A quiescent point: does all that is due. What is refused is in the log. */
void molt__later_run(molt_world *world);

/* Whoever ticks has done so already: the next run does nothing. */
void molt__later_skip(molt_world *world);

void molt__later_free(molt_world *world);

#endif
