#include "slab.h"

#include "error.h"
#include "memory.h"
#include "poison.h"
#include "world_state.h"

#include <string.h>

/* A free cell's link lies behind the words that must survive: the slot and the
 * generation of a body; nothing, for other cells. */
static void **link_of(const molt__pool *pool, void *cell)
{
    return (void **)((char *)cell + (pool->bodies ? offsetof(molt_object, shape) : 0));
}

/* Whoever reads more of a free cell than its slot and generation is wrong. */
static void poison(const molt__pool *pool, void *cell)
{
    size_t kept = (size_t)((char *)link_of(pool, cell) - (char *)cell);
    MOLT__POISON((char *)cell + kept, pool->stride - kept);
}

static uint32_t stride_for(size_t size)
{
    size_t step = size <= MOLT__COMMON_BYTES ? 8 : 256;
    return (uint32_t)((size + step - 1) / step * step);
}

static molt__pool *pool_make(molt_world *world, uint32_t stride, bool bodies)
{
    molt__pool *pool = molt__allocate(world, sizeof *pool);
    if (pool) {
        pool->stride = stride;
        pool->bodies = bodies;
    }
    return pool;
}

static molt__pool *large_pool(molt_world *world, uint32_t stride, bool bodies)
{
    molt__slabs *slabs = &world->slabs;
    for (size_t i = 0; i < slabs->large_count; i++) {
        molt__pool *pool = slabs->large[i];
        if (pool->stride == stride && pool->bodies == bodies) return pool;
    }
    if (molt__reserve(world, (void **)&slabs->large, &slabs->large_capacity, slabs->large_count + 1,
                      sizeof *slabs->large)) return NULL;
    molt__pool *pool = pool_make(world, stride, bodies);
    if (pool) slabs->large[slabs->large_count++] = pool;
    return pool;
}

molt__pool *molt__pool_for(molt_world *world, size_t size, bool bodies)
{
    uint32_t stride = stride_for(size);
    if (stride > MOLT__COMMON_BYTES) return large_pool(world, stride, bodies);
    molt__pool **place = &world->slabs.common[bodies][stride / 8];
    if (!*place) *place = pool_make(world, stride, bodies);
    return *place;
}

/* Fibonacci hashing (Knuth, TAOCP 6.4) of the slab's number in memory. */
static size_t address_slot(const molt__directory *directory, uintptr_t base)
{
    uint64_t key = base / MOLT__SLAB_BYTES;
    return (size_t)((key * 0x9E3779B97F4A7C15u) >> 32) & (directory->capacity - 1);
}

static void address_put(molt__directory *directory, molt__slab *slab)
{
    size_t i = address_slot(directory, (uintptr_t)slab->memory);
    while (directory->slab[i]) i = (i + 1) & (directory->capacity - 1);
    MOLT__STORE(&directory->slab[i], slab);
}

static size_t directory_bytes(size_t capacity)
{
    return sizeof(molt__directory) + capacity * sizeof(molt__slab *);
}

/* A directory with room for at least `needed`, not yet in place; NULL where the
 * present one will do, with *err. */
static molt__directory *directory_larger(molt_world *world, molt__directory *present, size_t needed, int *err)
{
    *err = MOLT_OK;
    if (present && present->capacity >= needed) return NULL;
    size_t capacity = present ? 2 * present->capacity : 16;
    molt__directory *larger = molt__allocate(world, directory_bytes(capacity));
    if (!larger) *err = MOLT_ERR_MEMORY;
    if (!larger) return NULL;
    larger->before = present;
    larger->capacity = capacity;
    return larger;
}

/* Room for one more slab of bodies in both directories. */
static int directory_reserve(molt_world *world)
{
    molt__slabs *slabs = &world->slabs;
    int err;
    molt__directory *larger = directory_larger(world, slabs->by_number, slabs->count + 1, &err);
    if (larger) {
        for (size_t i = 0; i < slabs->count; i++) larger->slab[i] = slabs->by_number->slab[i];
        MOLT__STORE(&slabs->by_number, larger);
    }
    if (!err) larger = directory_larger(world, slabs->by_address, 2 * (slabs->count + 1), &err);
    if (err || !larger) return err;
    for (size_t i = 0; i < slabs->count; i++) address_put(larger, slabs->by_number->slab[i]);
    MOLT__STORE(&slabs->by_address, larger);
    return MOLT_OK;
}

static void directory_free(molt_world *world, molt__directory *directory)
{
    while (directory) {
        molt__directory *before = directory->before;
        molt__free(world, directory, directory_bytes(directory->capacity));
        directory = before;
    }
}

static int slab_enlist(molt_world *world, molt__slab *slab, bool bodies)
{
    molt__slabs *slabs = &world->slabs;
    if (bodies) {
        if (directory_reserve(world)) return MOLT_ERR_MEMORY;
        slab->number = (uint32_t)slabs->count;
        address_put(slabs->by_address, slab);
        MOLT__STORE(&slabs->by_number->slab[slabs->count++], slab);
        return MOLT_OK;
    }
    if (molt__reserve(world, (void **)&slabs->raw, &slabs->raw_capacity, slabs->raw_count + 1, sizeof *slabs->raw))
        return MOLT_ERR_MEMORY;
    slabs->raw[slabs->raw_count++] = slab;
    return MOLT_OK;
}

static void slab_free(molt_world *world, molt__slab *slab)
{
    MOLT__UNPOISON(slab->memory, slab->bytes);
    molt__free(world, slab->memory, slab->bytes);
    molt__free(world, slab, sizeof *slab);
}

static molt__slab *slab_make(molt_world *world, const molt__pool *pool)
{
    molt__slab *slab = molt__allocate(world, sizeof *slab);
    if (!slab) return NULL;
    size_t units = ((size_t)pool->stride + MOLT__SLAB_SLACK + MOLT__SLAB_BYTES - 1) / MOLT__SLAB_BYTES;
    slab->bytes = units * MOLT__SLAB_BYTES - MOLT__SLAB_SLACK;
    slab->stride = pool->stride;
    slab->cells = (uint32_t)(slab->bytes / pool->stride);
    slab->memory = molt__allocate_aligned(world, slab->bytes, MOLT__SLAB_BYTES);
    if (!slab->memory || slab_enlist(world, slab, pool->bodies)) {
        if (slab->memory) molt__free(world, slab->memory, slab->bytes);
        molt__free(world, slab, sizeof *slab);
        return NULL;
    }
    MOLT__POISON(slab->memory, slab->bytes);
    return slab;
}

static void *cell_fresh(molt_world *world, molt__pool *pool)
{
    molt__slab *slab = pool->current;
    if (!slab || slab->fresh == slab->cells) {
        slab = slab_make(world, pool);
        if (!slab) return NULL;
        pool->current = slab;
    }
    void *cell = slab->memory + (size_t)slab->fresh * pool->stride;
    MOLT__UNPOISON(cell, pool->stride);
    if (pool->bodies) {
        ((molt_object *)cell)->slot = 0;
        ((molt_object *)cell)->generation = 1;
    }
    MOLT__STORE(&slab->fresh, slab->fresh + 1);
    return cell;
}

void *molt__cell_new(molt_world *world, molt__pool *pool)
{
    void *cell = pool->free;
    if (!cell) return cell_fresh(world, pool);
    MOLT__UNPOISON(cell, pool->stride);
    pool->free = *link_of(pool, cell);
    return cell;
}

void molt__cell_free(molt__pool *pool, void *cell)
{
    if (pool->bodies) {
        molt_object *body = cell;
        MOLT__STORE(&body->slot, 0);
        /* Out of generations: the place is never used again, so that no old id
         * can come to mean a new object. */
        if (body->generation == (1u << MOLT__GENERATION_BITS) - 1) {
            MOLT__STORE(&body->generation, 0u);
            poison(pool, cell);
            return;
        }
        MOLT__STORE(&body->generation, body->generation + 1);
    }
    *link_of(pool, cell) = pool->free;
    pool->free = cell;
    poison(pool, cell);
}

void *molt__small_new(molt_world *world, size_t size)
{
    molt__pool *pool = molt__pool_for(world, size, false);
    return pool ? molt__cell_new(world, pool) : NULL;
}

void molt__small_free(molt_world *world, void *memory, size_t size)
{
    if (memory) molt__cell_free(molt__pool_for(world, size, false), memory);
}

static const molt__slab *slab_of(const molt_world *world, const molt_object *body)
{
    const molt__directory *directory = MOLT__LOAD(&world->slabs.by_address);
    uintptr_t base = (uintptr_t)body / MOLT__SLAB_BYTES * MOLT__SLAB_BYTES;
    for (size_t i = address_slot(directory, base);; i = (i + 1) & (directory->capacity - 1)) {
        const molt__slab *slab = MOLT__LOAD(&directory->slab[i]);
        if ((uintptr_t)slab->memory == base) return slab;
    }
}

molt__pool *molt__body_pool(molt_world *world, const molt_object *body)
{
    return molt__pool_for(world, slab_of(world, body)->stride, true);
}

uint32_t molt__slab_place(const molt_world *world, const molt_object *body)
{
    const molt__slab *slab = slab_of(world, body);
    uint32_t position = (uint32_t)((const char *)body - slab->memory) / slab->stride;
    return (slab->number << MOLT__POSITION_BITS | position) + 1;
}

molt_object *molt__slab_at(const molt_world *world, uint32_t place)
{
    if (place == 0) return NULL;
    uint32_t number = (place - 1) >> MOLT__POSITION_BITS;
    uint32_t position = (place - 1) & ((1u << MOLT__POSITION_BITS) - 1);
    const molt__directory *directory = MOLT__LOAD(&world->slabs.by_number);
    const molt__slab *slab = directory && number < directory->capacity ? MOLT__LOAD(&directory->slab[number]) : NULL;
    if (!slab || position >= MOLT__LOAD(&slab->fresh)) return NULL;
    return (molt_object *)(void *)(slab->memory + (size_t)position * slab->stride);
}

void molt__slabs_free(molt_world *world)
{
    molt__slabs *slabs = &world->slabs;
    for (size_t i = 0; i < slabs->count; i++) slab_free(world, slabs->by_number->slab[i]);
    for (size_t i = 0; i < slabs->raw_count; i++) slab_free(world, slabs->raw[i]);
    for (size_t b = 0; b < 2; b++) {
        for (size_t i = 0; i <= MOLT__COMMON_BYTES / 8; i++) {
            molt__free(world, slabs->common[b][i], sizeof(molt__pool));
        }
    }
    for (size_t i = 0; i < slabs->large_count; i++) molt__free(world, slabs->large[i], sizeof(molt__pool));
    molt__free(world, slabs->large, slabs->large_capacity * sizeof *slabs->large);
    molt__free(world, slabs->raw, slabs->raw_capacity * sizeof *slabs->raw);
    directory_free(world, slabs->by_number);
    directory_free(world, slabs->by_address);
    memset(slabs, 0, sizeof *slabs);
}
