#define _GNU_SOURCE
#include "stale.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* Of the process. The handler reads the list without the lock: it runs when the
 * process is about to end. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static molt__stale *worlds;
static struct sigaction before;      /* who is asked about faults that are none of ours */
static bool installed;
static stack_t own_stack;            /* of the thread that installed the handler */

static uintptr_t counter_of(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

static const molt__stale_range *range_of(uintptr_t address)
{
    for (const molt__stale *stale = worlds; stale; stale = stale->next) {
        for (size_t i = 0; i < MOLT__STALE_KEPT; i++) {
            if (molt__span_holds(stale->range[i].span, address)) return &stale->range[i];
        }
    }
    return NULL;
}

/* What may be used in a signal handler is little: no printf. */
typedef struct words { char text[256]; size_t length; } words;

static void add(words *w, const char *text)
{
    while (*text && w->length < sizeof w->text) w->text[w->length++] = *text++;
}

static void add_number(words *w, uintptr_t number, unsigned base)
{
    char digits[24];
    size_t i = sizeof digits;
    digits[--i] = '\0';
    do digits[--i] = "0123456789abcdef"[number % base]; while (number /= base);
    add(w, digits + i);
}

static void tell(const molt__stale_range *range, uintptr_t address, bool call)
{
    words w = { .length = 0 };
    add(&w, call ? "molt: stale call into " : "molt: stale pointer into ");
    add(&w, range->module);
    add(&w, ", generation ");
    add_number(&w, range->generation, 10);
    add(&w, ": the image is unloaded (offset 0x");
    add_number(&w, address - range->span.low, 16);
    add(&w, ")\n");
    ssize_t written = write(STDERR_FILENO, w.text, w.length);
    (void)written;
}

/* Whoever handled faults before has the last word; nobody: the default, at the
 * fault itself, which happens again. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else {
        signal(number, SIG_DFL);
    }
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    const molt__stale_range *range = range_of(address);
    if (range) tell(range, address, molt__span_holds(range->span, counter_of(context)));
    pass_on(number, info, context);
}

/* A fault of a stack that has no room needs another one to be told on. */
static void give_stack(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) || !(now.ss_flags & SS_DISABLE)) return;
    size_t size = 64 * 1024;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    own_stack = (stack_t){ .ss_sp = memory, .ss_size = size };
    if (sigaltstack(&own_stack, NULL) == 0) return;
    munmap(memory, size);
    own_stack = (stack_t){ 0 };
}

static void take_stack(void)
{
    stack_t now;
    if (!own_stack.ss_sp || sigaltstack(NULL, &now) || now.ss_sp != own_stack.ss_sp) return;   /* another thread's */
    stack_t none = { .ss_flags = SS_DISABLE };
    if (sigaltstack(&none, NULL) == 0) munmap(own_stack.ss_sp, own_stack.ss_size);
    own_stack = (stack_t){ 0 };
}

void molt__stale_watch(molt__stale *stale)
{
    pthread_mutex_lock(&lock);
    if (!installed) {
        struct sigaction ours = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
        sigemptyset(&ours.sa_mask);
        give_stack();
        installed = sigaction(SIGSEGV, &ours, &before) == 0;
    }
    stale->next = worlds;
    worlds = stale;
    pthread_mutex_unlock(&lock);
}

/* Somebody may have put a handler over ours, which asks ours: then it stays. */
static void take_handler(void)
{
    struct sigaction now;
    if (sigaction(SIGSEGV, NULL, &now) || !(now.sa_flags & SA_SIGINFO) || now.sa_sigaction != on_fault) return;
    sigaction(SIGSEGV, &before, NULL);
    installed = false;
    take_stack();
}

void molt__stale_end(molt__stale *stale)
{
    pthread_mutex_lock(&lock);
    molt__stale **link = &worlds;
    while (*link && *link != stale) link = &(*link)->next;
    if (*link) {
        *link = stale->next;
        if (!worlds) take_handler();
    }
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < MOLT__STALE_KEPT; i++) molt__span_release(stale->range[i].span);
}

void molt__stale_keep(molt__stale *stale, const char *module, uint32_t generation, molt__span span)
{
    molt__stale_range *range = &stale->range[stale->made++ % MOLT__STALE_KEPT];
    molt__span_release(range->span);
    range->span = (molt__span){ 0, 0 };
    range->generation = generation;
    snprintf(range->module, sizeof range->module, "%s", module);
    range->span = span;
}

size_t molt__stale_count(const molt__stale *stale)
{
    return stale->made < MOLT__STALE_KEPT ? stale->made : MOLT__STALE_KEPT;
}
