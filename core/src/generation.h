/*
 * generation.h: one load of a module's file: a private copy, mapped.
 *
 *   staged ──open──▶ serving ──retire──▶ retired ──tick──▶ unmapped, copy removed
 *                                                  └─────▶ pinned: the dynamic loader
 *                                                          does not let go of it
 */
#ifndef MOLT_SRC_GENERATION_H
#define MOLT_SRC_GENERATION_H

#include <molt/module.h>

#include "content.h"
#include "image.h"
#include "open.h"

typedef struct molt__generation {
    struct molt__generation *next;   /* in the list of those retired */
    uint64_t mark;                   /* retired: the workers' period of grace since; 0: not begun */
    bool marked;
    void *handle;                    /* of dlopen; NULL once closed */
    char *copy;
    uintptr_t base;                  /* where it is mapped */
    double probed;                   /* seconds in the child */
    char stays[MOLT__STAYS_TEXT];    /* why it will never be unmapped, or "" */
    const molt_module_info *info;    /* in the image */
    uint64_t hash;                   /* of the content */
    size_t length;
} molt__generation;

/* What is to be opened, inspected already. */
typedef struct molt__opening {
    molt_world *world;
    molt_module *module;             /* NULL: its first load */
    const char *file;
    const molt__content *content;
    const molt__image *image;
    uint32_t flags;                  /* molt_reload_flag */
    double limit;                    /* seconds for the probe; 0: the default */
} molt__opening;

/* Copies the content, tries the copy in a child where that is wanted, maps it, proves
 * that it is what got mapped, and finds the module in it. Its setup has not run here.
 * NULL with an error, and everything as before, when it cannot be loaded. */
molt__generation *molt__generation_open(const molt__opening *opening);

/* Asks the image what it is, and believes nothing that its note does not say too. */
int molt__generation_meet(const molt__opening *opening, const molt__opened *opened, const molt_module_info **info);

/* Unmaps it and frees it. False, and it is kept, when the loader does not let go. */
bool molt__generation_close(molt_world *world, molt__generation *generation);

/* Frees what is left of it, its copy on disk included. */
void molt__generation_discard(molt_world *world, molt__generation *generation);

/* Is this what a module of this library says of itself? */
int molt__info_check(molt_world *world, const char *file, const molt_module_info *info);

#endif
