/*
 * open.h: a copy is opened, and proved to be what got mapped.
 *
 * The dynamic loader knows files by name and by inode. Where it thinks that it has
 * one already it returns that and calls it a success: the old code runs on under a
 * new number. So, afterwards: something new was mapped, under the copy's name, with
 * the file's build id at the load address.
 */
#ifndef MOLT_SRC_OPEN_H
#define MOLT_SRC_OPEN_H

#include <molt/handshake.h>

#include "image.h"

typedef struct molt__opened {
    void *handle;                    /* of dlopen */
    uintptr_t base;                  /* added to the image's addresses */
    molt_module_entry *entry;        /* the module's own, inside this image */
} molt__opened;

/* Runs the constructors of the copy. `file` is for the message: the user knows the
 * module's own. MOLT_ERR_IMAGE with nothing left open when it fails. */
int molt__open(molt_world *world, const char *file, const char *copy, const molt__image *image,
               molt__opened *opened);

#endif
