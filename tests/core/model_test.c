/*
 * Random edits of a world of live objects, against the naive model of model.h.
 * Now and then an allocation is refused in the middle.
 *
 * A trial is a world and 120 steps: see property.h.
 */
#include "model_compare.h"
#include "model_edits.h"
#include "model_verbs.h"

enum { STEPS = 120, FURNISHING = 45 };

static const struct { const char *name; void (*verb)(void); int weight; } verbs[] = {
    { "create", create, 8 },         { "destroy", destroy, 3 },       { "attach", attach, 8 },
    { "detach", detach, 5 },         { "fill", fill, 4 },             { "unfill", unfill, 4 },
    { "use_impl", use_impl, 4 },     { "drop_impl", drop_impl, 6 },   { "use_trait", use_trait, 2 },
    { "drop_trait", drop_trait, 3 }, { "fill_impl", fill_impl, 3 },   { "fill_trait", fill_trait, 1 },
    { "set_impl", set_impl, 2 },     { "set_field", set_field, 6 },   { "override", override, 4 },
    { "restore", restore, 3 },       { "retain", retain, 2 },         { "release", release, 2 },
    { "tick", tick, 3 },             { "call_stale", call_stale, 2 },  { "become", become, 3 },
    { "redeclare", redeclare, 2 },  { "redefine", redefine, 5 },
};

static size_t done_by[COUNT_OF(verbs)], refused_by[COUNT_OF(verbs)];

/* ---- Trials ---- */

/* The first steps furnish the world, so that there is something to do. */
static size_t furnishing(void)
{
    static const char *const names[] = { "fill_impl", "use_impl", "create" };
    size_t v = 0;
    while (strcmp(verbs[v].name, names[the.step % 3]) != 0) v++;
    return v;
}

static size_t some_verb(void)
{
    if (the.step < FURNISHING) return furnishing();
    int total = 0;
    for (size_t v = 0; v < COUNT_OF(verbs); v++) total += verbs[v].weight;
    int at = pick((size_t)total);
    size_t v = 0;
    while (at >= verbs[v].weight) at -= verbs[v++].weight;
    return v;
}

static void step(void)
{
    size_t v = some_verb();
    the.doing = verbs[v].name;
    the.before = the.now;
    with.refused = false;
    with.allocations_left = pick(4) ? -1 : pick(pick(3) ? 8 : 80);
    tell("  %3d %s", the.step, the.doing);
    if (with.allocations_left >= 0) tell(" (memory for %ld allocations)", with.allocations_left);
    verbs[v].verb();
    tell("\n");
    with.allocations_left = -1;
    if (memcmp(&the.before, &the.now, sizeof the.now) == 0) refused_by[v]++;
    else done_by[v]++;
    int o = some_object();
    if (o != NO_ONE) compare_object((size_t)o);
    if (the.step % 16 == 0) compare_all();
}

static void end(void)
{
    the.doing = "the end";
    compare_all();
    while (the.now.object_count) {
        hold(molt_object_destroy(the.objects[0]) == MOLT_OK);
        forget_object(0);
        if (pick(4) == 0) compare_all();
    }
    hold(with.world->limbo.promised == 0);
}

static void trial(unsigned long long seed, const int *steps, size_t count)
{
    the = (run){ .random = seed, .doing = "the beginning" };
    hold(set_up_joined(NULL) == 0);
    begin();
    for (size_t i = 0; i < count; i++) {
        the.step = steps[i];
        the.random = step_seed(seed, the.step);
        step();
    }
    end();
    hold(tear_down(NULL) == 0);
}

static void summary(void)
{
    for (size_t v = 0; v < COUNT_OF(verbs); v++) {
        print_message("%12s: %zu done, %zu refused or idle\n", verbs[v].name, done_by[v], refused_by[v]);
    }
}

static void live_objects_do_what_the_model_says(void **state)
{
    (void)state;
    const property sequences = { .name = "sequences of 120 steps", .seed = 20260101, .rounds = 400,
                                 .long_rounds = 100000, .steps = STEPS, .run = trial, .summary = summary };
    run_property(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(live_objects_do_what_the_model_says) };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
