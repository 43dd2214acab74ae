/*
 * limbo.h: memory that C may still reach until the next quiescent point.
 *
 * Bodies, attached blocks and private vtables of what has ended wait here. Room
 * is reserved when a thing is made, so that ending it cannot fail.
 */
#ifndef MOLT_SRC_LIMBO_H
#define MOLT_SRC_LIMBO_H

#include <molt/base.h>

typedef struct molt__limbo_item {
    void *memory;
    size_t size;                     /* of a cell; 0 for a body */
} molt__limbo_item;

typedef struct molt__limbo {
    molt__limbo_item *item;
    size_t count;
    size_t capacity;
    size_t promised;                 /* things alive that may come here */
} molt__limbo;

/* Promises room for one more thing; undone by molt__limbo_forget. */
int molt__limbo_promise(molt_world *world);
void molt__limbo_forget(molt_world *world);

/* Puts a promised thing in limbo, or frees it at once where nobody can hold it. */
void molt__limbo_put(molt_world *world, void *memory, size_t size);

/* Frees what waits. */
void molt__limbo_flush(molt_world *world);
void molt__limbo_free(molt_world *world);

#endif
