/* What a build means for what is there: accepted with a truthful report, or refused and nothing has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_dump.h"

#include "version.h"

#define RACER "MOLT_IMPL_NAMED(Racer, Bike, .range = range, .wheels = wheels);"

/* The trait with another signature, or another layout, beside the same functions. */
#define OTHER_TEXT(fields, methods) \
    "#define BIKE(FIELD, METHOD) " fields " " methods "\nMOLT_TRAIT(Bike, BIKE)\n"
#define FUEL "FIELD(double, fuel, 10)"
#define WHEELS "METHOD(int32_t, wheels, ())"

static void rebuild(const char *text)
{
    native_build(with.folder, "bike", text);
}

static int reload_with(molt_module *module, uint32_t flags, molt_reload_report *report)
{
    molt_reload_options options = { .size = sizeof options, .flags = flags };
    *report = (molt_reload_report){ .size = sizeof *report };
    return molt_module_reload(module, &options, report);
}

static molt_reload_report accept(molt_module *module, uint32_t flags)
{
    molt_reload_report report;
    if (reload_with(module, flags, &report)) fail_msg("%s", molt_last_error(with.world));
    return report;
}

static bool told(const molt_reload_report *report, molt_change change, const char *name, const char *method)
{
    for (size_t i = 0; i < report->change_count; i++) {
        const molt_reload_change *is = &report->change[i];
        bool same = !is->method == !method && (!method || strcmp(is->method, method) == 0);
        if (is->change == change && same && strcmp(is->name, name) == 0) return true;
    }
    return false;
}

/* Refused for these reasons in this order, and the world is byte for byte what it was. */
static void refuse_with(molt_module *module, uint32_t flags, const char *const *said, size_t count)
{
    dump *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    molt_reload_report report;
    dump_world(before);
    assert_int_not_equal(reload_with(module, flags, &report), MOLT_OK);
    dump_world(after);
    assert_string_equal(before->text, after->text);
    free(before);
    free(after);
    if (report.reason_count != count) fail_msg("%zu reasons: %s", report.reason_count, molt_last_error(with.world));
    for (size_t i = 0; i < count; i++) {
        if (!strstr(report.reason[i].message, said[i])) {
            fail_msg("expected '%s', got '%s'", said[i], report.reason[i].message);
        }
        assert_non_null(strstr(molt_last_error(with.world), said[i]));
    }
    assert_int_equal(report.from, report.to);
    assert_int_equal(report.fate, MOLT_IMAGE_NONE);
}

static void refuse(molt_module *module, const char *const *said, size_t count)
{
    refuse_with(module, 0, said, count);
}

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

/* By name: the handles of this file are of the layout that it was compiled with. */
static double field_named(const molt_object *object, const char *field)
{
    molt_value value;
    assert_int_equal(molt_object_get(object, field, &value), MOLT_OK);
    return value.kind == MOLT_DOUBLE ? value.as.f64 : (double)value.as.i32;
}

static double called(molt_object *object)
{
    molt_value none = { MOLT_DOUBLE, { .f64 = 0 } }, result;
    assert_int_equal(molt_object_call(object, "range", &none, 1, &result), MOLT_OK);
    return result.as.f64;
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

/* ---- Tombstones ---------------------------------------------------------- */

static void expect_gone(molt_object *object, uint32_t since)
{
    char text[128];
    native_format(text, sizeof text, "bike.Bike:range was double range(double load) and is gone since generation %u",
                  (unsigned)since);
    const char *pending;
    assert_true(range_of(object) == 0);
    assert_true(molt_error_pending(with.world));
    assert_int_equal(molt_error_take(with.world, &pending), MOLT_ERR_MISSING);
    assert_string_equal(pending, text);
}

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

/* ---- One implementation in several lines ------------------------------------ */

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

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

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
        test(a_tombstone_answers_c_with_zero_and_a_pending_error),
        test(a_tombstone_stays_without_being_asked_for_again),
        test(a_method_that_is_back_heals_its_slot),
        test(a_changed_signature_becomes_a_tombstone),
        test(a_tombstone_is_zero_by_the_new_signature_too),
        test(a_vanished_implementation_in_use_becomes_tombstones),
        test(a_dead_tombstone_is_swept),
        test(running_out_of_memory_leaves_no_tombstone),
        test(a_changed_signature_in_several_lines_becomes_a_tombstone),
        test(a_changed_signature_of_leaf_and_other_lines_becomes_a_tombstone),
        test(a_changed_signature_becomes_a_tombstone_beside_another_implementation),
        test(a_changed_signature_after_a_migration_becomes_a_tombstone),
        test(a_changed_signature_in_several_lines_is_the_only_reason),
        test(a_changed_signature_given_in_two_lines_is_given_twice),
        test(objects_come_along_to_fields_of_several_lines),
        test(without_memory_lines_of_another_signature_change_nothing),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
