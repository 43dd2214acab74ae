/*
 * release.h: whatever uses a module loses what it provides, before the module goes.
 *
 *   check     can all of it do without? every reason why not, and nothing has changed
 *   objects   lose the traits that its implementations came with
 *   classes   lose the implementations, and the traits that nobody fills then
 *
 * After the check, hooks run. What one of them raises is kept for the end: by then
 * others have lost theirs, which cannot be undone, so all of it is done.
 */
#ifndef MOLT_SRC_RELEASE_H
#define MOLT_SRC_RELEASE_H

#include "error.h"
#include "module.h"
#include "shape.h"

/* Traits that classes are not complete without: piece i is what cls[i] loses; those of
 * one class lie side by side. */
typedef struct molt__losses {
    molt__attached *piece;
    molt_class **cls;
    size_t count;
    size_t piece_capacity, cls_capacity;
} molt__losses;

/* How many pieces from place `i` on are of one class. */
size_t molt__losses_group(const molt__losses *losses, size_t i);

int molt__losses_find(const molt_module *module, molt__losses *losses);
void molt__losses_free(molt_world *world, molt__losses *losses);

/* Adds what speaks against it to the reasons. MOLT_OK: nothing does. */
int molt__release_check(const molt_module *module, molt__reasons *reasons);

/* Does it. The first error of what could not be done, or of a hook; what is left then
 * still uses the module. */
int molt__release(const molt_module *module, char *text, size_t size);

#endif
