/* arrive.h: slots that native code calls and that no native function fills: how its
 * arguments are taken, without libffi where that can be. */
#ifndef MOLT_SRC_ARRIVE_H
#define MOLT_SRC_ARRIVE_H

#include "trait.h"

/* The function for the method's slot; NULL where its signature needs libffi, or the
 * processor's calling convention is another. It calls molt__closure_enter. */
molt_function molt__arrive_by(const molt__method *method);

#endif
