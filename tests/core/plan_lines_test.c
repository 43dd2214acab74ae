/* One implementation in several lines of the module: judged as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plan_fixture.h"

#define LINES "MOLT_IMPL(Bike, .range = range); MOLT_IMPL(Bike, .wheels = wheels);"
#define SPLIT "MOLT_IMPL_LEAF(Bike, .range = range); MOLT_IMPL(Bike, .wheels = wheels);"

/* `range` has another signature; `body` says in which lines that is provided. */
#define OTHER_RANGE(body)                                                      \
    OTHER_TEXT(FUEL, "METHOD(double, range, (float load))" WHEELS)             \
    "static double range(Bike *self, float load) { return self->fuel * (double)load; }\n" \
    "static int32_t wheels(Bike *self) { (void)self; return 7; }\n" MODULE_TEXT("2", body)

static int wheels_of(const molt_object *object)
{
    return molt_call(molt_as(object, Bike), wheels);
}

static void bury_range_alone(const char *text)
{
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(text);
    molt_reload_report report = accept(module, MOLT_RELOAD_TOMBSTONES);
    assert_true(told(&report, MOLT_CHANGE_CHANGED, "Bike", NULL));
    assert_true(told(&report, MOLT_CHANGE_BURIED, "Bike", "range"));
    assert_true(told(&report, MOLT_CHANGE_KEPT, "Bike", "wheels"));
    expect_gone(object, 2);
    assert_int_equal(wheels_of(object), 7);
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("3", LINES));
    accept(module, 0);
    assert_true(range_of(object) == 250);
}

static void a_changed_signature_in_several_lines_becomes_a_tombstone(void **state)
{
    (void)state;
    bury_range_alone(OTHER_RANGE(LINES));
}

static void a_changed_signature_of_leaf_and_other_lines_becomes_a_tombstone(void **state)
{
    (void)state;
    bury_range_alone(OTHER_RANGE(SPLIT));
}

static void a_changed_signature_becomes_a_tombstone_beside_another_implementation(void **state)
{
    (void)state;
    bury_range_alone(OTHER_RANGE(RACER BOTH));
}

static void a_changed_signature_after_a_migration_becomes_a_tombstone(void **state)
{
    (void)state;
    bury_range_alone(OTHER_TEXT(FUEL, "METHOD(double, range, (float load))" WHEELS)
                     "static double range(Bike *self, float load) { return self->fuel * (double)load; }\n"
                     "static int32_t wheels(Bike *self) { (void)self; return 7; }\n"
                     "static int move(Bike *self, const molt_former *old) { (void)self; (void)old; return MOLT_OK; }\n"
                     MODULE_TEXT("2", "MOLT_MIGRATE(Bike, move);" LINES));
}

/* Neither a method that is as it was, nor the trait. */
static void a_changed_signature_in_several_lines_is_the_only_reason(void **state)
{
    (void)state;
    static const char *const builds[] = { OTHER_RANGE(LINES), OTHER_RANGE(SPLIT), OTHER_RANGE(RACER BOTH) };
    static const char *const said[] = {
        "bike.Bike:range was 'double range(double load)' and is 'double range(float)'; it is used by class Car (1 object)",
    };
    molt_module *module = load_bike();
    new_object(module, "Car");
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        rebuild(builds[i]);
        refuse(module, said, 1);
    }
}

static void a_changed_signature_given_in_two_lines_is_given_twice(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    new_object(module, "Car");
    rebuild(OTHER_RANGE(LINES "MOLT_IMPL(Bike, .range = range);"));
    static const char *const said[] = { "implementation 'Bike' is given 'range' twice" };
    refuse_with(module, MOLT_RELOAD_TOMBSTONES, said, 1);
}

static void objects_come_along_to_fields_of_several_lines(void **state)
{
    (void)state;
    static const char *const bodies[] = { LINES, SPLIT, ("MOLT_MIGRATE(Bike, more);" SPLIT) };
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    assert_int_equal(molt_object_set(object, "fuel", (molt_value){ MOLT_DOUBLE, { .f64 = 7 } }), MOLT_OK);
    for (int i = 0; i < 3; i++) {
        char text[2048], fields[64];
        native_format(fields, sizeof fields, "FIELD(int32_t, gears%d, %d)", i, i + 5);
        native_format(text, sizeof text, OTHER_TEXT("%s FIELD(double, fuel, 10)", WHEELS "METHOD(double, range, (double load))") RANGE_TEXT(2)
                      "MOLT__UNUSED static int more(Bike *self, const molt_former *old) { (void)old; self->fuel++; return MOLT_OK; }\n"
                      "MOLT_MODULE(bike, \"%d\") { %s return MOLT_OK; }\n", fields, i + 2, bodies[i]);
        rebuild(text);
        molt_reload_report report = accept(module, 0);
        assert_int_equal(report.instances, 1);
        assert_true(told(&report, MOLT_CHANGE_KEPT, "Bike", "range") && told(&report, MOLT_CHANGE_KEPT, "Bike", "wheels"));
        native_format(fields, sizeof fields, "gears%d", i);
        assert_true(field_named(object, fields) == i + 5);
        assert_true(called(object) == (i < 2 ? 14 : 16));
    }
}

/* Memory is refused at each allocation in turn. */
static void without_memory_lines_of_another_signature_change_nothing(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(OTHER_RANGE(SPLIT));
    int code = MOLT_ERR_MEMORY;
    for (long allowed = 0; code; allowed++) {
        molt_reload_report report;
        assert_in_range(allowed, 0, 1000);
        with.allocations_left = allowed;
        code = reload_with(module, MOLT_RELOAD_TOMBSTONES, &report);
        with.allocations_left = -1;
        if (code) assert_int_equal(code, MOLT_ERR_MEMORY);
        if (code) assert_true(range_of(object) == 210 && wheels_of(object) == 2);
    }
    expect_gone(object, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_changed_signature_in_several_lines_becomes_a_tombstone),
        test(a_changed_signature_of_leaf_and_other_lines_becomes_a_tombstone),
        test(a_changed_signature_becomes_a_tombstone_beside_another_implementation),
        test(a_changed_signature_after_a_migration_becomes_a_tombstone),
        test(a_changed_signature_in_several_lines_is_the_only_reason),
        test(a_changed_signature_given_in_two_lines_is_given_twice),
        test(objects_come_along_to_fields_of_several_lines),
        test(without_memory_lines_of_another_signature_change_nothing),
    };
    return cmocka_run_group_tests_name("plan_lines", tests, NULL, NULL);
}
