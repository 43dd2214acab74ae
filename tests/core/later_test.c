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
        test(from_a_setup_it_waits_for_the_tick),
    };
    return cmocka_run_group_tests_name("later", tests, NULL, NULL);
}
