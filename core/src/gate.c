/* gate.c: the owner waits for its workers, or lets them wait. */
#include "threads.h"

#include "world_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A backend may know of quiescent points that wake nobody: it is asked this often. */
enum { LOOK_AGAIN_NS = 1000000 };

int molt__threads_open(molt_world *world)
{
    molt__threads *threads = &world->threads;
    threads->backend = molt__grace(threads);
    threads->limit = world->config.thread_limit;
    threads->period = 1;
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic)) return MOLT_ERR_MEMORY;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int failed = pthread_mutex_init(&threads->mutex, NULL);
    if (!failed) failed = pthread_cond_init(&threads->rested, &monotonic) || pthread_cond_init(&threads->opened, NULL);
    pthread_condattr_destroy(&monotonic);
    if (world->config.threads) threads->backend = *world->config.threads;
    return failed ? MOLT_ERR_MEMORY : MOLT_OK;
}

void molt__threads_free(molt_world *world)
{
    molt__threads *threads = &world->threads;
    if (threads->has_key) pthread_key_delete(threads->key);
    pthread_cond_destroy(&threads->opened);
    pthread_cond_destroy(&threads->rested);
    pthread_mutex_destroy(&threads->mutex);
}

/* ---- Waiting -------------------------------------------------------------- */

static struct timespec later(struct timespec time, double seconds)
{
    double whole = seconds < 1e9 ? seconds : 1e9;
    time.tv_sec += (time_t)whole;
    time.tv_nsec += (long)((whole - (double)(time_t)whole) * 1e9);
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    return time;
}

static bool before(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* With the mutex held: until `done`, or the time limit. */
static bool wait_until(molt__threads *threads, bool (*done)(molt__threads *threads, uint64_t period), uint64_t period)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const struct timespec end = later(now, threads->limit);
    while (!done(threads, period)) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (!before(now, end)) return false;
        struct timespec next = later(now, LOOK_AGAIN_NS * 1e-9);
        pthread_cond_timedwait(&threads->rested, &threads->mutex, before(next, end) ? &next : &end);
    }
    return true;
}

static bool has_passed(molt__threads *threads, uint64_t period)
{
    return threads->backend.passed(threads->backend.user, period);
}

static bool all_gone(molt__threads *threads, uint64_t period)
{
    (void)period;
    for (const molt__thread *thread = threads->first; thread; thread = thread->next) {
        if (!thread->left && !thread->ended) return false;
    }
    return true;
}

/* "'steering', 'physics'": the threads that do not rest, or all that are there. */
static void list_names(const molt__threads *threads, bool busy, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (const molt__thread *thread = threads->first; thread && length < size; thread = thread->next) {
        if (thread->left || thread->ended || (busy && MOLT__LOAD(&thread->away))) continue;
        int added = snprintf(text + length, size - length, "%s'%s'", length ? ", " : "", thread->name);
        length += added > 0 ? (size_t)added : 0;
    }
}

/* ---- Periods of grace ----------------------------------------------------- */

uint64_t molt__threads_mark(molt_world *world)
{
    molt__threads *threads = &world->threads;
    /* Locked, so that a thread that registers meanwhile either counts, or comes
     * after what has been taken away. */
    pthread_mutex_lock(&threads->mutex);
    uint64_t mark = threads->count ? threads->backend.start(threads->backend.user) : 0;
    pthread_mutex_unlock(&threads->mutex);
    return mark;
}

bool molt__threads_passed(molt_world *world, uint64_t mark)
{
    molt__threads *threads = &world->threads;
    if (!mark) return true;
    pthread_mutex_lock(&threads->mutex);
    bool passed = has_passed(threads, mark);
    pthread_mutex_unlock(&threads->mutex);
    return passed;
}

void molt__threads_busy(molt_world *world, char *text, size_t size)
{
    molt__threads *threads = &world->threads;
    pthread_mutex_lock(&threads->mutex);
    list_names(threads, true, text, size);
    pthread_mutex_unlock(&threads->mutex);
}

/* ---- The gate ------------------------------------------------------------- */

static void open_gate(molt__threads *threads)
{
    MOLT__STORE(&threads->closed, 0u);
    pthread_cond_broadcast(&threads->opened);
}

int molt__threads_stop(molt_world *world)
{
    molt__threads *threads = &world->threads;
    if (threads->stops++) return MOLT_OK;
    char names[256];
    pthread_mutex_lock(&threads->mutex);
    MOLT__STORE(&threads->closed, 1u);
    bool all = true;
    if (threads->count) all = wait_until(threads, has_passed, threads->backend.start(threads->backend.user));
    if (!all) {
        list_names(threads, true, names, sizeof names);
        open_gate(threads);
    }
    pthread_mutex_unlock(&threads->mutex);
    if (all) return MOLT_OK;
    threads->stops--;
    molt__fail(world, MOLT_ERR_THREAD, "no quiescent point within %g s of thread%s %s", threads->limit,
               strchr(names, ',') ? "s" : "", names);
    molt__hint(world, "a worker calls molt_thread_quiescent between its calls, or molt_thread_offline before it waits");
    return MOLT_ERR_THREAD;
}

int molt__threads_try_stop(molt_world *world)
{
    double was = world->threads.limit;
    if (was > LOOK_AGAIN_NS * 1e-9) world->threads.limit = LOOK_AGAIN_NS * 1e-9;
    int err = molt__threads_stop(world);
    world->threads.limit = was;
    return err;
}

void molt__threads_resume(molt_world *world)
{
    molt__threads *threads = &world->threads;
    if (--threads->stops) return;
    pthread_mutex_lock(&threads->mutex);
    open_gate(threads);
    pthread_mutex_unlock(&threads->mutex);
}

/* ---- The tick, and the end ------------------------------------------------ */

/* Takes the first thread that has something to say, or is gone, as it is now. */
static bool take_news(molt__threads *threads, molt__thread *news, bool *gone)
{
    for (molt__thread **place = &threads->first; *place; place = &(*place)->next) {
        molt__thread *thread = *place;
        *gone = thread->ended || thread->left;
        if (!thread->reports && !*gone) continue;
        memcpy(news->name, thread->name, sizeof news->name);
        memcpy(news->report, thread->report, sizeof news->report);
        news->reports = thread->reports;
        news->ended = thread->ended;
        thread->reports = 0;
        if (!*gone) return true;
        *place = thread->next;
        MOLT__STORE(&threads->count, threads->count - 1);
        free(thread);
        return true;
    }
    return false;
}

static void tell(molt_world *world, const molt__thread *news)
{
    if (news->reports == 1) {
        molt_log(world, MOLT_LOG_ERROR, "thread '%s': %s", news->name, news->report);
    } else if (news->reports) {
        molt_log(world, MOLT_LOG_ERROR, "thread '%s': %s (first of %u errors)", news->name, news->report, news->reports);
    }
    if (news->ended) {
        molt_log(world, MOLT_LOG_ERROR, "thread '%s' has ended without molt_thread_unregister", news->name);
    }
}

void molt__threads_tick(molt_world *world)
{
    molt__threads *threads = &world->threads;
    if (!MOLT__LOAD(&threads->count)) return;
    molt__thread news = { 0 };
    bool gone, more = true;
    while (more) {
        pthread_mutex_lock(&threads->mutex);
        more = take_news(threads, &news, &gone);
        pthread_mutex_unlock(&threads->mutex);
        if (more) tell(world, &news);            /* the host's log may take its time */
    }
}

int molt__threads_close(molt_world *world)
{
    molt__threads *threads = &world->threads;
    char names[256];
    pthread_mutex_lock(&threads->mutex);
    bool gone = wait_until(threads, all_gone, 0);
    if (!gone) list_names(threads, false, names, sizeof names);
    pthread_mutex_unlock(&threads->mutex);
    molt__threads_tick(world);
    if (gone) return MOLT_OK;
    molt__fail(world, MOLT_ERR_IN_USE, "the world cannot be closed: thread%s %s %s registered with it",
               strchr(names, ',') ? "s" : "", names, strchr(names, ',') ? "are" : "is");
    molt_log(world, MOLT_LOG_ERROR, "%s", molt_last_error(world));
    return MOLT_ERR_IN_USE;
}
