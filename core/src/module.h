/*
 * module.h: a native module as the core keeps it.
 *
 *   molt_module ── impl[] ──▶ molt_impl       values of the world: stay over reloads
 *        │
 *        └─ generation ──▶ the image that fills them now
 */
#ifndef MOLT_SRC_MODULE_H
#define MOLT_SRC_MODULE_H

#include <molt/module.h>

#include "generation.h"
#include "offer.h"

typedef struct molt__module_impl {
    const char *name;                /* interned */
    molt_impl *impl;
} molt__module_impl;

struct molt_module {
    molt_world *world;
    char *name;
    char *version;
    char *file;                      /* "" for a module that is linked into the program */
    uint32_t number;                 /* of the generation that serves */
    molt__generation *generation;    /* NULL for a module that is linked into the program */
    molt__module_impl *impl;
    size_t count;
    size_t capacity;
};

/* Puts an offer into effect as generation `number`: new implementations are
 * made, all of them get the offered functions. All or nothing; what speaks
 * against it is added to offer->reasons. `slots` counts the
 * functions exchanged. */
int molt__module_commit(molt_module *module, molt__offer *offer, uint32_t number, uint32_t *slots);

/* molt_world_tick: unmaps retired images. */
void molt__modules_tick(molt_world *world);

/* molt_world_close: unmaps everything. Nothing may call into a module any more. */
void molt__modules_free(molt_world *world);

#endif
