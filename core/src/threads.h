/*
 * threads.h: workers, and how the owner of the world waits for them.
 *
 *   worker   ──●────────●────────●═══ gate ═══●──      ● quiescent point
 *   owner      unlink x      ▲ free x   change layouts
 *                  start ────┘ passed   stop … resume
 *
 * Two ways to wait. What has been taken away is freed once each thread has passed a
 * quiescent point since (mark, passed): nobody stops for it. What may not change
 * under a call needs all threads at rest at once (stop, resume): the gate is closed,
 * each thread waits there at its next quiescent point. Without a worker, either is
 * a look at `count`.
 */
#ifndef MOLT_SRC_THREADS_H
#define MOLT_SRC_THREADS_H

#include <molt/thread.h>

#include <pthread.h>

#include "atomic.h"
#include "error.h"

enum { MOLT__THREAD_NAME = 32, MOLT__THREAD_LINE = 64 };

/* A worker. Made by its own thread, with calloc's memory: the world's allocator
 * belongs to the owner. */
typedef struct molt__thread {
    _Alignas(MOLT__THREAD_LINE) uint64_t seen;   /* period it has seen begin; 0: offline (grace.c) */
    struct molt__threads *threads;
    struct molt__thread *next;
    char name[MOLT__THREAD_NAME];
    int task;                        /* the kernel's number of it */
    uint32_t away;                   /* offline, or waiting at the gate */
    bool left;                       /* unregistered, but its reports are not read yet */
    bool ended;                      /* its thread has ended without a word */
    int depth;                       /* closures on its stack */
    uint32_t reports;                /* errors since the last tick, … */
    char report[512];                /* … and the first of them */
    molt__error error;
    molt__error pending;
} molt__thread;

typedef struct molt__threads {
    molt_thread_backend backend;
    uint32_t count;                  /* threads registered */
    uint32_t closed;                 /* the gate */
    int stops;                       /* how often the owner has closed it */
    double limit;                    /* seconds that the owner waits at most */
    uint64_t period;                 /* begun last (grace.c) */
    pthread_mutex_t mutex;           /* guards the list, its threads' reports, the gate's closing and opening */
    pthread_cond_t rested;           /* a thread has come to rest, or gone */
    pthread_cond_t opened;           /* the gate has */
    pthread_key_t key;               /* a thread's own molt__thread */
    bool has_key;
    molt__thread *first;
} molt__threads;

int molt__threads_open(molt_world *world);
/* Waits for all to unregister; MOLT_ERR_IN_USE, and nothing is closed, when one has not. */
int molt__threads_close(molt_world *world);
void molt__threads_free(molt_world *world);

/* The calling thread's, where it is a worker; else NULL. */
molt__thread *molt__thread_here(const molt_world *world);

/* Does the calling thread own the world? */
bool molt__threads_owner(const molt_world *world);

/* May it use a verb, `what`, now? Otherwise MOLT_ERR_THREAD, or MOLT_ERR_STATE inside of
 * a native migration. */
int molt__threads_check(molt_world *world, const char *what);

/* The worker has met an error that the owner's log should show. */
void molt__thread_report(molt__thread *thread, const char *text);

/* A quiescent point of the owner's: reports what workers met, forgets those that ended. */
void molt__threads_tick(molt_world *world);

/* Begins a period of grace: what was taken away before it may be freed when it has
 * passed. Neither waits. */
uint64_t molt__threads_mark(molt_world *world);
bool molt__threads_passed(molt_world *world, uint64_t mark);

/* Those that are not at rest now: "'steering', 'physics'". */
void molt__threads_busy(molt_world *world, char *text, size_t size);

/* Brings all threads to rest and holds them there until as many resumes.
 * MOLT_ERR_THREAD, and they run on, when that takes longer than the limit. */
int molt__threads_stop(molt_world *world);
/* The same for a tick, which waits no longer than a millisecond. */
int molt__threads_try_stop(molt_world *world);
void molt__threads_resume(molt_world *world);

/* The default backend. */
molt_thread_backend molt__grace(molt__threads *threads);

#endif
