/* Going back, going away, and several modules together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_dump.h"

#define VALVE_TEXT \
    "#define VALVE(FIELD, METHOD) METHOD(double, flow, ())\nMOLT_TRAIT(Valve, VALVE)\n"
#define FLOW_TEXT(factor) "static double flow(Valve *self) { (void)self; return " #factor "; }\n" \
    "MOLT_MODULE(valve, \"1\") { MOLT_IMPL(Valve, .flow = flow); return MOLT_OK; }\n"

static void rebuild(const char *text)
{
    native_build(with.folder, "bike", text);
}

static void rebuild_with(int factor)
{
    char text[2048];
    native_format(text, sizeof text, BIKE_TEXT RANGE_TEXT(%d) MODULE_TEXT("1", BOTH), factor);
    rebuild(text);
}

static void reload(molt_module *module)
{
    if (molt_module_reload(module, NULL, NULL)) fail_msg("%s", molt_last_error(with.world));
}

static molt_reload_report rollback(molt_module *module)
{
    molt_reload_report report = { .size = sizeof report };
    if (molt_module_rollback(module, NULL, &report)) fail_msg("%s", molt_last_error(with.world));
    return report;
}

static molt_module_counts counters(void)
{
    molt_module_counts counts = { .size = sizeof counts };
    assert_int_equal(molt_module_counters(with.world, &counts), MOLT_OK);
    return counts;
}

static void expect_error(int code, const char *said)
{
    assert_int_equal(molt_last_code(with.world), code);
    if (!strstr(molt_last_error(with.world), said)) fail_msg("expected '%s', got '%s'", said, molt_last_error(with.world));
}

/* ---- Rollback ------------------------------------------------------------ */

static void a_rollback_brings_the_code_before_and_keeps_state(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild_with(50);
    reload(module);
    molt_world_tick(with.world);                     /* the old image is gone, and so is its file */
    Bike *bike = molt_as(object, Bike);
    bike->fuel = 20;
    molt_reload_report report = rollback(module);
    assert_true(range_of(object) == 420);
    assert_true(report.from == 2 && report.to == 3 && report.restored == 1);
    assert_int_equal(molt_module_generation(module), 3);
    assert_string_equal(molt_module_version(module), "1.0.0");
    assert_non_null(strstr(with.log, "2 bike g2→g3 (g1 again)  1 object  2 slots changed  "));
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void a_second_rollback_has_nothing_to_go_back_to(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    assert_int_equal(molt_module_rollback(module, NULL, NULL), MOLT_ERR_STATE);
    expect_error(MOLT_ERR_STATE, "module 'bike', generation 1, has no generation to go back to");
    rebuild_with(50);
    reload(module);
    rollback(module);
    assert_int_equal(molt_module_rollback(module, NULL, NULL), MOLT_ERR_STATE);
    expect_error(MOLT_ERR_STATE, "module 'bike', generation 3, has no generation to go back to");
    assert_true(range_of(object) == 210);
}

static void after_a_rollback_the_file_counts_again(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild_with(50);
    reload(module);
    rollback(module);
    reload(module);                                  /* what the file holds is not what serves */
    assert_true(range_of(object) == 250);
    rollback(module);
    assert_true(range_of(object) == 210);
}

static void a_refused_reload_leaves_the_way_back(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild_with(50);
    reload(module);
    rebuild(BIKE_TEXT MODULE_TEXT("2", "return molt_fail(molt, \"no\");"));
    assert_int_not_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    assert_true(range_of(object) == 250);
    rollback(module);
    assert_true(range_of(object) == 210);
}

/* The generation before lacks what is used by now. */
static void a_rollback_is_planned_like_a_reload(void **state)
{
    (void)state;
    rebuild(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", "(void)range; MOLT_IMPL(Bike, .wheels = wheels);"));
    molt_module *module = load("bike");
    rebuild_with(50);
    reload(module);
    molt_object *object = new_object(module, "Car");
    dump *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    dump_world(before);
    assert_int_equal(molt_module_rollback(module, NULL, NULL), MOLT_ERR_IN_USE);
    expect_error(MOLT_ERR_IN_USE, "bike.so: refused, the generation that serves stays: bike.Bike:range was "
                                  "'double range(double load)' and is gone; it is used by class Car (1 object)");
    dump_world(after);
    assert_string_equal(before->text, after->text);
    free(before);
    free(after);
    assert_true(range_of(object) == 250);
}

static void want_of_memory_leaves_the_way_back(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild_with(50);
    reload(module);
    int code = MOLT_ERR_MEMORY;
    for (long allowed = 0; code != MOLT_OK; allowed++) {
        assert_in_range(allowed, 0, 1000);
        with.allocations_left = allowed;
        code = molt_module_rollback(module, NULL, NULL);
        with.allocations_left = -1;
        assert_true(range_of(object) == (code == MOLT_OK ? 210 : 250));
    }
}

/* ---- Unload -------------------------------------------------------------- */

static void unloading_what_is_used_names_the_users(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    molt_impl *impl = molt_module_impl(module, "Bike");
    molt_class_lines lines = { .size = sizeof lines, .name = "Truck" };
    molt_object *truck = molt_object_new(with.world, molt_class_declare(with.world, &lines));
    assert_int_equal(molt_object_attach(truck, NULL, impl), MOLT_OK);
    dump *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    dump_world(before);
    assert_int_equal(molt_module_unload(module, 0), MOLT_ERR_IN_USE);
    expect_error(MOLT_ERR_IN_USE, "bike.so: refused, the module stays loaded: bike.Bike is used by class Car (1 object), "
                                  "1 object of Truck");
    dump_world(after);
    assert_string_equal(before->text, after->text);
    free(before);
    free(after);
    assert_true(range_of(object) == 210 && range_of(truck) == 210);
}

static void an_unloaded_module_says_so_and_can_be_loaded_again(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_impl *impl = molt_module_impl(module, "Bike");
    assert_int_equal(molt_module_unload(module, 0), MOLT_OK);
    assert_true(molt_module_unloaded(module));
    assert_null(molt_module_impl(module, "Bike"));
    expect_error(MOLT_ERR_STATE, "implementation 'Bike' is of module 'bike', which has been unloaded");
    assert_null(molt_module_impl_at(module, 0, NULL));
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_STATE);
    expect_error(MOLT_ERR_STATE, "module 'bike' has been unloaded");
    assert_int_equal(molt_module_rollback(module, NULL, NULL), MOLT_ERR_STATE);
    assert_int_equal(molt_module_unload(module, 0), MOLT_ERR_STATE);
    expect_error(MOLT_ERR_STATE, "module 'bike' has been unloaded already");
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 0);
    assert_ptr_equal(load("bike"), module);
    assert_ptr_equal(molt_module_impl(module, "Bike"), impl);
    assert_int_equal(molt_module_generation(module), 2);
    assert_true(range_of(new_object(module, "Car")) == 210);
    assert_int_equal(molt_module_rollback(module, NULL, NULL), MOLT_ERR_STATE);
}

static void an_unloaded_implementation_cannot_be_used(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_impl *impl = molt_module_impl(module, "Bike");
    molt_class_lines lines = { .size = sizeof lines, .name = "Truck" };
    molt_class *cls = molt_class_declare(with.world, &lines);
    molt_object *truck = molt_object_new(with.world, cls);
    assert_int_equal(molt_object_attach(truck, NULL, impl), MOLT_OK);    /* the way there is cached */
    assert_int_equal(molt_object_detach(truck, molt_impl_trait(impl)), MOLT_OK);
    assert_int_equal(molt_module_unload(module, 0), MOLT_OK);
    assert_int_equal(molt_class_use(cls, NULL, impl), MOLT_ERR_STATE);
    assert_int_equal(molt_object_attach(truck, NULL, impl), MOLT_ERR_STATE);
    assert_int_equal(molt_object_attach_set(truck, &(molt_piece){ .impl = impl }, 1), MOLT_ERR_STATE);
    expect_error(MOLT_ERR_STATE, "implementation 'Bike' is of module 'bike', which has been unloaded");
    load("bike");
    assert_int_equal(molt_object_attach(truck, NULL, impl), MOLT_OK);
    assert_true(range_of(truck) == 210);
}

static void unloading_detaches_and_drops_when_asked(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    molt_impl *impl = molt_module_impl(module, "Bike");
    molt_trait *trait = molt_impl_trait(impl);
    molt_class_lines lines = { .size = sizeof lines, .name = "Truck" };
    molt_object *truck = molt_object_new(with.world, molt_class_declare(with.world, &lines));
    assert_int_equal(molt_object_attach(truck, NULL, impl), MOLT_OK);
    if (molt_module_unload(module, MOLT_UNLOAD_DETACH)) fail_msg("%s", molt_last_error(with.world));
    assert_false(molt_object_is(truck, trait));
    assert_false(molt_object_is(object, trait));
    assert_true(molt_object_alive(object) && molt_object_alive(truck));
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 0);
}

/* A class that is complete without the module keeps the trait, and its fields. */
static void unloading_leaves_a_class_that_another_fills(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_build(with.folder, "other", BIKE_TEXT RANGE_TEXT(1) "MOLT_MODULE(other, \"1\") { " BOTH " return MOLT_OK; }\n");
    assert_int_equal(molt_class_use(molt_object_class(object), NULL, molt_module_impl(load("other"), "Bike")), MOLT_OK);
    ((Bike *)molt_as(object, Bike))->fuel = 30;
    assert_int_equal(molt_module_unload(module, MOLT_UNLOAD_DETACH), MOLT_OK);
    assert_true(range_of(object) == 15);
}

/* What could not be done for want of memory can be done again. */
static void unloading_without_memory_leaves_the_module_until_it_can_go(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_impl *impl = molt_module_impl(module, "Bike");
    molt_object *object = new_object(module, "Car");
    molt_class_lines lines = { .size = sizeof lines, .name = "Truck" };
    molt_object *truck = molt_object_new(with.world, molt_class_declare(with.world, &lines));
    assert_int_equal(molt_object_attach(truck, NULL, impl), MOLT_OK);
    for (long allowed = 0;; allowed++) {
        assert_in_range(allowed, 0, 1000);
        with.allocations_left = allowed;
        int code = molt_module_unload(module, MOLT_UNLOAD_DETACH);
        with.allocations_left = -1;
        if (molt_module_unloaded(module)) break;
        assert_int_not_equal(code, MOLT_OK);
        if (molt_object_is(object, molt_impl_trait(impl))) assert_true(range_of(object) == 210);
        if (molt_object_is(truck, molt_impl_trait(impl))) assert_true(range_of(truck) == 210);
    }
    assert_false(molt_object_is(truck, molt_impl_trait(impl)) || molt_object_is(object, molt_impl_trait(impl)));
    assert_int_equal(molt_class_use(molt_object_class(truck), NULL, impl), MOLT_ERR_STATE);
}

/* ---- Several together ---------------------------------------------------- */

static molt_module *load_valve(void)
{
    native_build(with.folder, "valve", VALVE_TEXT FLOW_TEXT(1));
    return load("valve");
}

static void a_batch_commits_together(void **state)
{
    (void)state;
    molt_module *modules[] = { load_bike(), load_valve() };
    molt_object *object = new_object(modules[0], "Car");
    rebuild_with(50);
    native_build(with.folder, "valve", VALVE_TEXT FLOW_TEXT(2));
    molt_reload_report reports[2] = { { .size = sizeof *reports }, { .size = sizeof *reports } };
    assert_int_equal(molt_modules_reload(modules, 2, NULL, reports), MOLT_OK);
    assert_true(range_of(object) == 250);
    assert_int_equal(reports[0].slots, 2);
    assert_int_equal(reports[1].slots, 1);
    assert_true(reports[0].to == 2 && reports[1].to == 2);
    assert_true(reports[0].change_count == 3 && reports[1].change_count == 2);
}

static void a_batch_with_one_bad_module_changes_none(void **state)
{
    (void)state;
    molt_module *modules[] = { load_bike(), load_valve() };
    molt_object *object = new_object(modules[0], "Car");
    rebuild(BIKE_TEXT RANGE_TEXT(50) "#define BELL(FIELD, METHOD) METHOD(void, ring, ())\nMOLT_TRAIT(Bell, BELL)\n"
            MODULE_TEXT("2", BOTH "MOLT_IMPL(Bell, .ring = NULL);"));
    native_build(with.folder, "valve", "MOLT_MODULE(valve, \"2\") { return molt_fail(molt, \"stuck\"); }\n");
    dump *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    dump_world(before);
    assert_int_equal(molt_modules_reload(modules, 2, NULL, NULL), MOLT_ERR_MODULE);
    expect_error(MOLT_ERR_MODULE, "2 modules: refused, the earlier generations serve on: valve: stuck");
    dump_world(after);
    assert_string_equal(before->text, after->text);
    free(before);
    free(after);
    assert_null(molt_trait_find(with.world, "Bell"));
    assert_true(range_of(object) == 210);
}

static void a_batch_tells_the_reasons_of_all(void **state)
{
    (void)state;
    molt_module *modules[] = { load_bike(), load_valve() };
    new_object(modules[0], "Car");
    rebuild(BIKE_TEXT MODULE_TEXT("2", "MOLT_IMPL(Bike, .range = NULL);"));
    native_build(with.folder, "valve", "MOLT_MODULE(valve, \"2\") { return molt_fail(molt, \"stuck\"); }\n");
    molt_reload_report reports[2] = { { .size = sizeof *reports }, { .size = sizeof *reports } };
    assert_int_not_equal(molt_modules_reload(modules, 2, NULL, reports), MOLT_OK);
    assert_int_equal(reports[0].reason_count, 3);
    assert_ptr_equal(reports[0].reason, reports[1].reason);
    assert_string_equal(reports[0].reason[2].message, "valve: stuck");
}

static void a_batch_of_which_some_are_unchanged_does_the_rest(void **state)
{
    (void)state;
    molt_module *modules[] = { load_bike(), load_valve() };
    molt_object *object = new_object(modules[0], "Car");
    rebuild_with(50);
    molt_reload_report reports[2] = { { .size = sizeof *reports }, { .size = sizeof *reports } };
    assert_int_equal(molt_modules_reload(modules, 2, NULL, reports), MOLT_OK);
    assert_true(!reports[0].unchanged && reports[1].unchanged && reports[1].to == 1);
    assert_true(range_of(object) == 250);
}

static void a_batch_takes_a_module_once(void **state)
{
    (void)state;
    molt_module *modules[] = { load_bike(), load_valve(), NULL };
    modules[2] = modules[0];
    assert_int_equal(molt_modules_reload(modules, 3, NULL, NULL), MOLT_ERR_ARGUMENT);
    expect_error(MOLT_ERR_ARGUMENT, "module 'bike' is listed twice");
    assert_int_equal(molt_modules_reload(modules, 0, NULL, NULL), MOLT_OK);
}

static void a_batch_that_runs_out_of_memory_changes_none(void **state)
{
    (void)state;
    molt_module *modules[] = { load_bike(), load_valve() };
    molt_object *object = new_object(modules[0], "Car");
    rebuild_with(50);
    native_build(with.folder, "valve", VALVE_TEXT FLOW_TEXT(2));
    int code = MOLT_ERR_MEMORY;
    for (long allowed = 0; code != MOLT_OK; allowed++) {
        assert_in_range(allowed, 0, 2000);
        with.allocations_left = allowed;
        code = molt_modules_reload(modules, 2, NULL, NULL);
        with.allocations_left = -1;
        assert_int_equal(molt_module_generation(modules[0]), code == MOLT_OK ? 2 : 1);
        assert_int_equal(molt_module_generation(modules[1]), code == MOLT_OK ? 2 : 1);
        assert_true(range_of(object) == (code == MOLT_OK ? 250 : 210));
    }
}

/* ---- Counters ------------------------------------------------------------ */

static void counters_tell_what_is_so(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_module_counts counts = counters();
    assert_true(counts.modules == 1 && counts.generations == 1 && counts.images == 1 && counts.copies == 1);
    size_t each = counts.mappings;
    assert_in_range(each, 3, 8);
    rebuild_with(50);
    reload(module);
    counts = counters();
    assert_true(counts.retired == 1 && counts.images == 2 && counts.copies == 2 && counts.mappings == 2 * each);
    molt_world_tick(with.world);
    counts = counters();
    assert_true(counts.retired == 0 && counts.images == 1 && counts.copies == 1 && counts.mappings == each);
    assert_int_equal(molt_module_unload(module, 0), MOLT_OK);
    molt_world_tick(with.world);
    counts = counters();
    assert_true(counts.modules == 1 && counts.generations == 0 && counts.mappings == 0 && counts.kept_bytes == 0);
    counts.size = 8;
    assert_int_equal(molt_module_counters(with.world, &counts), MOLT_ERR_ARGUMENT);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_rollback_brings_the_code_before_and_keeps_state),
        test(a_second_rollback_has_nothing_to_go_back_to),
        test(after_a_rollback_the_file_counts_again),
        test(a_refused_reload_leaves_the_way_back),
        test(a_rollback_is_planned_like_a_reload),
        test(want_of_memory_leaves_the_way_back),
        test(unloading_what_is_used_names_the_users),
        test(an_unloaded_module_says_so_and_can_be_loaded_again),
        test(an_unloaded_implementation_cannot_be_used),
        test(unloading_detaches_and_drops_when_asked),
        test(unloading_leaves_a_class_that_another_fills),
        test(unloading_without_memory_leaves_the_module_until_it_can_go),
        test(a_batch_commits_together),
        test(a_batch_with_one_bad_module_changes_none),
        test(a_batch_tells_the_reasons_of_all),
        test(a_batch_of_which_some_are_unchanged_does_the_rest),
        test(a_batch_takes_a_module_once),
        test(a_batch_that_runs_out_of_memory_changes_none),
        test(counters_tell_what_is_so),
    };
    return cmocka_run_group_tests_name("rollback", tests, NULL, NULL);
}
