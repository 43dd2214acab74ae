/*
 * module.h: a native module as the core keeps it.
 *
 *   molt_module ── impl[] ──▶ molt_impl       values of the world: stay over reloads
 *        │
 *        ├─ generation ──▶ the image that fills them now
 *        ├─ content        the bytes of its file, as they were when it was loaded
 *        └─ previous       those of the generation before: where a rollback goes
 */
#ifndef MOLT_SRC_MODULE_H
#define MOLT_SRC_MODULE_H

#include <molt/module.h>

#include "generation.h"
#include "impl.h"
#include "offer.h"

enum { MOLT__BUILD_ID = 65 };        /* of its text: up to 32 bytes */

typedef struct molt__module_impl {
    const char *name;                /* interned */
    molt_impl *impl;
} molt__module_impl;

struct molt_module {
    molt_world *world;
    char *name;
    char *version;
    char *file;                      /* "" for a module that is linked into the program */
    char compatible[MOLT_NOTE_VERSION];      /* the oldest version that it says it can follow; "": it says nothing */
    char build_id[MOLT__BUILD_ID];
    uint32_t number;                 /* of the generation that serves */
    molt__generation *generation;    /* NULL for a module that is linked into the program, or unloaded */
    molt__content content;
    molt__content previous;          /* no bytes: nothing to go back to */
    uint32_t previous_number;
    bool kept;                       /* none of its images is ever unmapped */
    char fate[MOLT__PIN_TEXT];       /* why the image of the generation before stays; or "" */
    molt__module_impl *impl;
    size_t count;
    size_t capacity;
    molt_reload_change *change;      /* of the last report */
    size_t change_count;
    size_t change_capacity;
    bool unloaded;
};

/* Is there an implementation of that (interned) name, be it gone meanwhile? */
bool molt__module_provides(const molt_module *module, const char *name);

/* Has it, or had it, an implementation of the trait? */
bool molt__module_implements(const molt_module *module, const molt_trait *trait);

/* Makes the implementations that are new, and the changes, one for each of the
 * offer's, that put generation `number` into effect; or nothing. */
int molt__module_changes(molt_module *module, const molt__offer *offer, uint32_t number, molt__impl_change *changes);

/* Frees the implementations that were made since there were `count`. */
void molt__module_take_back(molt_module *module, size_t count);

/* Notes which implementations are there, and since when others are not. */
void molt__module_mark(molt_module *module, const molt__offer *offer, uint32_t number);

/* What speaks against unloading it: what can never be is an error; what cannot be now is
 * noted for the next quiescent point, and *later is true. */
int molt__unload_begin(molt_module *module, uint32_t flags, bool *later);

/* molt_world_tick: unmaps retired images. */
void molt__modules_tick(molt_world *world);

/* molt_world_close: unmaps everything. Nothing may call into a module any more. */
void molt__modules_free(molt_world *world);

#endif
