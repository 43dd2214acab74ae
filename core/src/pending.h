/*
 * pending.h: what a leaf function asked for, to be done after it returns.
 *
 * While a leaf call is in flight nothing may change a life or reach Lua, so a
 * request is noted here and the border's pending word is set; the thunk that
 * made the call looks at the word and drains.
 */
#ifndef MOLT_SRC_PENDING_H
#define MOLT_SRC_PENDING_H

#include <molt/object.h>

typedef enum molt__pending_kind { MOLT__PENDING_PIN, MOLT__PENDING_UNPIN, MOLT__PENDING_DESTROY } molt__pending_kind;

typedef struct molt__pending {
    molt__pending_kind kind;
    molt_ref object;
} molt__pending;

int molt__pending_add(molt_world *world, molt__pending_kind kind, const molt_object *object);
void molt__pending_drain(molt_world *world);
void molt__pending_free(molt_world *world);

#endif
