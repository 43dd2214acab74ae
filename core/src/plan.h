/*
 * plan.h: what an offer means for what is there: what stays, comes, changes, goes.
 *
 *   was filled   is filled   in use       comes to
 *       x            x                    kept
 *                    x                    added
 *       x                                 dropped
 *       x                      x          refused, or buried where tombstones were asked for
 *
 * Making a plan changes nothing; the offer is completed by what it has to say of
 * implementations that it no longer has.
 */
#ifndef MOLT_SRC_PLAN_H
#define MOLT_SRC_PLAN_H

#include "module.h"

typedef struct molt__plan {
    molt_reload_change *change;
    size_t count;
    size_t capacity;
} molt__plan;

/* Compares the offer for generation `number` with what the module provides now; what
 * speaks against it is added to the offer's reasons. */
void molt__plan_make(const molt_module *module, molt__offer *offer, uint32_t number, molt__plan *plan);

void molt__plan_free(molt_world *world, molt__plan *plan);

#endif
