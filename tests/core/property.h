/*
 * property.h: for tests: random trials against a model, each a list of steps drawn
 * from a seed. Trials run in a process apart, so that a crash is a failure like any
 * other; a trial that fails is shrunk to a list that fails no more when any one of
 * its steps is left out, and printed as a script.
 *
 *   MOLT_SEED=n MOLT_ROUNDS=1   repeats one trial; a failure prints its seed
 *   MOLT_TEST_LONG=1            the long run
 */
#ifndef MOLT_TEST_PROPERTY_H
#define MOLT_TEST_PROPERTY_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST_STEPS = 256 };

typedef struct property {
    const char *name;                /* "sequences" */
    unsigned long long seed, rounds, long_rounds;
    size_t steps;                    /* of a trial, at most */
    /* Runs the steps whose numbers are listed; does not return when one fails. */
    void (*run)(unsigned long long seed, const int *steps, size_t count);
    void (*summary)(void);           /* prints what was done, in the process that did it; or NULL */
} property;

/* Shared by the processes: where a trial is, and what was wrong with it. */
typedef struct property_place {
    unsigned long long seed, done;
    size_t script_length;
    bool telling;
    char failure[1024];
    char script[1 << 16];
} property_place;

static property_place *property_at;

/* SplitMix64 (Steele, Lea, Flood). */
static inline unsigned long long split_mix(unsigned long long *state)
{
    unsigned long long z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Each step draws from a seed of its own, so the others may be left out. */
static inline unsigned long long step_seed(unsigned long long seed, int step)
{
    unsigned long long state = seed * 1000003u + (unsigned long long)step;
    return split_mix(&state);
}

/* A line of the script, when a failure is told. */
__attribute__((format(printf, 1, 2))) static inline void tell(const char *format, ...)
{
    if (!property_at->telling || property_at->script_length > sizeof property_at->script - 1024) return;
    va_list arguments;
    va_start(arguments, format);
    char *to = property_at->script + property_at->script_length;
    property_at->script_length += (size_t)vsnprintf(to, 1000, format, arguments);
    va_end(arguments);
}

/* The trial has failed. */
__attribute__((format(printf, 1, 2), noreturn)) static inline void fail_trial(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(property_at->failure, sizeof property_at->failure, format, arguments);
    va_end(arguments);
    _exit(1);
}

static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Runs one trial in a process of its own. */
static inline bool trial_fails(const property *p, unsigned long long seed, const int *steps, size_t count)
{
    property_at->script_length = 0;
    snprintf(property_at->failure, sizeof property_at->failure, "it crashed");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        p->run(seed, steps, count);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status != 0;
}

/* Leaves out halves, quarters, …, single steps, as long as it still fails. */
static inline size_t shrink(const property *p, unsigned long long seed, int *steps, size_t count)
{
    for (size_t chunk = (count + 1) / 2; chunk > 0; chunk = chunk > 1 ? (chunk + 1) / 2 : 0) {
        for (size_t at = 0; at < count;) {
            int fewer[MOST_STEPS];
            size_t gone = chunk < count - at ? chunk : count - at;
            memcpy(fewer, steps, at * sizeof *steps);
            memcpy(fewer + at, steps + at + gone, (count - at - gone) * sizeof *steps);
            if (!trial_fails(p, seed, fewer, count - gone)) {
                at += gone;
                continue;
            }
            memcpy(steps, fewer, sizeof fewer);
            count -= gone;
        }
    }
    return count;
}

static inline size_t all_steps(const property *p, int *steps)
{
    for (size_t i = 0; i < p->steps; i++) steps[i] = (int)i;
    return p->steps;
}

/* "MOLT_SEED=7 MOLT_ROUNDS=1: not …" and the script. */
static inline void explain_failure(const property *p, unsigned long long seed)
{
    int steps[MOST_STEPS];
    size_t count = shrink(p, seed, steps, all_steps(p, steps));
    property_at->telling = true;
    bool again = trial_fails(p, seed, steps, count);
    property_at->telling = false;
    print_error("MOLT_SEED=%llu MOLT_ROUNDS=1: %s%s\n%.*s", seed, property_at->failure,
                again ? "" : " (but not when it was run alone)", (int)property_at->script_length, property_at->script);
    fail_msg("%s: a trial failed", p->name);
}

static inline unsigned long long from_environment(const char *name, unsigned long long otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static inline void run_batch(const property *p, unsigned long long from, unsigned long long to, bool last)
{
    int steps[MOST_STEPS];
    size_t count = all_steps(p, steps);
    for (unsigned long long seed = from; seed < to; seed++) {
        property_at->seed = seed;
        p->run(seed, steps, count);
        property_at->done++;
    }
    if (last && p->summary) p->summary();
    fflush(NULL);
    _exit(0);
}

static inline void run_property(const property *p)
{
    const bool is_long = getenv("MOLT_TEST_LONG") != NULL;
    const unsigned long long seed = from_environment("MOLT_SEED", p->seed);
    const unsigned long long rounds = from_environment("MOLT_ROUNDS", is_long ? p->long_rounds : p->rounds);
    const double start = seconds_now();
    double told = start;
    property_at = mmap(NULL, sizeof *property_at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(property_at != MAP_FAILED);
    property_at->done = 0;
    for (unsigned long long at = 0; at < rounds;) {
        unsigned long long batch = rounds - at < 2000 ? rounds - at : 2000;
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) run_batch(p, seed + at, seed + at + batch, at + batch == rounds);
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0) explain_failure(p, property_at->seed);
        at += batch;
        if (is_long && seconds_now() - told > 10) {
            told = seconds_now();
            print_message("%llu of %llu %s, %.0f s\n", at, rounds, p->name, told - start);
            fflush(NULL);
        }
    }
    print_message("%llu %s from MOLT_SEED=%llu, %.1f s\n", property_at->done, p->name, seed, seconds_now() - start);
    munmap(property_at, sizeof *property_at);
}

#endif
