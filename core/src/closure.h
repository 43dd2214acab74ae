/*
 * closure.h: functions for the slots that no plain native function can fill:
 * Lua's, patched ones, missing ones, and native ones that take another trait's
 * handle. They are there (arrive.h), or made at run time by libffi.
 */
#ifndef MOLT_SRC_CLOSURE_H
#define MOLT_SRC_CLOSURE_H

#include "trait.h"

#include <ffi.h>

typedef struct molt__closure {
    ffi_cif cif;
    ffi_type *types[MOLT__MAX_PARAMETERS + 1];
    ffi_closure *closure;            /* NULL where arrive.h has a function */
    molt_function function;          /* what goes into the slot */
    molt__method *method;
} molt__closure;

/* The method's closure, made on first use. NULL when there is no memory. */
molt__closure *molt__closure_for(molt__method *method);
void molt__closure_free(molt_world *world, molt__closure *closure);

/* A call of one method as the binding sees it. */
typedef struct molt__call {
    molt__method *method;
    molt_block *self;
    molt_definition *definition;     /* what the slot resolved to; NULL: missing */
    bool patched;                    /* look at the object's own table first */
    void **arguments;                /* libffi's, without self */
    void *result;                    /* ffi_arg-sized where the type is smaller */
    bool only;                       /* this definition, whatever the slot holds: one of several */
} molt__call;

/* What C code reaches when it calls a slot that holds a closure. `arguments` point
 * at each, `result` at memory of a register's size. */
void molt__closure_enter(molt__method *method, molt_block *self, void **arguments, void *result);

/* Calls a native definition with libffi's arguments, on whichever block it takes;
 * leaves a pending error, and the result alone, when that block is gone. */
void molt__closure_native(const molt__call *call);

/* Calls whatever the definition is: native, Lua's, or all of several. */
void molt__closure_definition(const molt__call *call);

/* Stores a result the way libffi wants it (small integers widened). */
void molt__closure_result(void *result, molt_value value);
molt_value molt__closure_argument(molt_kind kind, const void *argument);

#endif
