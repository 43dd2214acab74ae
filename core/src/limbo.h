/*
 * limbo.h: memory that C may still reach until the next quiescent point, and
 * workers until each has passed one of its own.
 *
 * Bodies, attached blocks and private vtables of what has ended wait here. For
 * blocks and vtables room is reserved when they are made, so that ending one
 * cannot fail; bodies are linked through the word that led to their blocks.
 */
#ifndef MOLT_SRC_LIMBO_H
#define MOLT_SRC_LIMBO_H

#include <molt/base.h>

typedef struct molt__limbo_item {
    void *memory;
    size_t size;
} molt__limbo_item;

/* The head of something that is linked: see molt__limbo_link. */
typedef struct molt__waiting {
    struct molt__waiting *next;
    size_t size;
} molt__waiting;

typedef struct molt__limbo {
    molt__limbo_item *item;
    size_t count;
    size_t capacity;
    size_t promised;                 /* things alive that may come here */
    molt_object *bodies;             /* linked through `attached` */
    molt__waiting *linked;
    struct {                         /* what waits for a period of grace: the first of the above */
        uint64_t mark;
        bool waits;
        size_t count;                /* of `item` */
        molt_object *bodies;
        molt__waiting *linked;
    } leaving;
} molt__limbo;

/* May C still look at what ends now? */
bool molt__limbo_needed(const molt_world *world);

/* Promises room for one more thing; undone by molt__limbo_forget. */
int molt__limbo_promise(molt_world *world);
void molt__limbo_forget(molt_world *world);

/* Puts a promised thing in limbo, or frees it at once where nobody can hold it. */
void molt__limbo_put(molt_world *world, void *memory, size_t size);

/* The same for a body, which needs no promise. Its `attached` is lost. */
void molt__limbo_body(molt_world *world, molt_object *body);

/* The same for what the owner's own code cannot reach any more: without workers it
 * is freed at once. Linked memory was got by molt__allocate, and needs no promise. */
void molt__limbo_put_shared(molt_world *world, void *memory, size_t size);
void molt__limbo_link(molt_world *world, molt__waiting *waiting, size_t size);

/* Linked memory that the owner's handles may still lead to. */
void molt__limbo_keep(molt_world *world, molt__waiting *waiting, size_t size);

/* A quiescent point of the owner's: frees what waits, or begins to wait for workers. */
void molt__limbo_flush(molt_world *world);
void molt__limbo_free(molt_world *world);

#endif
