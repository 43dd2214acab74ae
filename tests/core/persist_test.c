/* State of a module that outlives its generations, and a generation's last words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"
#include "world_state.h"

static int set_up_inside(void **state)
{
    set_up(state);
    with.world->border->exposed = 0;                 /* images go at once */
    return 0;
}

/* `range` counts in the state and in a static; `wheels` tells the static. */
#define COUNTING                                                                       \
    "static int32_t calls;\n"                                                          \
    "static double range(Bike *self, double load) { (void)self; (void)load; calls++; return ++score->wins; }\n" \
    "static int32_t wheels(Bike *self) { (void)self; return calls; }\n"

#define STATE "MOLT_STATE(score, int32_t wins; double best;)\n"
#define WIDER "MOLT_STATE(score, int64_t wins; double best; double worst;)\n"

static void build(const char *states, const char *version, const char *block)
{
    char text[8192];
    native_format(text, sizeof text, "%s%s%sMOLT_MODULE(bike, \"%s\") { %s " BOTH " return MOLT_OK; }\n", states,
                  BIKE_TEXT, COUNTING, version, block);
    native_build(with.folder, "bike", text);
}

static molt_object *start(const char *block)
{
    build(STATE, "1.0.0", block);
    return new_object(load("bike"), "Car");
}

static void reload(void)
{
    if (molt_module_reload(molt_module_find(with.world, "bike"), NULL, NULL)) fail_msg("%s", molt_last_error(with.world));
}

static void expect_refusal(const char *expected)
{
    assert_int_not_equal(molt_module_reload(molt_module_find(with.world, "bike"), NULL, NULL), MOLT_OK);
    if (!strstr(molt_last_error(with.world), expected)) fail_msg("expected '%s', got '%s'", expected, molt_last_error(with.world));
    assert_int_equal(molt_module_images(with.world), 1);
}

static int32_t wheels_of(molt_object *object)
{
    return molt_call(molt_as(object, Bike), wheels);
}

static void state_survives_and_other_statics_start_afresh(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    assert_true(range_of(object) == 101 && range_of(object) == 102);
    assert_int_equal(wheels_of(object), 2);
    build(STATE, "1.1.0", "MOLT_PERSIST(score, .wins = 500);");
    reload();
    assert_int_equal(wheels_of(object), 0);
    assert_true(range_of(object) == 103);
}

static void what_is_not_given_is_zero(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score); if (score->best != 0) return molt_fail(molt, \"%g\", score->best);");
    assert_true(range_of(object) == 1);
}

static void another_layout_is_refused_with_both(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    assert_true(range_of(object) == 101);
    build(WIDER, "2.0.0", "MOLT_PERSIST(score, .wins = 7);");
    expect_refusal("state 'score' was { int32_t wins; double best; } of 16 bytes, "
                   "and is now { int64_t wins; double best; double worst; } of 24");
    assert_true(range_of(object) == 102);
}

static void another_layout_may_begin_anew(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    build(WIDER, "2.0.0", "MOLT_PERSIST_FRESH(score, .wins = 7);");
    reload();
    assert_true(range_of(object) == 8);
    build(WIDER, "2.1.0", "MOLT_PERSIST_FRESH(score, .wins = 70);");
    reload();
    assert_true(range_of(object) == 9);              /* the same layout: it goes on */
}

#define FROM(was, result)                                                              \
    WIDER "MOLT_STATE_WAS(old_score, score, " was ")\n"                                \
    "static int grow(const struct old_score *was, struct score *is)\n"                 \
    "{ is->wins += was->wins; is->worst = 1; return " result "; }\n"

static void a_migration_makes_the_new_of_the_old(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    assert_true(range_of(object) == 101);
    build(FROM("int32_t wins; double best;", "MOLT_OK"), "2.0.0", "MOLT_PERSIST_FROM(score, old_score, grow, .wins = 1000);");
    reload();
    assert_true(range_of(object) == 1102);
}

static void a_migration_runs_only_where_the_layout_is_another(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    build(FROM("int32_t wins; double best;", "MOLT_OK"), "2.0.0", "MOLT_PERSIST_FROM(score, old_score, grow, .wins = 1000);");
    reload();
    build(FROM("int32_t wins; double best;", "MOLT_OK"), "2.1.0", "MOLT_PERSIST_FROM(score, old_score, grow, .wins = 5);");
    reload();
    assert_true(range_of(object) == 1101);
}

static void a_migration_from_something_else_is_refused(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    build(FROM("int32_t wins;", "MOLT_OK"), "2.0.0", "MOLT_PERSIST_FROM(score, old_score, grow, .wins = 1000);");
    expect_refusal("state 'score' is { int32_t wins; double best; } of 16 bytes, and its migration is from "
                   "{ int32_t wins; } of 4");
    assert_true(range_of(object) == 101);
}

static void a_migration_that_fails_refuses_the_reload(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    build(FROM("int32_t wins; double best;", "-6"), "2.0.0", "MOLT_PERSIST_FROM(score, old_score, grow, .wins = 1000);");
    expect_refusal("the migration of state 'score' returned -6 (range)");
    assert_true(range_of(object) == 101);
}

static void what_setup_writes_counts_if_the_load_succeeds(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    build(STATE, "1.1.0", "MOLT_PERSIST(score); score->wins += 50;");
    reload();
    assert_true(range_of(object) == 151);
    build(STATE, "1.2.0", "MOLT_PERSIST(score); score->wins += 50; return molt_fail(molt, \"no\");");
    expect_refusal("no");
    assert_true(range_of(object) == 152);
}

/* The image that is retired, but not yet unmapped, shares the state. */
static void code_of_an_earlier_generation_sees_the_same_state(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    Bike *bike = molt_as(object, Bike);
    double (*old)(Bike *, double) = bike->molt_vtable->range;
    build(STATE, "1.1.0", "MOLT_PERSIST(score);");
    with.world->border->depth = 1;
    reload();
    assert_true(old(bike, 1) == 101);
    assert_true(range_of(object) == 102);
    with.world->border->depth = 0;
}

static void code_of_an_earlier_layout_keeps_its_own(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    Bike *bike = molt_as(object, Bike);
    double (*old)(Bike *, double) = bike->molt_vtable->range;
    build(WIDER, "2.0.0", "MOLT_PERSIST_FRESH(score, .wins = 7);");
    with.world->border->depth = 1;
    reload();
    assert_true(old(bike, 1) == 101);
    assert_true(range_of(object) == 8);
    assert_true(old(bike, 1) == 102);
    with.world->border->depth = 0;
}

static void a_state_that_is_taken_up_twice_is_refused(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    build(STATE, "1.1.0", "MOLT_PERSIST(score); MOLT_PERSIST(score);");
    expect_refusal("state 'score' is taken up twice");
    assert_true(range_of(object) == 101);
}

static void states_of_a_module_are_apart(void **state)
{
    (void)state;
    build(STATE "MOLT_STATE(other, int32_t wins;)\n", "1", "MOLT_PERSIST(score, .wins = 100); MOLT_PERSIST(other, .wins = 3);");
    molt_object *object = new_object(load("bike"), "Car");
    build(STATE "MOLT_STATE(other, int32_t wins;)\n", "2",
          "MOLT_PERSIST(other); MOLT_PERSIST(score); score->wins += other->wins;");
    reload();
    assert_true(range_of(object) == 104);
}

static void a_state_that_a_generation_leaves_out_waits_for_the_next(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    build("static struct { int32_t wins; } unkept, *score = &unkept;\n", "1.1.0", "");
    reload();
    assert_true(range_of(object) == 1);
    build(STATE, "1.2.0", "MOLT_PERSIST(score);");
    reload();
    assert_true(range_of(object) == 101);
}

static void running_out_of_memory_leaves_the_state_alone(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    int32_t wins = 100;
    build(FROM("int32_t wins; double best;", "MOLT_OK"), "2.0.0", "MOLT_PERSIST_FROM(score, old_score, grow, .wins = 1000);");
    int code = MOLT_ERR_MEMORY;
    for (long allowed = 0; code != MOLT_OK; allowed++) {
        assert_in_range(allowed, 0, 1000);
        with.allocations_left = allowed;
        code = molt_module_reload(molt_module_find(with.world, "bike"), NULL, NULL);
        with.allocations_left = -1;
        wins += code == MOLT_OK ? 1001 : 1;
        assert_true(range_of(object) == wins);
    }
}

static void unload_ends_the_state(void **state)
{
    (void)state;
    build(STATE, "1.0.0", "MOLT_PERSIST(score, .wins = 100);");
    molt_module *module = load("bike");
    molt_object *object = new_object(module, "Car");
    assert_true(range_of(object) == 101);
    assert_int_equal(molt_module_unload(module, MOLT_UNLOAD_DETACH), MOLT_OK);
    assert_ptr_equal(load("bike"), module);
    assert_true(range_of(new_object(module, "Van")) == 101);
}

static void a_rollback_keeps_the_state(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    build(STATE, "1.1.0", "MOLT_PERSIST(score); score->wins += 50;");
    reload();
    assert_true(range_of(object) == 151);
    if (molt_module_rollback(molt_module_find(with.world, "bike"), NULL, NULL)) fail_msg("%s", molt_last_error(with.world));
    assert_true(range_of(object) == 152);
}

/* As it was when it was made into the other. */
static void a_rollback_to_another_layout_finds_that_as_it_was(void **state)
{
    (void)state;
    molt_object *object = start("MOLT_PERSIST(score, .wins = 100);");
    assert_true(range_of(object) == 101);
    build(FROM("int32_t wins; double best;", "MOLT_OK"), "2.0.0", "MOLT_PERSIST_FROM(score, old_score, grow, .wins = 1000);");
    reload();
    assert_true(range_of(object) == 1102);
    if (molt_module_rollback(molt_module_find(with.world, "bike"), NULL, NULL)) fail_msg("%s", molt_last_error(with.world));
    assert_true(range_of(object) == 102);
    build(FROM("int32_t wins; double best;", "MOLT_OK"), "2.1.0", "MOLT_PERSIST_FROM(score, old_score, grow, .wins = 2000);");
    reload();
    assert_true(range_of(object) == 2103);
}

/* ---- Last words ---- */

#define SAYING                                                                         \
    "static int stop(molt_leave *molt)\n"                                              \
    "{ molt_log(molt->world, MOLT_LOG_INFO, \"bye of %u: %d\", molt->generation, (int)score->wins); return MOLT_OK; }\n"

static int count(const char *text)
{
    int found = 0;
    for (const char *at = with.log; (at = strstr(at, text)) != NULL; at++) found++;
    return found;
}

static molt_reload_report report_of_reload(void)
{
    molt_reload_report report = { .size = sizeof report };
    if (molt_module_reload(molt_module_find(with.world, "bike"), NULL, &report)) fail_msg("%s", molt_last_error(with.world));
    return report;
}

static void the_hook_runs_once_before_the_image_goes(void **state)
{
    (void)state;
    build(STATE SAYING, "1", "MOLT_PERSIST(score, .wins = 42); MOLT_BEFORE_UNLOAD(stop);");
    load("bike");
    build(STATE SAYING, "2", "MOLT_PERSIST(score); MOLT_BEFORE_UNLOAD(stop);");
    assert_int_equal(count("bye"), 0);
    assert_int_equal(report_of_reload().fate, MOLT_IMAGE_UNLOADED);
    assert_int_equal(count("bye of 1: 42"), 1);
    molt_world_tick(with.world);
    assert_int_equal(count("bye"), 1);
}

static void the_hook_waits_for_a_quiescent_point(void **state)
{
    (void)state;
    build(STATE SAYING, "1", "MOLT_PERSIST(score); MOLT_BEFORE_UNLOAD(stop);");
    load("bike");
    build(STATE, "2", "MOLT_PERSIST(score);");
    with.world->border->depth = 1;
    assert_int_equal(report_of_reload().fate, MOLT_IMAGE_RETIRED);
    assert_int_equal(count("bye"), 0);
    with.world->border->depth = 0;
    molt_world_tick(with.world);
    assert_int_equal(count("bye of 1"), 1);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void the_hook_still_has_its_state_after_unload(void **state)
{
    (void)state;
    build(STATE SAYING, "1", "MOLT_PERSIST(score, .wins = 42); MOLT_BEFORE_UNLOAD(stop);");
    molt_module *module = load("bike");
    with.world->border->exposed = 1;                 /* it goes at the tick */
    assert_int_equal(molt_module_unload(module, 0), MOLT_OK);
    assert_int_equal(count("bye"), 0);
    load("bike");
    molt_world_tick(with.world);
    assert_int_equal(count("bye of 1: 42"), 1);
}

static void the_hook_of_a_refused_generation_runs_with_its_state(void **state)
{
    (void)state;
    start("MOLT_PERSIST(score, .wins = 100);");
    build(STATE SAYING, "2",
          "MOLT_PERSIST(score); MOLT_BEFORE_UNLOAD(stop); score->wins = 7; return molt_fail(molt, \"no\");");
    expect_refusal("no");
    assert_int_equal(count("bye of 2: 7"), 1);
    assert_int_equal(count("bye"), 1);
}

static void the_hook_runs_when_the_world_closes(void **state)
{
    (void)state;
    build(STATE SAYING, "1", "MOLT_PERSIST(score); MOLT_BEFORE_UNLOAD(stop);");
    load("bike");
    molt_world_close(with.world);
    assert_int_equal(count("bye of 1"), 1);
    with.world = open_world();
}

#define STAYING                                                                        \
    "static int stop(molt_leave *molt)\n"                                              \
    "{ return score->wins++ < 2 ? molt_stay(molt, \"busy, %d\", (int)score->wins) : MOLT_OK; }\n"

static void a_hook_that_asks_to_stay_is_asked_again(void **state)
{
    (void)state;
    build(STATE STAYING, "1", "MOLT_PERSIST(score); MOLT_BEFORE_UNLOAD(stop);");
    load("bike");
    build(STATE, "2", "MOLT_PERSIST(score);");
    molt_reload_report report = report_of_reload();
    assert_int_equal(report.fate, MOLT_IMAGE_QUARANTINED);
    assert_string_equal(report.fate_reason, "it asks to stay: busy, 1");
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 2);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
    molt_world_tick(with.world);
    assert_int_equal(count("bike g1 stays mapped: it asks to stay: busy, 1"), 1);
    assert_int_equal(count("stays mapped"), 1);
}

static void a_hook_that_never_lets_go_keeps_its_image_past_the_world(void **state)
{
    (void)state;
    build(STATE "static int stop(molt_leave *molt) { (void)molt; return -18; }\n", "1",
          "MOLT_PERSIST(score); MOLT_BEFORE_UNLOAD(stop);");
    load("bike");
    molt_world_close(with.world);
    assert_int_equal(count("bike g1 stays mapped: it asks to stay: its hook returned -18 (state)"), 1);
    assert_int_equal(copies_left(), 0);
    with.world = open_world();
}

/* No Lua here: a method that Lua fills leaves an error that waits. */
static void an_error_in_the_hook_is_contained_and_logged(void **state)
{
    (void)state;
    native_build(with.folder, "bike", BIKE_TEXT "MOLT_STATE(seen, molt_ref object;)\n"
                 "static double range(Bike *self, double load)\n"
                 "{ (void)load; seen->object = molt_object_ref(molt_object_of(self)); return 1; }\n"
                 "static int32_t wheels(Bike *self) { (void)self; return 2; }\n"
                 "static int stop(molt_leave *molt)\n"
                 "{ molt_call(molt_as(molt_ref_object(molt->world, seen->object), Bike), wheels); return MOLT_OK; }\n"
                 MODULE_TEXT("1", "MOLT_PERSIST(seen); MOLT_BEFORE_UNLOAD(stop);" BOTH));
    molt_object *object = new_object(load("bike"), "Car");
    range_of(object);
    molt_fill fill = { .size = sizeof fill, .name = "wheels", .foreign = 1, .where = "bike.lua:1" };
    assert_true(molt_class_fill(molt_class_find(with.world, "Car"), &fill) > 0);
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(2) MODULE_TEXT("2", BOTH));
    assert_int_equal(report_of_reload().fate, MOLT_IMAGE_UNLOADED);
    assert_int_equal(count("0 bike g1 before it is unloaded: method 'Bike.wheels' has no native implementation"), 1);
    assert_false(molt_error_pending(with.world));
}

#define WORKER                                                                         \
    "#include <pthread.h>\n#include <stdatomic.h>\n"                                   \
    "static pthread_t thread; static atomic_bool stopping;\n"                          \
    "static void *work(void *p) { (void)p; while (!stopping) atomic_fetch_add((atomic_int *)(void *)&score->wins, 1); return NULL; }\n" \
    "static int stop(molt_leave *molt)\n"                                              \
    "{ (void)molt; stopping = true; return pthread_join(thread, NULL) ? MOLT_ERR_STATE : MOLT_OK; }\n"

static void a_thread_of_the_module_is_joined_in_its_hook(void **state)
{
    (void)state;
    build(STATE WORKER, "1", "MOLT_PERSIST(score); MOLT_BEFORE_UNLOAD(stop);"
          "static struct score own; score = &own; pthread_create(&thread, NULL, work, NULL);");
    load("bike");
    build(STATE, "2", "MOLT_PERSIST(score);");
    assert_int_equal(report_of_reload().fate, MOLT_IMAGE_UNLOADED);
    assert_int_equal(molt_module_images(with.world), 1);
}

/* It sleeps in a function of the module's, until its pipe closes. */
#define SLEEPER                                                                        \
    "#include <pthread.h>\n#include <sys/prctl.h>\n#include <unistd.h>\n"              \
    "static void *work(void *end) { char byte; prctl(PR_SET_NAME, \"sleeper\"); long got = read((int)(long)end, &byte, 1); return (void *)got; }\n"

static void a_thread_that_nobody_joined_keeps_its_image(void **state)
{
    (void)state;
    int ends[2];
    char text[4096];
    assert_int_equal(pipe(ends), 0);
    molt_module_probe(with.world, false);
    native_format(text, sizeof text, SLEEPER BIKE_TEXT RANGE_TEXT(42)
                  "MOLT_MODULE(bike, \"1\") { pthread_t thread; pthread_create(&thread, NULL, work, (void *)%dL); "
                  "pthread_detach(thread); " BOTH " return MOLT_OK; }\n", ends[0]);
    native_build(with.folder, "bike", text);
    load("bike");
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(43) MODULE_TEXT("2", BOTH));
    usleep(20000);                                   /* it has come to its read */
    molt_reload_report report = report_of_reload();
    assert_int_equal(report.fate, MOLT_IMAGE_QUARANTINED);
    assert_non_null(strstr(report.fate_reason, "('sleeper') is in it"));
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 2);
    close(ends[1]);
    for (int i = 0; i < 500 && molt_module_images(with.world) == 2; i++) {
        usleep(10000);
        molt_world_tick(with.world);
    }
    assert_int_equal(molt_module_images(with.world), 1);
    close(ends[0]);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up_inside, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(state_survives_and_other_statics_start_afresh),
        test(what_is_not_given_is_zero),
        test(another_layout_is_refused_with_both),
        test(another_layout_may_begin_anew),
        test(a_migration_makes_the_new_of_the_old),
        test(a_migration_runs_only_where_the_layout_is_another),
        test(a_migration_from_something_else_is_refused),
        test(a_migration_that_fails_refuses_the_reload),
        test(what_setup_writes_counts_if_the_load_succeeds),
        test(code_of_an_earlier_generation_sees_the_same_state),
        test(code_of_an_earlier_layout_keeps_its_own),
        test(a_state_that_is_taken_up_twice_is_refused),
        test(states_of_a_module_are_apart),
        test(a_state_that_a_generation_leaves_out_waits_for_the_next),
        test(running_out_of_memory_leaves_the_state_alone),
        test(unload_ends_the_state),
        test(a_rollback_keeps_the_state),
        test(a_rollback_to_another_layout_finds_that_as_it_was),
        test(the_hook_runs_once_before_the_image_goes),
        test(the_hook_still_has_its_state_after_unload),
        test(the_hook_waits_for_a_quiescent_point),
        test(the_hook_of_a_refused_generation_runs_with_its_state),
        test(the_hook_runs_when_the_world_closes),
        test(a_hook_that_asks_to_stay_is_asked_again),
        test(a_hook_that_never_lets_go_keeps_its_image_past_the_world),
        test(an_error_in_the_hook_is_contained_and_logged),
        test(a_thread_of_the_module_is_joined_in_its_hook),
        test(a_thread_that_nobody_joined_keeps_its_image),
    };
    return cmocka_run_group_tests_name("persist", tests, NULL, NULL);
}
