/* loader.h: what a world keeps for its native modules. */
#ifndef MOLT_SRC_LOADER_H
#define MOLT_SRC_LOADER_H

#include "generation.h"
#include "stage.h"
#include "stale.h"

typedef struct molt__loader {
    char *path;                      /* folders to search, separated by ':' */
    molt__stage stage;
    molt__generation *generations;   /* all whose images are mapped, the latest first */
    size_t images;                   /* how many; each has its copy on disk */
    size_t waiting;                  /* retired or quarantined: to be tried at the next quiescent point */
    size_t hopeful;                  /* pinned by what may pass */
    uint32_t looked_at;              /* which of those was looked at last */
    struct molt__later *later;       /* what waits for a quiescent point: later.h */
    size_t later_count;
    size_t later_capacity;
    size_t later_due;                /* the first of them, at the quiescent point that is now */
    bool later_skip;
    bool busy;                       /* a module is being loaded, reloaded or unloaded */
    bool back;                       /* what is loaded now has served before: a rollback */
    bool leaving;                    /* images are going now: what joins them waits */
    molt__stale *stale;              /* in development: where images were */
    char reason[MOLT__PIN_TEXT];     /* why the image that was retired last stays; or "" */
} molt__loader;

/* Makes world->loader if there is none yet. */
int molt__loader_ready(molt_world *world);

/* Forgets why anything was refused before. MOLT_ERR_STATE while a module is being
 * loaded, reloaded or unloaded: its setup may have reached Lua, which asks for `name`. */
int molt__loader_begin(molt_world *world, const char *name);

void molt__loader_free(molt_world *world);

/* The generation in whose image that address lies; NULL: it is the program's own. */
molt__generation *molt__loader_generation(const molt_world *world, const void *address);

/* --- retire.c --- */

/* Nothing new enters this generation. At a quiescent point its image goes at once,
 * else at the next one. What became of it; loader->reason says why it stays. */
molt_image_fate molt__loader_retire(molt_world *world, molt__generation *generation);

/* The same for a generation that has never served: nobody is in it. */
molt_image_fate molt__loader_close(molt_world *world, molt__generation *generation);

/* A quiescent point: no frame of a module is on any stack. Tries all that wait. */
void molt__loader_tick(molt_world *world);

/* The world is about to close, and has workers: modules may have ends for theirs. */
void molt__loader_dismiss(molt_world *world);

/* The world closes: all that is left goes, or is given up. */
void molt__loader_clear(molt_world *world);

#endif
