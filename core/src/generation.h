/*
 * generation.h: one load of a module's file: a private copy, mapped.
 *
 *   staged ──open──▶ serving ──▶ on its way out, which retire.h draws
 */
#ifndef MOLT_SRC_GENERATION_H
#define MOLT_SRC_GENERATION_H

#include <molt/module.h>

#include "content.h"
#include "image.h"
#include "open.h"
#include "pins.h"

typedef struct molt__generation {
    struct molt__generation *next;   /* in the loader's list of all images */
    molt_image_fate fate;            /* MOLT_IMAGE_NONE: it serves */
    bool for_good;                   /* pinned, and nothing can change that */
    bool kept;                       /* never to be unmapped: the program asked for it */
    uint32_t number;                 /* which generation of the module it is */
    char name[MOLT_NOTE_NAME];       /* of the module */
    double since;                    /* by the world's clock: when it was retired */
    uint64_t mark;                   /* workers that were in it have passed a quiescent point when this has passed */
    molt__span span;                 /* where it lies */
    char reason[MOLT__PIN_TEXT];     /* pinned or quarantined: why */
    int (*leave)(molt_leave *leave); /* what it asked to be run before it is unmapped, until that has run */
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

/* Gives it back to the dynamic loader and looks whether it has gone. Then it is
 * freed, and its copy on disk with it; else it stays as it is. */
bool molt__generation_close(molt_world *world, molt__generation *generation);

/* Frees it, whatever the dynamic loader does with the image. */
void molt__generation_free(molt_world *world, molt__generation *generation);

/* Is this what a module of this library says of itself? */
int molt__info_check(molt_world *world, const char *file, const molt_module_info *info);

#endif
