/*
 * stage.h: private copies of module files, one for each generation.
 *
 *   $TMPDIR/molt-1234-a8Xk2p/      a folder of this world, locked while it lives
 *       motorcycle.7.so            the image that serves
 *       motorcycle.6.so            retired, mapped until the next tick
 *
 * The loader knows a file by its name and by its inode, so every generation has
 * new ones. The copy stays as long as it is mapped: debuggers read it.
 *
 * The lock is how others see that the folder's world lives: the kernel drops it
 * with the process, whatever ended that, and across containers that share a
 * temp folder, where process numbers say nothing.
 */
#ifndef MOLT_SRC_STAGE_H
#define MOLT_SRC_STAGE_H

#include <molt/base.h>

typedef struct molt__place {         /* a temp folder in which we have a folder */
    char *parent;
    char *folder;
    int lock;                        /* descriptor of `folder` */
} molt__place;

typedef struct molt__stage {
    molt__place *place;
    size_t count;
    size_t capacity;
    uint32_t copies;                 /* ever made */
} molt__stage;

/* Writes the bytes of module `name` to a new file in the first temp folder that
 * takes them and lets them be executed: $TMPDIR, /tmp, /var/tmp,
 * $XDG_RUNTIME_DIR, the folder of `file`. `copy` is the caller's, to be given to
 * molt__stage_remove. MOLT_ERR_FILE names every folder and what was wrong with it. */
int molt__stage_copy(molt_world *world, molt__stage *stage, const char *name, const char *file,
                     const unsigned char *bytes, size_t length, char **copy);

/* Removes a copy and frees its name. */
void molt__stage_remove(molt_world *world, char *copy);

void molt__stage_free(molt_world *world, molt__stage *stage);

#endif
