/*
 * slab.h: where bodies live.
 *
 *   slab (64 KB, aligned)         a cell: one body, or one attached block
 *   ┌──────┬──────┬──────┬───…
 *   │ cell │ cell │ cell │        cells of one stride; free ones are linked
 *   └──────┴──────┴──────┴───…
 *
 * A body's address is stable and its id is its place: slab number and position.
 * The generation in a body's header survives the reuse of the cell, which is why
 * a slab of bodies is never given back or cut anew before the world closes.
 */
#ifndef MOLT_SRC_SLAB_H
#define MOLT_SRC_SLAB_H

#include <molt/base.h>

enum {
    MOLT__SLAB_BYTES = 1 << 16,
    MOLT__SLAB_SLACK = 256,          /* for the allocator: glibc maps 132 KB for 64 KB that are aligned to it */
    MOLT__POSITION_BITS = 11,        /* at most 2^11 cells a slab: a stride of 40 fits 1,638 */
    MOLT__COMMON_BYTES = 1024,       /* strides up to here are found by index */
    MOLT__GENERATION_BITS = 21       /* with 32 bits of place: 53, a double */
};

typedef struct molt__slab {
    char *memory;
    size_t bytes;
    uint32_t stride;
    uint32_t cells;
    uint32_t fresh;                  /* cells from here on were never used */
    uint32_t number;                 /* in molt__slabs.slab; bodies only */
} molt__slab;

typedef struct molt__pool {          /* all the slabs of one stride */
    uint32_t stride;
    bool bodies;
    void *free;                      /* linked through the first word past the header, or the first */
    molt__slab *current;             /* where fresh cells come from */
} molt__pool;

/* Slabs of bodies, by number or hashed by address. Workers look things up in it, so
 * one that got too small stays until the world closes: 8 bytes for 64 KB. */
typedef struct molt__directory {
    struct molt__directory *before;
    size_t capacity;                 /* a power of two */
    molt__slab *slab[];
} molt__directory;

typedef struct molt__slabs {
    size_t count;                    /* slabs of bodies */
    molt__directory *by_number;
    molt__directory *by_address;
    molt__slab **raw;                /* slabs of attached blocks */
    size_t raw_count;
    size_t raw_capacity;
    molt__pool *common[2][MOLT__COMMON_BYTES / 8 + 1];   /* pools by stride: cells, bodies */
    molt__pool **large;              /* pools of greater strides */
    size_t large_count;
    size_t large_capacity;
} molt__slabs;

/* The pool for bodies (or other cells) of at least `size` bytes. */
molt__pool *molt__pool_for(molt_world *world, size_t size, bool bodies);

/* A cell. A body's header keeps its generation (at least 1), the rest is
 * undefined. NULL when there is no memory. */
void *molt__cell_new(molt_world *world, molt__pool *pool);
void molt__cell_free(molt__pool *pool, void *cell);

/* The pool of a body, by its slab. */
molt__pool *molt__body_pool(molt_world *world, const molt_object *body);

/* Small memory of known size from the pools. */
void *molt__small_new(molt_world *world, size_t size);
void molt__small_free(molt_world *world, void *memory, size_t size);

/* Place of a body, from 1; and the body at a place, or NULL. */
uint32_t molt__slab_place(const molt_world *world, const molt_object *body);
molt_object *molt__slab_at(const molt_world *world, uint32_t place);

void molt__slabs_free(molt_world *world);

#endif
