/*
 * move.h: one object's move to a new body.
 *
 *   object ── peer ─▶ body before (limbo)         prepared: nobody sees it
 *        └─── after the install ─▶ body ◀─ blocks of the layout, attached blocks
 */
#ifndef MOLT_SRC_MOVE_H
#define MOLT_SRC_MOVE_H

#include "migrate.h"

/* The block that a part of `to` has in the new body, or attached to it. */
molt_block *molt__move_block(const molt__move *move, const molt__part *part);

/* The new body with the present values, its blocks, and the object's patches. What a
 * failure leaves is for molt__move_drop. */
int molt__move_make(molt_world *world, molt__move *move);
void molt__move_drop(molt_world *world, const molt__move *move);

/* The object has the new body; cannot fail. */
void molt__move_install(molt_world *world, const molt__move *move);

#endif
