/*
 * generation.h: one load of a module's file: a private copy, mapped.
 *
 *   staged ──open──▶ serving ──retire──▶ retired ──tick──▶ unmapped, copy removed
 *                                                  └─────▶ pinned: the dynamic loader
 *                                                          does not let go of it
 */
#ifndef MOLT_SRC_GENERATION_H
#define MOLT_SRC_GENERATION_H

#include <molt/handshake.h>

#include "content.h"
#include "image.h"

typedef struct molt__generation {
    struct molt__generation *next;   /* in the list of those retired */
    void *handle;                    /* of dlopen; NULL once closed */
    char *copy;
    const molt_module_info *info;    /* in the image */
    uint64_t hash;                   /* of the content */
    size_t length;
} molt__generation;

/* Copies the inspected content, maps the copy, proves that it is what got mapped,
 * and finds the module in it. The module's setup has not run. NULL with an error,
 * and everything as before, when it cannot be loaded. */
molt__generation *molt__generation_open(molt_world *world, const char *file, const molt__content *content,
                                        const molt__image *image);

/* Unmaps it and frees it. False, and it is kept, when the loader does not let go. */
bool molt__generation_close(molt_world *world, molt__generation *generation);

/* Frees what is left of it, its copy on disk included. */
void molt__generation_discard(molt_world *world, molt__generation *generation);

/* Is this what a module of this library says of itself? */
int molt__info_check(molt_world *world, const char *file, const molt_module_info *info);

#endif
