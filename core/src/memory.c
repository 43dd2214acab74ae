#include "memory.h"

#include <stdalign.h>
#include <string.h>

#include "world_state.h"

enum { FIRST_CAPACITY = 8 };

void *molt__allocate(molt_world *world, size_t size)
{
    return molt__allocate_aligned(world, size, alignof(max_align_t));
}

void *molt__allocate_aligned(molt_world *world, size_t size, size_t align)
{
    size_t asked = size != 0 ? size : 1;             /* a host may answer NULL to a zero */
    void *memory = world->config.allocate(world->config.user, asked, align);
    if (memory == NULL) {
        molt__fail(world, MOLT_ERR_MEMORY, "out of memory: %zu bytes were refused", size);
        return NULL;
    }
    return memset(memory, 0, asked);
}

void molt__free(molt_world *world, void *memory, size_t size)
{
    if (memory != NULL) {
        world->config.free(world->config.user, memory, size != 0 ? size : 1);
    }
}

static size_t grown(size_t capacity, size_t needed)
{
    size_t next = capacity != 0 ? capacity : FIRST_CAPACITY;
    while (next < needed && next <= SIZE_MAX / 2) {
        next *= 2;
    }
    return next < needed ? needed : next;
}

int molt__reserve(molt_world *world, void **array, size_t *capacity, size_t needed, size_t element)
{
    if (needed <= *capacity) {
        return MOLT_OK;
    }
    size_t next = grown(*capacity, needed);
    if (next > SIZE_MAX / element) {
        return molt__fail(world, MOLT_ERR_MEMORY, "out of memory: %zu elements of %zu bytes", next, element);
    }
    void *fresh = molt__allocate(world, next * element);
    if (fresh == NULL) {
        return MOLT_ERR_MEMORY;
    }

    /* *array may be any pointer type that the caller cast, hence by memcpy. */
    void *old;
    memcpy(&old, array, sizeof old);
    if (old != NULL) {
        memcpy(fresh, old, *capacity * element);
        molt__free(world, old, *capacity * element);
    }
    memcpy(array, &fresh, sizeof fresh);
    *capacity = next;
    return MOLT_OK;
}

char *molt__copy_text(molt_world *world, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    char *copy = molt__allocate(world, size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void molt__free_text(molt_world *world, char *text)
{
    if (text != NULL) {
        molt__free(world, text, strlen(text) + 1);
    }
}
