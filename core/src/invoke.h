/* invoke.h: a call of a native function whose signature is known at run time only. */
#ifndef MOLT_SRC_INVOKE_H
#define MOLT_SRC_INVOKE_H

#include "declaration.h"

/* Calls function(self, arguments…). `result` has the size of a register: whole
 * numbers are widened to it, as libffi does. False, and nothing has happened,
 * where the signature needs libffi. */
bool molt__invoke(molt_function function, void *self, const molt__declaration *declaration, void *const *arguments,
                  void *result);

#endif
