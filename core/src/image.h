/*
 * image.h: the ELF file of a native module, looked at before any of it runs.
 *
 * The dynamic loader trusts what it opens: a truncated file kills the process.
 * So the bytes are inspected first, and what was inspected is what is copied and
 * opened.
 */
#ifndef MOLT_SRC_IMAGE_H
#define MOLT_SRC_IMAGE_H

#include <molt/handshake.h>

typedef struct molt__image {
    molt_note note;                  /* name and version end in a zero */
    uint64_t low, high;              /* addresses that it will occupy, before relocation */
    uint64_t proof_address;          /* of what tells this build from every other: */
    const unsigned char *proof;      /* the build id, or the whole note; in the bytes */
    size_t proof_size;
} molt__image;

/* Is this a module that this library can open? `file` is for the messages.
 * MOLT_ERR_IMAGE: not a module at all; MOLT_ERR_VERSION: a module for another
 * version of molt/native.h. Both name what was expected and what was found. */
int molt__image_inspect(molt_world *world, const char *file, const unsigned char *bytes, size_t length,
                        molt__image *image);

#endif
