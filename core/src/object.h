/* object.h: the life of an object in the core. */
#ifndef MOLT_SRC_OBJECT_H
#define MOLT_SRC_OBJECT_H

#include <molt/object.h>

#include "atomic.h"
#include "shape.h"

typedef enum molt__object_flag {
    MOLT__HOST = 1,                  /* made by the host, lives until it destroys it */
    MOLT__PATCHED = 2,               /* has, or had, vtables of its own */
    MOLT__MOVED = 4,                 /* its body is not where its record is */
    MOLT__BODY = 8,                  /* a body only: the record is its peer */
    MOLT__VIEWED = 16,               /* the Lua side made views of it */
    MOLT__NEWBORN = 32,              /* its table is not registered yet: no sweep may end it */
    MOLT__ARMED = 64,                /* the Lua side has hooks to run when it loses a trait or ends */
    MOLT__UNSEEN = 128,              /* the host's, and Lua has made no table for it yet */
    MOLT__PINNED = 256               /* the Lua side holds its table */
} molt__object_flag;

/* A new object of the shape, registered, MOLT__NEWBORN until its maker clears
 * that; NULL when there is no memory. Leaf. */
molt_object *molt__object_create(molt_shape *shape);

/* Ends an object of which the Lua side knows already. Leaf. */
void molt__object_end(molt_object *object);

/* Sets a flag, or clears it; workers read them meanwhile. */
static inline void molt__object_mark(molt_object *object, uint32_t flag)
{
    MOLT__STORE(&object->flags, object->flags | flag);
}

static inline void molt__object_unmark(molt_object *object, uint32_t flag)
{
    MOLT__STORE(&object->flags, object->flags & ~flag);
}

/* The record of a body that may be a moved one. */
static inline molt_object *molt__object_record(molt_object *body)
{
    return body->flags & MOLT__BODY ? body->peer : body;
}

/* Is the object alive? Records MOLT_ERR_DESTROYED when it is not. */
int molt__object_check(const molt_object *object);

/* "Car#12", at most `size` bytes. */
const char *molt__object_name(const molt_object *object, char *text, size_t size);

/* Gives the object the blocks and vtables of another shape of its class and
 * layout; all or nothing. Leaf. */
int molt__object_enter(molt_object *object, molt_shape *to);

/*
 * molt_object.attached:  [0] the shape that says what the others are  [1] block  [2] …
 *
 * A worker that has read the object's shape may find here the blocks of the next:
 * then it goes by the shape in [0]. The size for a shape; 0: there is none.
 */
static inline size_t molt__attached_bytes(const molt_shape *shape)
{
    return shape->block_count ? (shape->block_count + 1) * sizeof(void *) : 0;
}

/* One with its shape and no blocks yet; and its end, when no object has it any more. */
void **molt__attached_new(molt_shape *shape);
void molt__attached_end(const molt_shape *shape, void **attached);

#endif
