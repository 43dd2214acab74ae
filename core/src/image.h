/*
 * image.h: the ELF file of a native module, looked at before any of it runs.
 *
 * The dynamic loader trusts what it opens: a truncated file kills the process.
 * So the bytes are inspected first, and what was inspected is what is copied and
 * opened.
 *
 *   elf_file.h  a whole shared object for this machine
 *   image.c     the module's note: name, versions, sizes
 *   stamp.h     the file is as the build left it
 *   dynamic.h   the loader finds what it follows
 *   linkage.h   the libraries and symbols that it wants are there
 *   stays.h     whether it could be unmapped again
 */
#ifndef MOLT_SRC_IMAGE_H
#define MOLT_SRC_IMAGE_H

#include <molt/handshake.h>

#include "reasons.h"
#include "stays.h"

typedef struct molt__image {
    molt_note note;                  /* name and version end in a zero */
    uint64_t low, high;              /* addresses that it will occupy, before relocation */
    uint64_t proof_address;          /* of what tells this build from every other: */
    const unsigned char *proof;      /* the build id, or the whole note; in the bytes */
    size_t proof_size;
    char stays[MOLT__STAYS_TEXT];    /* why it would never be unmapped, or "" */
} molt__image;

/* Is this a module that this library can open? `file` is for the message. The code
 * is that of the first reason: MOLT_ERR_IMAGE for what is no module at all or a
 * damaged one, MOLT_ERR_VERSION for one of another version of molt/native.h. All
 * that is wrong is in the reasons, each with what was expected and what was found. */
int molt__image_inspect(molt_world *world, const char *file, const unsigned char *bytes, size_t length,
                        molt__image *image, molt__reasons *reasons);

#endif
