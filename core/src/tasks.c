#define _GNU_SOURCE
#include "tasks.h"

#include "world_state.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DEEP = 256 * 1024, CHUNK = 4096 };    /* bytes of a stack that are looked at, and at a time */

static bool read_line(const char *task, const char *file, char *line, int size)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/self/task/%s/%s", task, file);
    FILE *in = fopen(path, "re");
    bool got = in && fgets(line, size, in);
    if (in) fclose(in);
    if (got) line[strcspn(line, "\n")] = '\0';
    return got;
}

/* "202 0x7f… 0x80 0x0 0x0 0x0 0x0 0x7ffc… 0x7f…", or "-1 SP PC", or "running" */
static bool place_of(const char *task, uintptr_t *stack, uintptr_t *counter)
{
    char line[256];
    if (!read_line(task, "syscall", line, sizeof line) || !strchr(line, ' ')) return false;
    char *last = strrchr(line, ' ');
    *counter = strtoull(last, NULL, 16);
    *last = '\0';
    last = strrchr(line, ' ');
    if (!last) return false;
    *stack = strtoull(last, NULL, 16);
    return true;
}

/* The thread may end meanwhile, and its stack with it: so by a copy, which may fail. */
static bool on_stack(uintptr_t stack, molt__span span)
{
    uintptr_t words[CHUNK / sizeof(uintptr_t)];
    for (uintptr_t at = stack & ~(uintptr_t)7; at < stack + DEEP;) {
        size_t step = CHUNK - at % CHUNK;            /* pages are there whole or not at all */
        void *from;
        memcpy(&from, &at, sizeof from);
        struct iovec here = { words, step }, there = { from, step };
        if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)step) return false;
        for (size_t i = 0; i < step / sizeof *words; i++) {
            if (molt__span_holds(span, words[i])) return true;
        }
        at += step;
    }
    return false;
}

static bool inside(const char *task, molt__span span)
{
    uintptr_t stack, counter;
    if (!place_of(task, &stack, &counter)) return false;
    return molt__span_holds(span, counter) || on_stack(stack, span);
}

/* Folders link to their parent and to themselves. */
static bool alone(void)
{
    struct stat status;
    return stat("/proc/self/task", &status) || status.st_nlink <= 3;
}

/* A worker says by itself when it holds nothing. */
static bool is_worker(molt_world *world, int task)
{
    pthread_mutex_lock(&world->threads.mutex);
    const molt__thread *thread = world->threads.first;
    while (thread && thread->task != task) thread = thread->next;
    pthread_mutex_unlock(&world->threads.mutex);
    return thread != NULL;
}

bool molt__tasks_inside(molt_world *world, molt__span span, char *text, size_t size)
{
    if (alone()) return false;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) return false;
    char own[24], name[32] = "?";
    snprintf(own, sizeof own, "%d", (int)gettid());
    bool found = false;
    for (const struct dirent *task; !found && (task = readdir(tasks));) {
        if (!isdigit((unsigned char)task->d_name[0]) || strcmp(task->d_name, own) == 0) continue;
        found = !is_worker(world, atoi(task->d_name)) && inside(task->d_name, span);
        if (!found) continue;
        read_line(task->d_name, "comm", name, sizeof name);
        snprintf(text, size, "thread %s ('%s') is in it, or an address of it on its stack", task->d_name, name);
    }
    closedir(tasks);
    return found;
}
