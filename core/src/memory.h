/* memory.h: the world's allocator, and arrays that grow by it. */
#ifndef MOLT_SRC_MEMORY_H
#define MOLT_SRC_MEMORY_H

#include <molt/base.h>

/* Zeroed memory, or NULL with MOLT_ERR_MEMORY recorded. */
void *molt__allocate(molt_world *world, size_t size);
void *molt__allocate_aligned(molt_world *world, size_t size, size_t align);
void molt__free(molt_world *world, void *memory, size_t size);

/* Makes room for `needed` elements in *array, doubling. */
int molt__reserve(molt_world *world, void **array, size_t *capacity, size_t needed, size_t element);

/* A copy of a text, to be freed with molt__free_text; NULL stays NULL. */
char *molt__copy_text(molt_world *world, const char *text);
void molt__free_text(molt_world *world, char *text);

#endif
