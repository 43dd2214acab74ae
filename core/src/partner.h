/* partner.h: a world and the binding that uses it find each other and part. */
#ifndef MOLT_SRC_PARTNER_H
#define MOLT_SRC_PARTNER_H

#include "bridge.h"

/* Traces know where the border is, and finalizers of the Lua state run after
 * everything else: so from now on the border is at `border`, which is the Lua
 * state's own memory. */
void molt__world_join(molt_world *world, const molt__bridge *bridge, void *user, molt_border *border);

/* The Lua side goes, or the world closes: objects that scripts made end, fills by
 * Lua answer no more; the host's objects and native code live on. What is left at
 * the joined border says that the world is closed. */
void molt__world_part(molt_world *world);

/* The functions that the Lua side calls through FFI. */
void molt__entry_fill(molt_entry *entry, molt_world *world);

#endif
