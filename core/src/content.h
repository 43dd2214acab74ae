/* content.h: the bytes of a file, as they were at one moment. */
#ifndef MOLT_SRC_CONTENT_H
#define MOLT_SRC_CONTENT_H

#include <molt/base.h>

typedef struct molt__content {
    unsigned char *bytes;
    size_t length;
    uint64_t hash;                   /* content, not time stamps, says what is new */
} molt__content;

/* Reads a regular file through one descriptor, again when it changed meanwhile.
 * MOLT_ERR_FILE says what the file is instead, or what went wrong. */
int molt__content_read(molt_world *world, const char *file, molt__content *content);
void molt__content_free(molt_world *world, molt__content *content);

#endif
