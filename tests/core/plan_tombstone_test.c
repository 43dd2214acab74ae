/* What stands in the slot of a method that is gone while it is in use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plan_fixture.h"

#define NO_RANGE(factor) BIKE_TEXT RANGE_TEXT(factor) MODULE_TEXT("2." #factor, "(void)range; MOLT_IMPL(Bike, .wheels = wheels);")

static void a_tombstone_answers_c_with_zero_and_a_pending_error(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    Bike *bike = molt_as(object, Bike);
    rebuild(NO_RANGE(1));
    molt_reload_report report = accept(module, MOLT_RELOAD_TOMBSTONES);
    assert_true(told(&report, MOLT_CHANGE_BURIED, "Bike", "range"));
    assert_true(told(&report, MOLT_CHANGE_KEPT, "Bike", "wheels"));
    assert_true(molt_call(bike, range, 2.0) == 0);       /* the handle from before */
    assert_int_equal(molt_error_take(with.world, NULL), MOLT_ERR_MISSING);
    expect_gone(object, 2);
    assert_int_equal(molt_call(bike, wheels), 2);
    molt_value load_value = { .kind = MOLT_DOUBLE, .as.f64 = 1 }, result;
    assert_int_equal(molt_object_call(object, "range", &load_value, 1, &result), MOLT_ERR_MISSING);
    molt_error_take(with.world, NULL);
}

static void a_tombstone_stays_without_being_asked_for_again(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(NO_RANGE(1));
    accept(module, MOLT_RELOAD_TOMBSTONES);
    rebuild(NO_RANGE(2));
    molt_reload_report report = accept(module, 0);
    assert_true(told(&report, MOLT_CHANGE_BURIED, "Bike", "range"));
    expect_gone(object, 2);              /* since the generation that lost it */
}

static void a_method_that_is_back_heals_its_slot(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(NO_RANGE(1));
    accept(module, MOLT_RELOAD_TOMBSTONES);
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("3", BOTH));
    molt_reload_report report = accept(module, 0);
    assert_true(told(&report, MOLT_CHANGE_ADDED, "Bike", "range"));
    assert_true(range_of(object) == 250);
    rebuild(NO_RANGE(1));
    accept(module, MOLT_RELOAD_TOMBSTONES);
    expect_gone(object, 4);
}

static void a_changed_signature_becomes_a_tombstone(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(OTHER_TEXT(FUEL, "METHOD(double, range, (float load))" WHEELS)
            "static double range(Bike *self, float load) { return self->fuel * (double)load; }\n"
            "static int32_t wheels(Bike *self) { (void)self; return 7; }\n" MODULE_TEXT("2", BOTH));
    molt_reload_report report = accept(module, MOLT_RELOAD_TOMBSTONES);
    assert_true(told(&report, MOLT_CHANGE_CHANGED, "Bike", NULL));
    expect_gone(object, 2);
    assert_int_equal(molt_call(molt_as(object, Bike), wheels), 7);   /* handles of the new declaration are the trait's */
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("3", BOTH));
    accept(module, 0);
    assert_true(range_of(object) == 250);
}

/* The new code calls its slot by the signature that it has declared: zero, in any register. */
static void a_tombstone_is_zero_by_the_new_signature_too(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(OTHER_TEXT(FUEL, "METHOD(int64_t, range, (double load))" WHEELS)
            "static int64_t range(Bike *self, double load) { (void)self; return (int64_t)load; }\n"
            "static int32_t wheels(Bike *self) { return molt_call(self, range, 5.0) == 0 ? 1 : 0; }\n" MODULE_TEXT("2", BOTH));
    accept(module, MOLT_RELOAD_TOMBSTONES);
    assert_int_equal(molt_call(molt_as(object, Bike), wheels), 1);
    assert_int_equal(molt_error_take(with.world, NULL), MOLT_ERR_MISSING);
    expect_gone(object, 2);
}

static void a_vanished_implementation_in_use_becomes_tombstones(void **state)
{
    (void)state;
    rebuild(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", BOTH RACER));
    molt_module *module = load("bike");
    molt_object *object = new_object(module, "Car");
    molt_impl *racer = molt_module_impl(module, "Racer");
    assert_int_equal(molt_class_use(molt_object_class(object), NULL, racer), MOLT_OK);
    rebuild(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("2", BOTH));
    molt_reload_report report;
    assert_int_equal(reload_with(module, 0, &report), MOLT_ERR_IN_USE);
    assert_non_null(strstr(molt_last_error(with.world), "bike.Racer:range was 'double range(double load)' and is gone"));
    accept(module, MOLT_RELOAD_TOMBSTONES);
    assert_true(range_of(object) == 0);
    assert_int_equal(molt_error_take(with.world, NULL), MOLT_ERR_MISSING);
    assert_int_equal(molt_class_drop(molt_object_class(object), NULL, racer), MOLT_OK);
    assert_true(range_of(object) == 210);            /* the other implementation was never gone */
}

static void a_dead_tombstone_is_swept(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    molt_impl *impl = molt_module_impl(module, "Bike");
    rebuild(NO_RANGE(1));
    accept(module, MOLT_RELOAD_TOMBSTONES);
    assert_int_equal(molt_object_destroy(object), MOLT_OK);
    assert_int_equal(molt_class_drop(molt_class_find(with.world, "Car"), molt_impl_trait(impl), NULL), MOLT_OK);
    rebuild(NO_RANGE(2));
    molt_reload_report report = accept(module, 0);
    assert_true(told(&report, MOLT_CHANGE_DROPPED, "Bike", "range"));
}

static void running_out_of_memory_leaves_no_tombstone(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(NO_RANGE(1));
    dump *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    molt_reload_report report;
    int code = MOLT_ERR_MEMORY;
    for (long allowed = 0; code != MOLT_OK; allowed++) {
        assert_in_range(allowed, 0, 1000);
        dump_world(before);
        with.allocations_left = allowed;
        code = reload_with(module, MOLT_RELOAD_TOMBSTONES, &report);
        with.allocations_left = -1;
        if (code == MOLT_OK) break;
        assert_int_equal(code, MOLT_ERR_MEMORY);
        assert_true(report.reason_count >= 1);
        dump_world(after);
        assert_string_equal(before->text, after->text);
        assert_true(range_of(object) == 210);
    }
    free(before);
    free(after);
    expect_gone(object, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_tombstone_answers_c_with_zero_and_a_pending_error),
        test(a_tombstone_stays_without_being_asked_for_again),
        test(a_method_that_is_back_heals_its_slot),
        test(a_changed_signature_becomes_a_tombstone),
        test(a_tombstone_is_zero_by_the_new_signature_too),
        test(a_vanished_implementation_in_use_becomes_tombstones),
        test(a_dead_tombstone_is_swept),
        test(running_out_of_memory_leaves_no_tombstone),
    };
    return cmocka_run_group_tests_name("plan_tombstone", tests, NULL, NULL);
}
