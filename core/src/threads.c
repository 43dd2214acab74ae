/* threads.c: what a worker does: it registers, rests, and goes. The owner's side is gate.c. */
#include "threads.h"

#include "migrate.h"
#include "world_state.h"

#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

molt__thread *molt__thread_here(const molt_world *world)
{
    /* The key is there before the first thread counts. */
    return MOLT__LOAD(&world->threads.count) ? pthread_getspecific(world->threads.key) : NULL;
}

bool molt__threads_owner(const molt_world *world)
{
    return pthread_equal(world->owner, pthread_self());
}

int molt__threads_check(molt_world *world, const char *what)
{
    if (molt__threads_owner(world)) return world->migrating ? molt__migration_bars(world, what) : MOLT_OK;
    return molt__fail(world, MOLT_ERR_THREAD, "%s was called on a thread that does not own the world", what);
}

/* The caller's record; an error says what is wrong when there is none. */
static molt__thread *registered(molt_world *world, const char *what)
{
    molt__thread *thread = molt__thread_here(world);
    if (thread) return thread;
    if (molt__threads_owner(world)) {
        molt__fail(world, MOLT_ERR_THREAD, "%s is for workers: the thread that owns the world ticks instead", what);
    }
    return NULL;
}

static int inside(molt_world *world, const molt__thread *thread, const char *what)
{
    if (!thread->depth) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_STATE, "%s inside a call: a method is still on the stack of thread '%s'", what,
                      thread->name);
}

/* The owner frees at once what nobody can hold, after a look at `count` that no
 * barrier orders with what it did before: that barrier is made here, for it. */
static bool announce(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* Its thread ends, and is registered still. */
static void end_unheard(void *record)
{
    molt__thread *thread = record;
    molt__threads *threads = thread->threads;
    pthread_setspecific(threads->key, thread);       /* cleared before this is called; the backend may ask */
    pthread_mutex_lock(&threads->mutex);
    if (!MOLT__LOAD(&thread->away)) threads->backend.offline(threads->backend.user);
    MOLT__STORE(&thread->away, 1u);
    thread->ended = true;
    pthread_setspecific(threads->key, NULL);
    pthread_cond_broadcast(&threads->rested);
    pthread_mutex_unlock(&threads->mutex);
}

static molt__thread *thread_new(molt__threads *threads, const char *name)
{
    molt__thread *thread = aligned_alloc(MOLT__THREAD_LINE, sizeof *thread);
    if (!thread) return NULL;
    memset(thread, 0, sizeof *thread);
    thread->threads = threads;
    thread->away = 1;
    snprintf(thread->name, sizeof thread->name, "%s", name ? name : "worker");
    thread->task = (int)syscall(SYS_gettid);
    return thread;
}

/* With the mutex held: comes back from rest, when the owner lets it. */
static void go_online(molt__threads *threads, molt__thread *thread)
{
    while (threads->closed) pthread_cond_wait(&threads->opened, &threads->mutex);
    threads->backend.online(threads->backend.user);
    MOLT__STORE(&thread->away, 0u);
}

static void unlink_thread(molt__threads *threads, const molt__thread *thread)
{
    molt__thread **place = &threads->first;
    while (*place != thread) place = &(*place)->next;
    *place = thread->next;
    MOLT__STORE(&threads->count, threads->count - 1);
}

static int enlist(molt__threads *threads, molt__thread *thread)
{
    if (!threads->has_key) threads->has_key = pthread_key_create(&threads->key, end_unheard) == 0;
    if (!threads->has_key || pthread_setspecific(threads->key, thread)) return MOLT_ERR_MEMORY;
    thread->next = threads->first;
    threads->first = thread;
    MOLT__STORE(&threads->count, threads->count + 1);
    if (announce()) return MOLT_OK;
    unlink_thread(threads, thread);
    pthread_setspecific(threads->key, NULL);
    return MOLT_ERR_STATE;
}

int molt_thread_register(molt_world *world, const char *name)
{
    molt__threads *threads = &world->threads;
    if (molt__threads_owner(world)) {
        return molt__fail(world, MOLT_ERR_THREAD, "the thread that owns the world cannot be registered as a worker");
    }
    const molt__thread *known = molt__thread_here(world);
    if (known) return molt__fail(world, MOLT_ERR_STATE, "this thread is registered already, as '%s'", known->name);
    molt__thread *thread = thread_new(threads, name);
    if (!thread) return MOLT_ERR_MEMORY;
    pthread_mutex_lock(&threads->mutex);
    int err = enlist(threads, thread);
    if (!err) go_online(threads, thread);
    pthread_mutex_unlock(&threads->mutex);
    if (err == MOLT_ERR_STATE) molt_log(world, MOLT_LOG_ERROR, "this system has no membarrier(2), which workers need");
    if (err) free(thread);
    return err;
}

static void go_offline(molt__threads *threads, molt__thread *thread)
{
    threads->backend.offline(threads->backend.user);
    MOLT__STORE(&thread->away, 1u);
}

int molt_thread_unregister(molt_world *world)
{
    molt__threads *threads = &world->threads;
    molt__thread *thread = registered(world, "molt_thread_unregister");
    if (!thread) return MOLT_ERR_THREAD;
    int err = inside(world, thread, "molt_thread_unregister");
    if (err) return err;
    pthread_mutex_lock(&threads->mutex);
    if (!thread->away) go_offline(threads, thread);
    pthread_setspecific(threads->key, NULL);
    bool done = thread->reports == 0;                /* else the owner reads them first */
    if (done) unlink_thread(threads, thread);
    else thread->left = true;
    pthread_cond_broadcast(&threads->rested);
    pthread_mutex_unlock(&threads->mutex);
    if (done) free(thread);
    return MOLT_OK;
}

/* Waits at the gate, offline. */
static void rest(molt__threads *threads, molt__thread *thread)
{
    pthread_mutex_lock(&threads->mutex);
    go_offline(threads, thread);
    pthread_cond_broadcast(&threads->rested);
    go_online(threads, thread);
    pthread_mutex_unlock(&threads->mutex);
}

static int offline_already(molt_world *world, const molt__thread *thread, const char *what)
{
    if (!MOLT__LOAD(&thread->away)) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_STATE, "%s: thread '%s' is offline", what, thread->name);
}

int molt_thread_quiescent(molt_world *world)
{
    molt__threads *threads = &world->threads;
    molt__thread *thread = registered(world, "molt_thread_quiescent");
    if (!thread) return MOLT_ERR_THREAD;
    int err = inside(world, thread, "molt_thread_quiescent");
    if (!err) err = offline_already(world, thread, "molt_thread_quiescent");
    if (err) return err;
    threads->backend.quiescent(threads->backend.user);
    /* After it: who has seen the period begin sees the gate that was closed before. */
    if (MOLT__LOAD(&threads->closed)) rest(threads, thread);
    return MOLT_OK;
}

int molt_thread_offline(molt_world *world)
{
    molt__threads *threads = &world->threads;
    molt__thread *thread = registered(world, "molt_thread_offline");
    if (!thread) return MOLT_ERR_THREAD;
    int err = inside(world, thread, "molt_thread_offline");
    if (!err) err = offline_already(world, thread, "molt_thread_offline");
    if (err) return err;
    pthread_mutex_lock(&threads->mutex);
    go_offline(threads, thread);
    pthread_cond_broadcast(&threads->rested);
    pthread_mutex_unlock(&threads->mutex);
    return MOLT_OK;
}

int molt_thread_online(molt_world *world)
{
    molt__threads *threads = &world->threads;
    molt__thread *thread = registered(world, "molt_thread_online");
    if (!thread) return MOLT_ERR_THREAD;
    if (!MOLT__LOAD(&thread->away)) {
        return molt__fail(world, MOLT_ERR_STATE, "molt_thread_online: thread '%s' is online", thread->name);
    }
    pthread_mutex_lock(&threads->mutex);
    go_online(threads, thread);
    pthread_mutex_unlock(&threads->mutex);
    return MOLT_OK;
}

void molt__thread_report(molt__thread *thread, const char *text)
{
    pthread_mutex_lock(&thread->threads->mutex);
    if (!thread->reports++) snprintf(thread->report, sizeof thread->report, "%s", text);
    pthread_mutex_unlock(&thread->threads->mutex);
}
