/* Reloads that are asked for when none can be done: later, and said so. */
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
    with.world->border->exposed = 0;
    return 0;
}

#define NEXT BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("1.1.0", BOTH)

static molt_reload_report ask(molt_module *module)
{
    molt_reload_report report = { .size = sizeof report };
    if (molt_module_reload(module, NULL, &report)) fail_msg("%s", molt_last_error(with.world));
    return report;
}

/* As the call of a leaf function by Lua has it. */
static molt_reload_report ask_in_a_leaf(molt_module *module)
{
    with.world->border->leaf = 1;
    molt_reload_report report = ask(module);
    with.world->border->leaf = 0;
    return report;
}

static void in_a_leaf_call_it_waits_for_the_tick(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_build(with.folder, "bike", NEXT);
    molt_reload_report report = ask_in_a_leaf(module);
    assert_true(report.deferred);
    assert_int_equal(report.from, 1);
    assert_int_equal(report.to, 1);
    assert_int_equal(report.fate, MOLT_IMAGE_NONE);
    assert_true(range_of(object) == 210);
    assert_non_null(strstr(with.log, "bike g1  reload deferred to the next quiescent point"));
    assert_int_equal(molt_world_tick(with.world), MOLT_OK);
    assert_true(range_of(object) == 250);
    assert_int_equal(molt_module_generation(module), 2);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void asking_twice_is_asking_once(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    native_build(with.folder, "bike", NEXT);
    ask_in_a_leaf(module);
    ask_in_a_leaf(module);
    molt_world_tick(with.world);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_generation(module), 2);
    assert_null(strstr(with.log, "unchanged"));
}

static void what_is_refused_later_is_in_the_log(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_write(with.folder, "bike.so", "text", 4);
    assert_true(ask_in_a_leaf(module).deferred);
    assert_int_equal(molt_world_tick(with.world), MOLT_OK);
    assert_true(range_of(object) == 210);
    assert_non_null(strstr(with.log, "bike g1  refused: 1 reason"));
    molt_world_tick(with.world);
    assert_int_equal(molt_module_generation(module), 1);
}

static void what_can_never_be_reloaded_is_refused_at_once(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    assert_int_equal(molt_module_unload(module, 0), MOLT_OK);
    with.world->border->leaf = 1;
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_STATE);
    with.world->border->leaf = 0;
}

static void a_reload_done_meanwhile_leaves_nothing_to_do(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    native_build(with.folder, "bike", NEXT);
    ask_in_a_leaf(module);
    assert_int_equal(ask(module).to, 2);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_generation(module), 2);
}

static void in_a_leaf_call_a_rollback_waits_too(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_build(with.folder, "bike", NEXT);
    ask(module);
    molt_reload_report report = { .size = sizeof report };
    with.world->border->leaf = 1;
    assert_int_equal(molt_module_rollback(module, NULL, &report), MOLT_OK);
    with.world->border->leaf = 0;
    assert_true(report.deferred);
    assert_int_equal(report.to, 2);
    assert_true(range_of(object) == 250);
    molt_world_tick(with.world);
    assert_true(range_of(object) == 210);
    assert_int_equal(molt_module_generation(module), 3);
}

static void in_a_leaf_call_a_rollback_to_nothing_is_refused_at_once(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    with.world->border->leaf = 1;
    assert_int_equal(molt_module_rollback(module, NULL, NULL), MOLT_ERR_STATE);
    with.world->border->leaf = 0;
}

static void in_a_leaf_call_a_batch_waits_as_a_whole(void **state)
{
    (void)state;
    molt_module *modules[] = { load_bike(), NULL };
    native_build(with.folder, "trike", BIKE_TEXT RANGE_TEXT(3) "MOLT_MODULE(trike, \"1\") { " BOTH " return MOLT_OK; }\n");
    modules[1] = load("trike");
    native_build(with.folder, "bike", NEXT);
    native_write(with.folder, "trike.so", "text", 4);
    molt_reload_report reports[2] = { { .size = sizeof *reports }, { .size = sizeof *reports } };
    with.world->border->leaf = 1;
    assert_int_equal(molt_modules_reload(modules, 2, NULL, reports), MOLT_OK);
    with.world->border->leaf = 0;
    assert_true(reports[0].deferred && reports[1].deferred);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_generation(modules[0]), 1);     /* one of them was refused, so both are */
    native_build(with.folder, "trike", BIKE_TEXT RANGE_TEXT(4) "MOLT_MODULE(trike, \"2\") { " BOTH " return MOLT_OK; }\n");
    with.world->border->leaf = 1;
    assert_int_equal(molt_modules_reload(modules, 2, NULL, NULL), MOLT_OK);
    with.world->border->leaf = 0;
    molt_world_tick(with.world);
    assert_int_equal(molt_module_generation(modules[0]), 2);
    assert_int_equal(molt_module_generation(modules[1]), 2);
}

static void in_a_leaf_call_an_unload_waits_too(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    with.world->border->leaf = 1;
    assert_int_equal(molt_module_unload(module, 0), MOLT_OK);
    with.world->border->leaf = 0;
    assert_false(molt_module_unloaded(module));
    assert_non_null(strstr(with.log, "bike g1  unload deferred to the next quiescent point"));
    molt_world_tick(with.world);
    assert_true(molt_module_unloaded(module));
}

static void an_unload_that_is_refused_later_is_in_the_log(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    with.world->border->leaf = 1;
    assert_int_equal(molt_module_unload(module, 0), MOLT_OK);
    with.world->border->leaf = 0;
    molt_world_tick(with.world);
    assert_false(molt_module_unloaded(module));
    assert_true(range_of(object) == 210);
    assert_non_null(strstr(with.log, "the deferred unload is refused"));
    assert_non_null(strstr(with.log, "bike.Bike is used by class Car"));
}

static void what_waits_is_done_in_the_order_of_asking(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_build(with.folder, "bike", NEXT);
    with.world->border->leaf = 1;
    ask(module);
    assert_int_equal(molt_module_rollback(module, NULL, NULL), MOLT_ERR_STATE);  /* as things are */
    with.world->border->leaf = 0;
    ask(module);
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(60) MODULE_TEXT("1.2.0", BOTH));
    with.world->border->leaf = 1;
    assert_int_equal(molt_module_rollback(module, NULL, NULL), MOLT_OK);
    ask(module);
    with.world->border->leaf = 0;
    molt_world_tick(with.world);
    /* The first reload took the new file; back to 50; and again to the file. */
    assert_int_equal(molt_module_generation(module), 5);
    assert_true(range_of(object) == 300);
}

static void what_nobody_did_ends_with_the_world(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    ask_in_a_leaf(module);
}

/* ---- Under native methods ---- */

#define WIDER "#define BIKE(FIELD, METHOD) FIELD(int64_t, more, 7) FIELD(double, fuel, 10) " \
    "METHOD(double, range, (double load)) METHOD(int32_t, wheels, ())\nMOLT_TRAIT(Bike, BIKE)\n" \
    RANGE_TEXT(60) MODULE_TEXT("2.0.0", BOTH)

static void a_change_of_layout_under_a_method_waits_for_the_tick(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_build(with.folder, "bike", WIDER);
    with.world->border->depth = 1;
    molt_reload_report report = ask(module);
    with.world->border->depth = 0;
    assert_true(report.deferred);
    assert_int_equal(report.to, 1);
    assert_true(range_of(object) == 210);
    assert_int_equal(molt_module_images(with.world), 1);         /* the one that was tried has gone */
    molt_value more;
    assert_int_equal(molt_object_get(object, "more", &more), MOLT_ERR_UNKNOWN);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_generation(module), 2);
    assert_int_equal(molt_object_get(object, "more", &more), MOLT_OK);
    assert_true(more.as.i64 == 7);
}

static void a_change_of_layout_that_nobody_is_in_is_done_at_once(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    native_build(with.folder, "bike", WIDER);
    with.world->border->depth = 1;
    molt_reload_report report = ask(module);
    with.world->border->depth = 0;
    assert_false(report.deferred);
    assert_int_equal(report.to, 2);
}

static void a_rollback_over_a_layout_waits_as_the_reload_did(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_build(with.folder, "bike", WIDER);
    assert_int_equal(ask(module).to, 2);
    molt_reload_report report = { .size = sizeof report };
    with.world->border->depth = 1;
    assert_int_equal(molt_module_rollback(module, NULL, &report), MOLT_OK);
    with.world->border->depth = 0;
    assert_true(report.deferred);
    molt_world_tick(with.world);
    molt_value more;
    assert_int_equal(molt_module_generation(module), 3);
    assert_int_equal(molt_object_get(object, "more", &more), MOLT_ERR_UNKNOWN);
    assert_true(range_of(object) == 210);
}

static void a_change_of_layout_that_is_wrong_is_refused_at_once(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_build(with.folder, "bike", "#define BIKE(FIELD, METHOD) FIELD(int8_t, fuel, 10) METHOD(double, range, (double load)) "
                 "METHOD(int32_t, wheels, ())\nMOLT_TRAIT(Bike, BIKE)\n" RANGE_TEXT(60) MODULE_TEXT("2.0.0", BOTH));
    with.world->border->depth = 1;
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_DECLARATION);
    with.world->border->depth = 0;
    molt_world_tick(with.world);
    assert_true(range_of(object) == 210);
}

static void an_unload_that_takes_fields_away_under_a_method_waits(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    with.world->border->depth = 1;
    assert_int_equal(molt_module_unload(module, MOLT_UNLOAD_DETACH), MOLT_OK);
    with.world->border->depth = 0;
    assert_false(molt_module_unloaded(module));
    assert_true(range_of(object) == 210);
    molt_world_tick(with.world);
    assert_true(molt_module_unloaded(module));
    assert_null(molt_as(object, Bike));
}

/* ---- While a module is being loaded ---- */

#define SWITCH(FIELD, METHOD) METHOD(int32_t, pull, ())
MOLT_TRAIT(Switch, SWITCH)

static molt_reload_report pulled;

static int32_t pull(Switch *self)
{
    (void)self;
    pulled = ask(molt_module_find(with.world, "bike"));
    return 1;
}

/* An object of the host, whose method reloads. */
static double new_switch(void)
{
    Switch_vtable functions = { .pull = pull };
    molt_impl *impl = molt_impl_register(with.world, &Switch_trait, "Switch", &functions, 0, "later_test.c");
    assert_non_null(impl);
    molt_trait *trait = molt_impl_trait(impl);
    molt_class_lines lines = { .size = sizeof lines, .name = "Board", .traits = &trait, .trait_count = 1 };
    molt_class *cls = molt_class_declare(with.world, &lines);
    assert_int_equal(molt_class_use(cls, trait, impl), MOLT_OK);
    return molt_object_id(molt_object_new(with.world, cls));
}

static void from_a_setup_it_waits_for_the_tick(void **state)
{
    (void)state;
    molt_module_probe(with.world, false);            /* a child would pull, too */
    molt_module *module = load_bike();
    char text[4096];
    native_format(text, sizeof text, BIKE_TEXT RANGE_TEXT(50)
                  "MOLT_MODULE(bike, \"2\") { molt_object_call(molt_id_object(molt->world, %.0f), \"pull\", (void *)0, 0, (void *)0);"
                  BOTH " return MOLT_OK; }\n", new_switch());
    native_build(with.folder, "bike", text);
    memset(&pulled, 0, sizeof pulled);
    molt_reload_report report = ask(module);
    assert_true(pulled.deferred);
    assert_false(report.deferred);
    assert_int_equal(report.to, 2);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_generation(module), 2);     /* unchanged by then */
    assert_non_null(strstr(with.log, "bike g2  unchanged"));
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up_inside, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(in_a_leaf_call_it_waits_for_the_tick),
        test(asking_twice_is_asking_once),
        test(what_is_refused_later_is_in_the_log),
        test(what_can_never_be_reloaded_is_refused_at_once),
        test(a_reload_done_meanwhile_leaves_nothing_to_do),
        test(in_a_leaf_call_a_rollback_waits_too),
        test(in_a_leaf_call_a_rollback_to_nothing_is_refused_at_once),
        test(in_a_leaf_call_a_batch_waits_as_a_whole),
        test(in_a_leaf_call_an_unload_waits_too),
        test(an_unload_that_is_refused_later_is_in_the_log),
        test(what_waits_is_done_in_the_order_of_asking),
        test(what_nobody_did_ends_with_the_world),
        test(a_change_of_layout_under_a_method_waits_for_the_tick),
        test(a_change_of_layout_that_nobody_is_in_is_done_at_once),
        test(a_rollback_over_a_layout_waits_as_the_reload_did),
        test(a_change_of_layout_that_is_wrong_is_refused_at_once),
        test(an_unload_that_takes_fields_away_under_a_method_waits),
        test(from_a_setup_it_waits_for_the_tick),
    };
    return cmocka_run_group_tests_name("later", tests, NULL, NULL);
}
