/*
 * later.h: a reload that is asked for at a moment when none can be done.
 *
 *   a leaf call is in flight              nothing may change until it returns
 *   a module is being loaded or reloaded  by its setup, or by a migration
 *
 * It is noted, once for each module, the report says `deferred`, and the next
 * quiescent point does it: molt.tick, or the host's.
 */
#ifndef MOLT_SRC_LATER_H
#define MOLT_SRC_LATER_H

#include "module.h"

/* Can the module not be exchanged now? */
bool molt__later_needed(const molt_module *module);

/* Notes what is asked for. `report` may be NULL. */
void molt__later_ask(molt_module *module, const molt_reload_options *options, molt_reload_report *report);

/* The first that waits, which does so no more; NULL: none does. */
molt_module *molt__later_take(molt_world *world, molt_reload_options *options);

/* A quiescent point: does all of them. What is refused is in the log. */
void molt__later_run(molt_world *world);

#endif
