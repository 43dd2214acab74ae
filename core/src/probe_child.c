/* probe_child.c: the half of a probe that may not survive it. */
#define _GNU_SOURCE
#include "probe.h"

#include "module.h"
#include "offer.h"
#include "world_state.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PIPE = 3 };                   /* the only descriptor beside the standard three */

static void say(unsigned char byte)
{
    while (write(PIPE, &byte, 1) < 0) continue;
}

/* The host's handlers would take a crash for the host's own. */
static void forget_handlers(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Nothing of the host's files and sockets is within reach, nothing is printed. */
static void forget_descriptors(int out)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int i = 0; i < PIPE; i++) dup2(nothing, i);
    if (out != PIPE) dup2(out, PIPE);
    fcntl(PIPE, F_SETFD, FD_CLOEXEC);
    if (close_range(PIPE + 1, ~0U, 0) == 0) return;
    for (int i = PIPE + 1; i < 1024; i++) close(i);
}

/* No core file, and no longer life than the host's. One byte, not none: for that
 * the kernel does not start a program that takes cores either. */
static void take_limits(void)
{
    struct rlimit core = { 1, 1 };
    setrlimit(RLIMIT_CORE, &core);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* exit() runs what was registered last first: this, and then nothing of the host's. */
static void on_exit_here(int status, void *unused)
{
    (void)unused;
    const unsigned char bytes[2] = { MOLT__PROBE_EXIT, (unsigned char)status };
    while (write(PIPE, bytes, sizeof bytes) < 0) continue;
    _exit(status);
}

static void on_quick_exit_here(void)
{
    on_exit_here(0, NULL);
}

static int stop(struct dl_phdr_info *image, size_t size, void *user)
{
    (void)image;
    (void)size;
    (void)user;
    return 1;
}

/* Takes the locks that opening takes: one that another thread of the host held
 * when we were forked holds us here, and not in the module. */
static void take_locks(void)
{
    on_exit(on_exit_here, NULL);
    at_quick_exit(on_quick_exit_here);
    void *volatile memory = malloc(64);
    free(memory);
    dl_iterate_phdr(stop, NULL);
    void *program = dlopen(NULL, RTLD_LAZY | RTLD_NOLOAD);
    if (program) dlclose(program);
}

static void *allocate(void *user, size_t size, size_t align)
{
    (void)user;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void keep(void *user, void *memory, size_t size)
{
    (void)user;
    (void)memory;
    (void)size;
}

static void hush(void *user, molt_log_level level, const char *text)
{
    (void)user;
    (void)level;
    (void)text;
}

/* The host's hooks may take locks, and must not hear what only happens here. */
static void forget_hooks(molt_world *world)
{
    world->config.allocate = allocate;
    world->config.free = keep;
    world->config.log = hush;
}

/* At its first load there is no module yet; setup only looks at what it is called. */
static void set_up(const molt__opening *o, const molt_module_info *info)
{
    molt_module first = { .world = o->world, .name = (char *)(uintptr_t)o->image->note.name,
                          .file = (char *)(uintptr_t)o->file };
    const molt_module *module = o->module ? o->module : &first;
    molt__offer offer;
    molt__reasons reasons = { 0 };
    molt__offer_collect(module, info, module->number + 1, o->flags, &reasons, &offer);
}

static void try_module(const molt__opening *o, const char *copy)
{
    molt__opened opened;
    if (molt__open(o->world, o->file, copy, o->image, &opened)) return;
    say(MOLT__PROBE_OPENED);
    const molt_module_info *info;
    int err = molt__generation_meet(o, &opened, &info);
    say(MOLT__PROBE_ENTERED);
    if (!err) set_up(o, info);
    say(MOLT__PROBE_SET_UP);
    dlclose(opened.handle);
}

void molt__probe_child(const molt__opening *o, const char *copy, int out)
{
    forget_handlers();
    forget_descriptors(out);
    take_limits();
    take_locks();
    forget_hooks(o->world);
    say(MOLT__PROBE_READY);
    try_module(o, copy);
    say(MOLT__PROBE_DONE);
    _exit(0);
}
