/* What a build means for what is there: accepted with a truthful report, or refused and nothing has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plan_fixture.h"

#include "version.h"

static void a_plain_reload_keeps_every_method(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    new_object(module, "Car");
    new_object(module, "Car");
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("1.1.0", BOTH));
    molt_reload_report report = accept(module, 0);
    assert_int_equal(report.change_count, 3);
    assert_true(told(&report, MOLT_CHANGE_KEPT, "Bike", "range") && told(&report, MOLT_CHANGE_KEPT, "Bike", "wheels"));
    assert_true(told(&report, MOLT_CHANGE_KEPT, "Bike", NULL));
    assert_int_equal(report.objects, 2);
    assert_int_equal(report.instances, 0);
    assert_int_equal(report.fate, MOLT_IMAGE_RETIRED);
    assert_int_equal(strlen(report.build_id), 40);
    assert_true(report.phase[MOLT_PHASE_STAGE] > 0 && report.phase[MOLT_PHASE_OPEN] > 0);
    double sum = 0;
    for (int i = 0; i < MOLT_PHASES; i++) sum += report.phase[i];
    assert_true(sum <= report.seconds);
}

static void what_comes_and_what_nobody_used_is_reported(void **state)
{
    (void)state;
    rebuild(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", "MOLT_IMPL(Bike, .wheels = wheels); MOLT_IMPL_NAMED(Tourer, Bike, .range = range);"));
    molt_module *module = load("bike");
    rebuild(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("2", "MOLT_IMPL(Bike, .range = range, .wheels = wheels);" RACER));
    molt_reload_report report = accept(module, 0);
    assert_true(told(&report, MOLT_CHANGE_ADDED, "Bike", "range"));
    assert_true(told(&report, MOLT_CHANGE_ADDED, "Racer", "wheels"));
    assert_true(told(&report, MOLT_CHANGE_DROPPED, "Tourer", "range"));
    assert_true(told(&report, MOLT_CHANGE_KEPT, "Bike", NULL));
}

static void an_implementation_that_is_gone_says_so_until_it_is_back(void **state)
{
    (void)state;
    rebuild(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", BOTH RACER));
    molt_module *module = load("bike");
    molt_impl *racer = molt_module_impl(module, "Racer");
    molt_object *object = new_object(module, "Car");
    rebuild(BIKE_TEXT RANGE_TEXT(43) MODULE_TEXT("2", BOTH));
    accept(module, 0);
    assert_null(molt_module_impl(module, "Racer"));
    assert_string_equal(molt_last_error(with.world), "implementation 'Racer' of module 'bike' is gone since generation 2");
    assert_null(molt_module_impl_at(module, 1, NULL));
    assert_int_equal(molt_class_use(molt_object_class(object), NULL, racer), MOLT_ERR_STATE);
    rebuild(BIKE_TEXT RANGE_TEXT(44) MODULE_TEXT("3", BOTH RACER));
    accept(module, 0);
    assert_ptr_equal(molt_module_impl(module, "Racer"), racer);
    assert_int_equal(molt_class_use(molt_object_class(object), NULL, racer), MOLT_OK);
    assert_true(range_of(object) == 220);
}

static void methods_in_use_that_vanish_are_refused_together(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    new_object(module, "Car");
    new_object(module, "Car");
    new_object(module, "Taxi");
    rebuild(BIKE_TEXT MODULE_TEXT("2", "MOLT_IMPL(Bike, .range = NULL);"));
    static const char *const said[] = {
        "bike.Bike:range was 'double range(double load)' and is gone; it is used by class Car (2 objects), class Taxi (1 object)",
        "bike.Bike:wheels was 'int32_t wheels()' and is gone; it is used by class Car (2 objects), class Taxi (1 object)",
    };
    refuse(module, said, 2);
    assert_string_equal(molt_last_hint(with.world), "with tombstones such methods raise an error from then on");
}

static void a_changed_signature_in_use_is_refused_with_both(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    new_object(module, "Car");
    rebuild(OTHER_TEXT(FUEL, "METHOD(double, range, (float load))" WHEELS)
            "static double range(Bike *self, float load) { return self->fuel * (double)load; }\n"
            "static int32_t wheels(Bike *self) { (void)self; return 2; }\n" MODULE_TEXT("2", BOTH));
    static const char *const said[] = {
        "bike.Bike:range was 'double range(double load)' and is 'double range(float)'; it is used by class Car (1 object)",
    };
    refuse(module, said, 1);
}


static void objects_come_along_to_other_fields(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    assert_int_equal(molt_object_set(object, "fuel", (molt_value){ MOLT_DOUBLE, { .f64 = 7 } }), MOLT_OK);
    rebuild("MOLT_STRUCT(Vec2, float x; float y;)\n"
            OTHER_TEXT("FIELD(int32_t, gears[3], {0}) " FUEL " FIELD(Vec2, speed, {0, 0})", "METHOD(double, range, (double load))" WHEELS)
            RANGE_TEXT(2) MODULE_TEXT("2", "MOLT_REGISTER_STRUCT(Vec2);" BOTH));
    molt_reload_report report = accept(module, 0);
    assert_int_equal(report.instances, 1);
    assert_true(told(&report, MOLT_CHANGE_CHANGED, "Bike", NULL));
    assert_true(told(&report, MOLT_CHANGE_KEPT, "Bike", "range"));
    assert_true(field_named(object, "fuel") == 7);
    assert_true(field_named(object, "gears[2]") == 0);
    assert_true(called(object) == 14);
}

static void fields_that_do_not_fit_are_refused_with_both_types(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    new_object(module, "Car");
    rebuild(OTHER_TEXT("FIELD(bool, fuel, true)", "METHOD(double, range, (double load))" WHEELS) RANGE_TEXT(1) MODULE_TEXT("2", BOTH));
    static const char *const said[] = {
        "field 'fuel' of Bike cannot become 'bool' (bike.c:3): in live objects it is 'double' (bike.c:3)",
    };
    refuse(module, said, 1);
}

static void methods_move_to_other_slots(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    assert_int_equal(molt_object_set(object, "fuel", (molt_value){ MOLT_DOUBLE, { .f64 = 7 } }), MOLT_OK);
    rebuild(OTHER_TEXT(FUEL, WHEELS "METHOD(double, range, (double load))") RANGE_TEXT(3) MODULE_TEXT("2", BOTH));
    accept(module, 0);
    assert_true(called(object) == 21);
}

/* Memory is refused at each allocation in turn while objects come along. */
static void without_memory_nothing_comes_along(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    assert_int_equal(molt_object_set(object, "fuel", (molt_value){ MOLT_DOUBLE, { .f64 = 7 } }), MOLT_OK);
    rebuild(OTHER_TEXT("FIELD(int32_t, gears, 5) " FUEL, "METHOD(double, range, (double load))" WHEELS)
            RANGE_TEXT(2) MODULE_TEXT("2", BOTH));
    for (long n = 0;; n++) {
        double before = called(object);
        assert_true(n < 5000);
        with.allocations_left = n;
        int err = molt_module_reload(module, NULL, NULL);
        with.allocations_left = -1;
        if (!err) break;
        assert_true(called(object) == before && field_named(object, "fuel") == 7);
        assert_false(molt_object_get(object, "gears", &(molt_value){ 0 }) == MOLT_OK);
    }
    assert_true(called(object) == 14 && field_named(object, "gears") == 5);
}

/* Structs and traits that a refused setup declared are as if it had not. */
static void a_setup_that_declares_and_fails_leaves_no_name(void **state)
{
    (void)state;
    static const char failing[] =
        "MOLT_STRUCT(Vec2, float x; float y;)\n"
        "#define BOAT(FIELD, METHOD) FIELD(Vec2, drift, {0, 0}) METHOD(double, sail, ())\nMOLT_TRAIT(Boat, BOAT)\n"
        "static double sail(Boat *self) { return (double)self->drift.x; }\n"
        BIKE_TEXT RANGE_TEXT(42)
        MODULE_TEXT("2", "MOLT_REGISTER_STRUCT(Vec2); MOLT_IMPL(Boat, .sail = sail);" BOTH
                         "return molt_fail(molt, \"needs %d MB\", 512);");
    molt_module *module = load_bike();
    new_object(module, "Car");
    rebuild(failing);
    static const char *const said[] = { "needs 512 MB" };
    refuse(module, said, 1);
    assert_null(molt_trait_find(with.world, "Boat"));
    /* The names are free: for others, and of another shape. */
    molt_struct_text vec = { sizeof vec, "Vec2", "double x", 8, 8, "game.c:1" };
    assert_int_equal(molt_struct_declare(with.world, &vec), MOLT_OK);
}

/* Whatever it is that is refused: not one slot, field or name is another. */
static void no_refusal_leaves_a_trace(void **state)
{
    (void)state;
    static const struct { const char *text, *said; } builds[] = {
        { BIKE_TEXT RANGE_TEXT(1) "MOLT_MODULE(boat, \"1\") { " BOTH " return MOLT_OK; }\n",
          "expected module 'bike', found 'boat'" },
        { BIKE_TEXT "double nowhere(double);\nstatic double range(Bike *self, double load) { (void)self; return nowhere(load); }\n"
          "static int32_t wheels(Bike *self) { (void)self; return 2; }\n" MODULE_TEXT("2", BOTH), "nowhere" },
        { BIKE_TEXT RANGE_TEXT(1) MODULE_TEXT("2", BOTH "MOLT_IMPL(Bike, .range = range);"), "implementation 'Bike' is given 'range' twice" },
        { BIKE_TEXT RANGE_TEXT(1) MODULE_TEXT("2", BOTH "return 7;"), "its setup returned 7" },
        { BIKE_TEXT RANGE_TEXT(1) "__attribute__((constructor)) static void fall(void) { __builtin_trap(); }\n"
          MODULE_TEXT("2", BOTH), "constructor" },
        { "int nothing;\n", "no MOLT_MODULE" },
    };
    molt_module *module = load_bike();
    new_object(module, "Car");
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        rebuild(builds[i].text);
        refuse_with(module, MOLT_RELOAD_PROBE, &builds[i].said, 1);
    }
    static const char *const cut = "empty file";
    native_write(with.folder, "bike.so", "", 0);
    refuse_with(module, 0, &cut, 1);
    static const char *const text = "found text";
    native_write(with.folder, "bike.so", "hello, world", 12);
    refuse_with(module, 0, &text, 1);
    char path[PATH_MAX + 16];
    static const char *const gone = "No such file";
    native_format(path, sizeof path, "%s/bike.so", with.folder);
    assert_int_equal(unlink(path), 0);
    refuse_with(module, 0, &gone, 1);
}

static void options_are_checked_before_anything_else(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_reload_report report;
    assert_int_equal(reload_with(module, 0x40, &report), MOLT_ERR_ARGUMENT);
    assert_string_equal(molt_last_error(with.world), "unknown flags of a reload: 0x40");
    molt_reload_options options = { .size = sizeof options, .timeout = -1 };
    assert_int_equal(molt_module_reload(module, &options, NULL), MOLT_ERR_RANGE);
    options = (molt_reload_options){ .size = 3 };
    assert_int_equal(molt_module_rollback(module, &options, NULL), MOLT_ERR_ARGUMENT);
    assert_int_equal(molt_modules_reload(&module, 1, &options, NULL), MOLT_ERR_ARGUMENT);
}

static void versions_count_where_a_module_says_what_it_follows(void **state)
{
    (void)state;
    static const char text[] = BIKE_TEXT RANGE_TEXT(%d) "MOLT_MODULE(bike, \"%s\", MOLT_COMPATIBLE(\"%s\")) { " BOTH " return MOLT_OK; }\n";
    char one[2048];
    native_format(one, sizeof one, text, 42, "1.9.0", "1.2.0");
    rebuild(one);
    molt_module *module = load("bike");
    new_object(module, "Car");
    native_format(one, sizeof one, text, 43, "1.10.0", "1.10.0");
    rebuild(one);
    static const char *const young[] = { "bike.so: version 1.10.0 can follow 1.10.0 and later, but 1.9.0 serves" };
    refuse(module, young, 1);
    native_format(one, sizeof one, text, 43, "1.8.0", "1.2.0");
    rebuild(one);
    static const char *const old[] = { "bike.so: version 1.8.0 is older than 1.9.0, which serves" };
    refuse(module, old, 1);
    native_format(one, sizeof one, text, 43, "1.10.0", "1.9.0");
    rebuild(one);
    accept(module, 0);
    assert_string_equal(molt_module_version(module), "1.10.0");
}

static void versions_are_compared_number_by_number(void **state)
{
    (void)state;
    static const char *const rising[] = { "0.9", "1.0.0-beta", "1.0.0-rc", "1", "1.0.1", "1.2", "1.10.0", "2", "10" };
    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++) {
        for (size_t j = 0; j < sizeof rising / sizeof *rising; j++) {
            int order = molt__version_compare(rising[i], rising[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    assert_int_equal(molt__version_compare("1", "1.0.0"), 0);
    assert_int_equal(molt__version_compare("01.2", "1.02"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_plain_reload_keeps_every_method),
        test(what_comes_and_what_nobody_used_is_reported),
        test(an_implementation_that_is_gone_says_so_until_it_is_back),
        test(methods_in_use_that_vanish_are_refused_together),
        test(a_changed_signature_in_use_is_refused_with_both),
        test(objects_come_along_to_other_fields),
        test(fields_that_do_not_fit_are_refused_with_both_types),
        test(methods_move_to_other_slots),
        test(without_memory_nothing_comes_along),
        test(a_setup_that_declares_and_fails_leaves_no_name),
        test(no_refusal_leaves_a_trace),
        test(options_are_checked_before_anything_else),
        test(versions_count_where_a_module_says_what_it_follows),
        test(versions_are_compared_number_by_number),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
