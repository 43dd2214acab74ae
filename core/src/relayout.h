/* relayout.h: a class gains or loses a trait, its live instances included. */
#ifndef MOLT_SRC_RELAYOUT_H
#define MOLT_SRC_RELAYOUT_H

#include <molt/trait.h>

/* Adds a trait to a class, and where `impl` is not NULL a fill by it: both, for
 * the class, its extensions and every live instance, or nothing at all. */
int molt__relayout_add(molt_class *cls, molt_trait *trait, molt_impl *impl);
int molt__relayout_remove(molt_class *cls, molt_trait *trait);

#endif
