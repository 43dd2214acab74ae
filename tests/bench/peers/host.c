/*
 * host.c: a program that embeds Molt, and what it would pay without.
 *
 *     bench_host CASE REPETITIONS
 *
 * prints, for Molt and then for the peer, minimum and median in nanoseconds.
 */
#include <molt/molt.h>
#include <molt/lua.h>

#include <lualib.h>
#include <lauxlib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "virtual.h"

enum { COUNT = 1000, ROUNDS = 300, MOST = 101 };

#define GAUGE(FIELD, METHOD) \
    FIELD (double, level, 1) \
    METHOD(double, advance, (double dt))
#define EMPTY(FIELD, METHOD) METHOD(double, heat, (double dt))
#define WARM(FIELD, METHOD) \
    FIELD (double, heat, 1) \
    FIELD (double, loss, 1) \
    FIELD (double, gain, 1)

MOLT_TRAIT(Gauge, GAUGE)
MOLT_TRAIT(Empty, EMPTY)
MOLT_TRAIT(Warm, WARM)

static double advance(Gauge *self, double dt)
{
    return self->level += dt;
}

static double heat(Empty *self, double dt)
{
    (void)self;
    return dt;
}

typedef struct bench {
    molt_world *world;
    lua_State *L;
    molt_object *objects[COUNT];
    Gauge *handles[COUNT];
    molt_trait *attached;
    molt_impl *with;
    void *peers;
} bench;

static void fail(const bench *b)
{
    fprintf(stderr, "bench_host: %s\n", molt_last_error(b->world));
    exit(EXIT_FAILURE);
}

static double by_handle(bench *b)
{
    double sum = 0;
    for (size_t i = 0; i < COUNT; i++) sum += molt_call(b->handles[i], advance, 0.5);
    return sum;
}

static double by_object(bench *b)
{
    double sum = 0;
    for (size_t i = 0; i < COUNT; i++) sum += molt_call(molt_as(b->objects[i], Gauge), advance, 0.5);
    return sum;
}

static double attach_detach(bench *b)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (molt_object_attach(b->objects[i], b->attached, b->with)) fail(b);
        if (molt_object_detach(b->objects[i], b->attached)) fail(b);
    }
    if (molt_world_tick(b->world)) fail(b);
    return 0;
}

static double virtual_call(bench *b)
{
    return virtual_round(b->peers, COUNT, 0.5);
}

static double gobject_call(bench *b)
{
    return gobject_round(b->peers, COUNT, 0.5);
}

typedef double (*round_function)(bench *b);

static volatile double sink;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(bench *b, round_function round)
{
    double from = now(), sum = 0;
    for (int i = 0; i < ROUNDS; i++) sum += round(b);
    sink = sum;
    return (now() - from) / ROUNDS / COUNT;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(double *times, int count)
{
    qsort(times, (size_t)count, sizeof *times, ascending);
    printf("%.4f %.4f\n", times[0], times[count / 2]);
}

static void compare(bench *b, round_function ours, round_function theirs, int repetitions)
{
    static double our_times[MOST], their_times[MOST];
    measure(b, ours);
    for (int i = 0; i < repetitions; i++) {
        our_times[i] = measure(b, ours);
        if (theirs) their_times[i] = measure(b, theirs);
    }
    report(our_times, repetitions);
    if (theirs) report(their_times, repetitions);
}

static void open_bench(bench *b)
{
    b->world = molt_world_open(NULL);
    b->L = luaL_newstate();
    luaL_openlibs(b->L);
    if (molt_lua_open(b->L, b->world)) fail(b);
    const Gauge_vtable functions = { .advance = advance };
    molt_impl *impl = molt_impl_register(b->world, &Gauge_trait, "Gauge", &functions, 1, "host.c");
    if (!impl) fail(b);
    molt_trait *trait = molt_impl_trait(impl);
    molt_class_lines lines = { .size = sizeof lines, .name = "Car", .traits = &trait, .trait_count = 1, .where = "host.c" };
    molt_class *car = molt_class_declare(b->world, &lines);
    if (!car || molt_class_use(car, NULL, impl)) fail(b);
    for (size_t i = 0; i < COUNT; i++) {
        b->objects[i] = molt_object_new(b->world, car);
        if (!b->objects[i]) fail(b);
        b->handles[i] = molt_as(b->objects[i], Gauge);
    }
}

/* Every object gets its table. */
static void show_lua(bench *b)
{
    lua_newtable(b->L);
    for (int i = 0; i < COUNT; i++) {
        molt_lua_push(b->L, b->objects[i]);
        lua_rawseti(b->L, -2, i + 1);
    }
    lua_setglobal(b->L, "objects");
}

static int usage(void)
{
    fprintf(stderr, "usage: bench_host handle|object|attach|attach-fields|attach-lua|attach-fields-lua REPETITIONS\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 3) return usage();
    const char *name = argv[1];
    int repetitions = atoi(argv[2]);
    if (repetitions < 1 || repetitions > MOST) return usage();
    static bench b;
    open_bench(&b);
    if (strcmp(name, "handle") == 0) {
        b.peers = virtual_objects(COUNT);
        compare(&b, by_handle, virtual_call, repetitions);
    } else if (strcmp(name, "object") == 0) {
        b.peers = gobject_objects(COUNT);
        compare(&b, by_object, gobject_call, repetitions);
    } else if (strncmp(name, "attach", 6) == 0) {
        const Empty_vtable empty = { .heat = heat };
        if (strstr(name, "fields")) b.attached = molt_trait_declare_text(b.world, &Warm_trait);
        else b.with = molt_impl_register(b.world, &Empty_trait, "Empty", &empty, 1, "host.c");
        if (b.with) b.attached = molt_impl_trait(b.with);
        if (!b.attached) fail(&b);
        if (strstr(name, "lua")) show_lua(&b);
        compare(&b, attach_detach, NULL, repetitions);
    } else {
        return usage();
    }
    molt_world_close(b.world);
    lua_close(b.L);
    return EXIT_SUCCESS;
}
