/* Tombstones beside traits that get other versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

/* With a third method, and another field beside `fuel`. */
#define WITH_FIELD(other) \
    "#define BIKE(FIELD, METHOD) FIELD(double, fuel, 10) FIELD(double, " other ", 3) " \
    "METHOD(double, range, (double load)) METHOD(int32_t, wheels, ()) METHOD(double, bell, ())\n" \
    "MOLT_TRAIT(Bike, BIKE)\n" RANGE_TEXT(50) \
    "static double bell(Bike *self) { return self->" other "; }\n"
#define LONGER_TEXT WITH_FIELD("oil")

static void reload(molt_module *module, uint32_t flags, const char *text)
{
    molt_reload_options options = { .size = sizeof options, .flags = flags };
    native_build(with.folder, "bike", text);
    if (molt_module_reload(module, &options, NULL)) fail_msg("%s", molt_last_error(with.world));
}

static void expect_gone(molt_object *object, const char *method, const molt_value *arguments, size_t count, const char *text)
{
    molt_value result;
    assert_int_equal(molt_object_call(object, method, arguments, count, &result), MOLT_ERR_MISSING);
    assert_string_equal(molt_last_error(with.world), text);
    molt_error_take(with.world, NULL);
}

/* A method that only the later version has is buried by its own name and signature. */
static void a_later_version_has_tombstones_of_its_own(void **state)
{
    (void)state;
    const molt_value one = { .kind = MOLT_DOUBLE, .as.f64 = 1 };
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    reload(module, MOLT_RELOAD_TOMBSTONES, BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("2", "(void)range; MOLT_IMPL(Bike, .wheels = wheels);"));
    expect_gone(object, "range", &one, 1, "bike.Bike:range was double range(double load) and is gone since generation 2");
    reload(module, 0, LONGER_TEXT MODULE_TEXT("3", "MOLT_IMPL(Bike, .range = range, .wheels = wheels, .bell = bell);"));
    molt_value result;
    assert_int_equal(molt_object_call(object, "range", &one, 1, &result), MOLT_OK);
    assert_true(result.as.f64 == 250);
    reload(module, MOLT_RELOAD_TOMBSTONES, LONGER_TEXT
           MODULE_TEXT("4", "(void)range; (void)bell; MOLT_IMPL(Bike, .wheels = wheels);"));
    expect_gone(object, "bell", NULL, 0, "bike.Bike:bell was double bell() and is gone since generation 4");
    expect_gone(object, "range", &one, 1, "bike.Bike:range was double range(double load) and is gone since generation 4");
}

/* Objects come along to other fields while a method is gone. */
static void a_tombstone_goes_along_to_another_version(void **state)
{
    (void)state;
    const molt_value one = { .kind = MOLT_DOUBLE, .as.f64 = 1 };
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    ((Bike *)molt_as(object, Bike))->fuel = 20;
    reload(module, MOLT_RELOAD_TOMBSTONES, LONGER_TEXT MODULE_TEXT("2", "(void)range; MOLT_IMPL(Bike, .wheels = wheels, .bell = bell);"));
    static const char gone[] = "bike.Bike:range was double range(double load) and is gone since generation 2";
    expect_gone(object, "range", &one, 1, gone);
    molt_value result;
    assert_int_equal(molt_object_call(object, "bell", NULL, 0, &result), MOLT_OK);
    assert_true(result.as.f64 == 3);
    assert_int_equal(molt_object_get(object, "fuel", &result), MOLT_OK);
    assert_true(result.as.f64 == 20);
    reload(module, 0, WITH_FIELD("grease")
           MODULE_TEXT("3", "(void)range; MOLT_IMPL(Bike, .wheels = wheels, .bell = bell);"));
    expect_gone(object, "range", &one, 1, gone);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_tombstone_goes_along_to_another_version),
        test(a_later_version_has_tombstones_of_its_own),
    };
    return cmocka_run_group_tests_name("tombstone", tests, NULL, NULL);
}
