/*
 * redraft.h: what a trait is to become by another declaration of its name.
 *
 *   world->traits   … current …            world->retired   draft, earlier versions
 *
 * A draft whose typed part differs is a trait of its own, another version, with its
 * own layout, methods and identity. It is in no list but `retired` until it takes
 * the place of the current one, which then is there. A version that was retired
 * before is taken up again, so that going to and fro makes no new layouts. When the
 * typed part is the same, the draft is partial: it has no methods, and what it has
 * goes into the current trait.
 */
#ifndef MOLT_SRC_REDRAFT_H
#define MOLT_SRC_REDRAFT_H

#include "trait.h"

/* By lines. NULL with an error; also where C text declares `current` and the typed
 * part differs, since C has the layout that it was compiled with. */
molt_trait *molt__redraft_lines(const molt_trait *current, const molt_trait_lines *lines);

/* By a C text, which was compiled for the other layout. Methods that are `kept` stay
 * declared as they are: in the text's slot of that name, or after all of the text's. */
molt_trait *molt__redraft_text(const molt_trait *current, molt_trait_text *text, molt__method *const *kept, size_t count);

/* Ends a draft that is not, or no longer, needed. Modules of one batch may share it: one
 * that has ended already is left alone. */
void molt__redraft_drop(molt_world *world, molt_trait *draft);

/* In every list of the world `to` takes the place of `from`, which is retired. */
void molt__redraft_replace(molt_world *world, molt_trait *from, molt_trait *to);

/* Exchanges what two declarations with the same typed part may differ in. */
void molt__redraft_exchange(molt_trait *a, molt_trait *b);

#endif
