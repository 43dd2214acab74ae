/* loader.h: what a world keeps for its native modules. */
#ifndef MOLT_SRC_LOADER_H
#define MOLT_SRC_LOADER_H

#include "generation.h"
#include "stage.h"

typedef struct molt__loader {
    char *path;                      /* folders to search, separated by ':' */
    molt__stage stage;
    molt__generation *retired;       /* unmapped at the next tick */
    molt__generation *pinned;        /* closed, but the dynamic loader keeps them mapped */
    size_t images;                   /* mapped, each with its copy on disk */
    bool busy;                       /* a module is being loaded, reloaded or unloaded */
} molt__loader;

/* Makes world->loader if there is none yet. */
int molt__loader_ready(molt_world *world);

/* Forgets why anything was refused before. MOLT_ERR_STATE while a module is being
 * loaded, reloaded or unloaded: its setup may have reached Lua, which asks for `name`. */
int molt__loader_begin(molt_world *world, const char *name);

/* Nothing enters this generation any more: unmap it at the next tick. */
void molt__loader_retire(molt_world *world, molt__generation *generation);

/* Unmaps a generation at once, or keeps it and says so in the log where the
 * dynamic loader does not let go. */
void molt__loader_close(molt_world *world, molt__generation *generation);

/* A quiescent point: unmaps what is retired. Nothing of a module may be on the stack. */
void molt__loader_tick(molt_world *world);

void molt__loader_free(molt_world *world);

#endif
