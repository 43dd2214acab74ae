/* partner.h: a world and the binding that uses it find each other and part. */
#ifndef MOLT_SRC_PARTNER_H
#define MOLT_SRC_PARTNER_H

#include "bridge.h"

void molt__world_join(molt_world *world, const molt__bridge *bridge, void *user);

/* The Lua side goes first: objects that scripts made end, fills by Lua answer no
 * more; the host's objects and native code live on. */
void molt__world_part(molt_world *world);

/* The struct of a closed world whose border traces may still read. */
void molt__world_free_shell(molt_world *world);

/* The functions that the Lua side calls through FFI. */
void molt__entry_fill(molt_entry *entry, molt_world *world);

#endif
