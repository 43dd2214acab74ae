/*
 * persist.h: state of a module that outlives its generations.
 *
 *   state 'score' of bike ─▶ block { int32_t wins; }              what older code sees
 *            └──── now ────▶ block { int32_t wins; double best; } ◀── score, in the image
 *
 * A block never moves and never goes before the module does: code of an earlier
 * generation that is still on the stack keeps its own. Setup works on a draft,
 * which becomes the block's content at the commit; a load that is refused leaves
 * the state alone.
 */
#ifndef MOLT_SRC_PERSIST_H
#define MOLT_SRC_PERSIST_H

#include <molt/handshake.h>

#include "reasons.h"

typedef struct molt__state molt__state;

/* A state that a setup has taken up, in a list. */
typedef struct molt__persist molt__persist;

/* Takes up a state for a load under way: *claim->place leads to the draft. On
 * failure the reason is noted. */
int molt__persist_claim(molt_world *world, molt__persist **list, const char *module, const molt_state_claim *claim,
                        molt__reasons *reasons);

/* The load succeeds. Cannot fail. */
void molt__persist_commit(molt_world *world, molt__persist **list);

/* Frees the list; what was not committed is forgotten. */
void molt__persist_free(molt_world *world, molt__persist **list);

/* The module is unloaded: the next load begins anew. */
void molt__states_end(molt_world *world, const char *module);

/* No image of the module is left that could know what has ended. */
void molt__states_forget(molt_world *world, const char *module);

void molt__states_free(molt_world *world);

#endif
