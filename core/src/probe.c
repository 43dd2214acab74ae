#define _GNU_SOURCE
#include "probe.h"

#include "error.h"
#include "world_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 4, SLICE = 20 };   /* SLICE: milliseconds between looks at the child */
static const double start_limit = 0.5, default_limit = 1;

/* A child, and what is known of it. */
typedef struct watch {
    pid_t child;
    int in;
    enum molt__probe_step step;      /* the last that it said */
    int exit_status;                 /* of exit(), or -1 */
    bool late;
    bool reaped;
    int status;                      /* of waitpid; -1: somebody else took it */
} watch;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

bool molt__probe_wanted(const molt_world *world, uint32_t flags)
{
    if (flags & MOLT_RELOAD_NO_PROBE) return false;
    if (flags & MOLT_RELOAD_PROBE) return true;
    if (world->probe) return world->probe > 0;
    const char *set = getenv("MOLT_PROBE");
    return set && set[0] ? strcmp(set, "0") != 0 : world->config.development;
}

int molt_module_probe(molt_world *world, bool on)
{
    world->probe = on ? 1 : -1;
    return MOLT_OK;
}

bool molt_module_probes(const molt_world *world)
{
    return molt__probe_wanted(world, 0);
}

/* ---- Signals: the host's SIGCHLD is not for our child ---------------------- */

typedef struct quiet {
    sigset_t before;
    bool pending;                    /* one of the host's waited already */
} quiet;

static bool pending(void)
{
    sigset_t set;
    return sigpending(&set) == 0 && sigismember(&set, SIGCHLD) == 1;
}

static quiet hold_signal(void)
{
    quiet q;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &child, &q.before);
    q.pending = pending();
    return q;
}

/* Takes our child's signal away. One that a child of the host's sent meanwhile fell
 * together with it: that child can be waited for, so the signal is sent again. */
static void release_signal(const quiet *q)
{
    sigset_t child;
    siginfo_t other = { 0 };
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (!q->pending && pending()) {
        sigtimedwait(&child, NULL, &(struct timespec){ 0 });
        bool more = waitid(P_ALL, 0, &other, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) == 0 && other.si_pid;
        if (more) kill(getpid(), SIGCHLD);
    }
    pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}

/* ---- Watching --------------------------------------------------------------- */

/* Has it ended? A host that waits for all its children may have been faster. */
static bool reap(watch *w, int flags)
{
    while (!w->reaped) {
        pid_t got = waitpid(w->child, &w->status, flags);
        if (got == 0) return false;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) w->status = -1;
        w->reaped = true;
    }
    return true;
}

static void take(watch *w, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (w->step == MOLT__PROBE_DONE) return;
        if (bytes[i] == MOLT__PROBE_EXIT) {
            w->exit_status = i + 1 < count ? bytes[i + 1] : 0;
            return;
        }
        w->step = bytes[i];
    }
}

/* Reads what has come; false at the end of the pipe. */
static bool listen_once(watch *w, int milliseconds)
{
    unsigned char bytes[16];
    struct pollfd wait = { .fd = w->in, .events = POLLIN };
    if (poll(&wait, 1, milliseconds) <= 0) return true;
    ssize_t count = read(w->in, bytes, sizeof bytes);
    if (count > 0) take(w, bytes, (size_t)count);
    return count > 0 || (count < 0 && errno == EINTR);
}

/* Seconds for which it could have run and had no processor: a busy machine is not
 * the module's fault. */
static double starved(const watch *w)
{
    char path[64];
    unsigned long long waited = 0;
    snprintf(path, sizeof path, "/proc/%ld/schedstat", (long)w->child);
    FILE *in = fopen(path, "re");
    if (!in) return 0;
    if (fscanf(in, "%*u %llu", &waited) != 1) waited = 0;
    fclose(in);
    return (double)waited * 1e-9;
}

/* Until it is done, has ended, or the time is up. The time of the module begins
 * when the child is ready. */
static void listen(watch *w, double limit)
{
    double end = now() + start_limit, granted = 0;
    while (w->step != MOLT__PROBE_DONE && w->exit_status < 0) {
        bool ready = w->step != MOLT__PROBE_NONE;
        double left = end - now();
        double more = left > 0 ? 0 : starved(w) - granted;
        if (left <= 0 && more < 1e-3) {
            w->late = true;
            return;
        }
        end += more;
        left += more;
        granted += more;
        int slice = left * 1e3 < SLICE ? (int)(left * 1e3) + 1 : SLICE;
        bool open = listen_once(w, slice);
        if (!ready && w->step != MOLT__PROBE_NONE) end = now() + limit;
        if (!open || reap(w, WNOHANG)) break;
    }
    if (w->reaped) listen_once(w, 0);                /* what it said last */
}

/* A child that closed the pipe may still run. */
static void end_child(watch *w)
{
    double end = now() + start_limit;
    bool ending = w->step != MOLT__PROBE_DONE && !w->late;
    while (ending && !reap(w, WNOHANG) && now() < end) nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
    if (!w->reaped) kill(w->child, SIGKILL);
    reap(w, 0);
}

static int start(const molt__opening *o, const char *copy, watch *w)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return -1;
    w->child = fork();
    if (w->child == 0) molt__probe_child(o, copy, ends[1]);
    close(ends[1]);
    w->in = ends[0];
    if (w->child > 0) return 0;
    close(w->in);
    return -1;
}

/* ---- The verdict ------------------------------------------------------------ */

static const char *place_of(enum molt__probe_step step)
{
    switch (step) {
    case MOLT__PROBE_READY: return "in a constructor";
    case MOLT__PROBE_OPENED: return "in the function that says what it is";
    case MOLT__PROBE_ENTERED: return "in its setup";
    case MOLT__PROBE_SET_UP: return "in a destructor";
    default: return "before anything of it ran";
    }
}

static int refuse(const molt__opening *o, double limit, const watch *w)
{
    char what[96];
    const char *name = w->status >= 0 && WIFSIGNALED(w->status) ? sigabbrev_np(WTERMSIG(w->status)) : NULL;
    if (w->late) snprintf(what, sizeof what, "did not return within %g s", limit);
    else if (w->exit_status >= 0) snprintf(what, sizeof what, "exited with status %d", w->exit_status);
    else if (name) snprintf(what, sizeof what, "crashed with SIG%s", name);
    else if (w->status < 0) snprintf(what, sizeof what, "ended");
    else snprintf(what, sizeof what, "exited with status %d", WEXITSTATUS(w->status));
    molt__fail(o->world, MOLT_ERR_MODULE, "%s: it %s %s, in a child that tried it first", o->file, what,
               place_of(w->step));
    return molt__hint(o->world, "nothing of it ran in this process; molt.probe(false) loads it without trying");
}

static int give_up(const molt__opening *o, const char *why)
{
    molt__fail(o->world, MOLT_ERR_STATE, "%s: could not be tried in a child: %s", o->file, why);
    return molt__hint(o->world, "molt.probe(false) loads it without trying");
}

int molt__probe(const molt__opening *o, const char *copy)
{
    double limit = o->limit > 0 ? o->limit : default_limit;
    quiet q = hold_signal();
    int err = MOLT_ERR_STATE;
    for (int attempt = 0; attempt < ATTEMPTS && err == MOLT_ERR_STATE; attempt++) {
        watch w = { .exit_status = -1 };
        if (start(o, copy, &w)) {
            err = give_up(o, strerror(errno));
            break;
        }
        listen(&w, limit);
        end_child(&w);
        close(w.in);
        if (w.step == MOLT__PROBE_DONE) err = MOLT_OK;
        else if (w.step == MOLT__PROBE_NONE && w.late) err = give_up(o, "it did not start");
        else err = refuse(o, limit, &w);
    }
    release_signal(&q);
    return err;
}
