/*
 * grace.c: the default backend: periods counted with atomics.
 *
 *   period      7 ─────▶ 8           the owner begins one: passed when no `seen` is 1 … 7
 *   seen        7   8   0   7
 *                       offline
 *
 * A thread that has seen period 8 begin has seen what was done before it, and
 * holds nothing from before. (Quiescent-state-based reclamation: Desnoyers and
 * others, User-Level Implementations of Read-Copy Update, 2012.)
 */
#include "threads.h"

static molt__thread *self_of(const molt__threads *threads)
{
    return pthread_getspecific(threads->key);
}

/* Called with the mutex held, so that no period begins in between. */
static void grace_online(void *user)
{
    const molt__threads *threads = user;
    MOLT__STORE(&self_of(threads)->seen, MOLT__LOAD(&threads->period));
}

static void grace_offline(void *user)
{
    MOLT__STORE(&self_of(user)->seen, (uint64_t)0);
}

/* What it read before is read before the store; what it reads from here on, after
 * the load: when that is a new period, it is no older than the period's beginning. */
static void grace_quiescent(void *user)
{
    const molt__threads *threads = user;
    MOLT__STORE(&self_of(threads)->seen, MOLT__LOAD(&threads->period));
}

static uint64_t grace_start(void *user)
{
    molt__threads *threads = user;
    MOLT__STORE(&threads->period, threads->period + 1);
    return threads->period;
}

static bool grace_passed(void *user, uint64_t period)
{
    const molt__threads *threads = user;
    for (const molt__thread *thread = threads->first; thread; thread = thread->next) {
        uint64_t seen = MOLT__LOAD(&thread->seen);
        if (seen && seen < period) return false;
    }
    return true;
}

molt_thread_backend molt__grace(molt__threads *threads)
{
    return (molt_thread_backend){
        .size = sizeof(molt_thread_backend),
        .user = threads,
        .online = grace_online,
        .offline = grace_offline,
        .quiescent = grace_quiescent,
        .start = grace_start,
        .passed = grace_passed,
    };
}
