/*
 * molt/world.h: a world, its hooks, its errors, its clock.
 *
 * Everything belongs to one world; nothing is global. A world belongs to the
 * thread that opened it: unless a function says otherwise, call it there.
 */
#ifndef MOLT_WORLD_H
#define MOLT_WORLD_H

#include <molt/base.h>

/* What the host may put in place of malloc, stderr, abort and the clock.
 * Begin with molt_config_default() and change what you need. */
typedef struct molt_config {
    size_t size;                                     /* sizeof(molt_config) */
    void *user;                                      /* given to every hook */
    /* `align` is a power of two. NULL when there is no memory. */
    void *(*allocate)(void *user, size_t size, size_t align);
    void (*free)(void *user, void *memory, size_t size);
    void (*log)(void *user, molt_log_level level, const char *text);
    /* A broken invariant of molt itself. If it returns, the program aborts. */
    void (*assertion)(void *user, const char *condition, const char *file, int line);
    double (*clock)(void *user);                     /* seconds, never going back */
    const struct molt_thread_backend *threads;       /* molt/thread.h; copied. NULL: the default */
    double thread_limit;                             /* seconds to wait for workers: see molt/thread.h */
    /* Worth time and memory to catch mistakes early: constructors of modules are
     * tried in a child first, calls into unloaded code are named. */
    bool development;
} molt_config;

/* malloc, stderr (warnings and worse), abort, CLOCK_MONOTONIC; 1 s for workers;
 * development as $MOLT_DEVELOPMENT says (1 or 0), else as Molt was built: yes, unless
 * with MOLT_DEVELOPMENT=OFF. */
MOLT_API molt_config molt_config_default(void);

/* Opens a world on this thread. `config` is copied; NULL means the defaults.
 * NULL when there is no memory or a size in it is not this library's. */
MOLT_API molt_world *molt_world_open(const molt_config *config);

/* Ends every object, unloads every module, frees everything. A Lua state that
 * uses the world stays usable: its objects raise from then on. Not from within
 * a method: its code is unloaded with the rest. Where workers are registered, modules'
 * hooks for before they are unloaded run, and it waits for workers to unregister;
 * MOLT_ERR_IN_USE, which the log says too, when one has not done so in time, or
 * MOLT_ERR_THREAD on a thread that does not own it: then the world stays open. */
MOLT_API int molt_world_close(molt_world *world);

/* A quiescent point: the host says that no native frame is on any stack. What
 * waits for one (bodies of dead objects, old images) is freed here.
 * MOLT_ERR_STATE inside a call. Runs no Lua. */
MOLT_API int molt_world_tick(molt_world *world);

/* The text, the code and the advice of the last call on this world that
 * failed; "" and MOLT_OK when none has. Valid until the next call that fails. */
MOLT_API const char *molt_last_error(const molt_world *world);
MOLT_API int molt_last_code(const molt_world *world);
MOLT_API const char *molt_last_hint(const molt_world *world);

/* An error raised by a Lua implementation that C called: the call returned
 * zero, and the error waits here until it is taken, or until the Lua code
 * that called into C gets control back, where it is raised again. */
MOLT_API bool molt_error_pending(const molt_world *world);

/* Takes the pending error: returns its code (MOLT_OK when there is none) and,
 * where `text` is not NULL, points it at the message, valid until the next
 * error on this world. */
MOLT_API int molt_error_take(molt_world *world, const char **text);

/* Writes through the world's log hook. */
MOLT_API void molt_log(molt_world *world, molt_log_level level, const char *format, ...) MOLT_PRINTF(3, 4);

/* Objects alive. */
MOLT_API size_t molt_world_live(const molt_world *world);

#endif /* MOLT_WORLD_H */
