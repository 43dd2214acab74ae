/* worker.h: for tests: threads that work beside the owner of a world. */
#ifndef MOLT_TEST_WORKER_H
#define MOLT_TEST_WORKER_H

#include <pthread.h>
#include <semaphore.h>

#include <molt/molt.h>

typedef struct worker {
    molt_world *world;
    const char *name;                /* NULL: it does not register */
    void (*work)(struct worker *w);  /* once, or until `over` */
    void *data;
    pthread_t thread;
    sem_t here, on;                  /* steps: the worker says here, the test says on */
    bool over;
    unsigned long calls;             /* that went well */
    bool failed;                     /* something did not: … */
    char wrong[256];                 /* … the first of it */
} worker;

/* What a worker finds wrong; only the test may fail. */
#define expect(w, condition)                                                   \
    do {                                                                       \
        if (!(condition)) worker_fail((w), __FILE__, __LINE__, #condition);    \
    } while (0)

static inline void worker_fail(worker *w, const char *file, int line, const char *condition)
{
    if (w->failed) return;
    snprintf(w->wrong, sizeof w->wrong, "%s:%d: %s (%s)", file, line, condition, molt_last_error(w->world));
    __atomic_store_n(&w->failed, true, __ATOMIC_RELEASE);
}

static inline bool worker_failed(const worker *w)
{
    return __atomic_load_n(&w->failed, __ATOMIC_ACQUIRE);
}

static inline void *worker_main(void *user)
{
    worker *w = user;
    if (w->name) expect(w, molt_thread_register(w->world, w->name) == MOLT_OK);
    w->work(w);
    if (w->name) expect(w, molt_thread_unregister(w->world) == MOLT_OK);
    return NULL;
}

static inline void worker_start(worker *w)
{
    sem_init(&w->here, 0, 0);
    sem_init(&w->on, 0, 0);
    assert_int_equal(pthread_create(&w->thread, NULL, worker_main, w), 0);
}

static inline void worker_join(worker *w)
{
    __atomic_store_n(&w->over, true, __ATOMIC_RELEASE);
    pthread_join(w->thread, NULL);
    sem_destroy(&w->here);
    sem_destroy(&w->on);
    if (w->failed) fail_msg("thread '%s': %s", w->name ? w->name : "?", w->wrong);
}

static inline bool worker_over(const worker *w)
{
    return __atomic_load_n(&w->over, __ATOMIC_ACQUIRE);
}

static inline unsigned long worker_calls(const worker *w)
{
    return __atomic_load_n(&w->calls, __ATOMIC_RELAXED);
}

static inline void worker_count(worker *w)
{
    __atomic_store_n(&w->calls, w->calls + 1, __ATOMIC_RELAXED);
}

/* Runs it on a thread of its own, to the end. */
static inline void elsewhere(molt_world *world, const char *name, void (*work)(worker *w), void *data)
{
    worker w = { .world = world, .name = name, .work = work, .data = data };
    worker_start(&w);
    worker_join(&w);
}

/* The worker waits here for the test; the test, for the worker. */
static inline void worker_step(worker *w)
{
    sem_post(&w->here);
    sem_wait(&w->on);
}

static inline void await(worker *w)
{
    sem_wait(&w->here);
}

static inline void let_on(worker *w)
{
    sem_post(&w->on);
}

#endif
