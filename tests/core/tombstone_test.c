/* Tombstones beside traits that get other versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_dump.h"

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

/* ---- Methods that the later version does not declare ------------------------- */

#define WHEELS_TEXT "static int32_t wheels(Bike *self) { (void)self; return 2; }\n"
#define BELL_TEXT "MOLT__UNUSED static double bell(Bike *self) { return self->oil + 1; }\n"

/* Neither `range`, nor the slots that the others had; with another field. */
#define BARE_TEXT(fields, methods) \
    "#define BIKE(FIELD, METHOD) " fields " METHOD(int32_t, wheels, ()) METHOD(double, bell, ()) " methods "\n" \
    "MOLT_TRAIT(Bike, BIKE)\n" WHEELS_TEXT BELL_TEXT
#define OILED "FIELD(int8_t, gears, 5) FIELD(double, fuel, 10) FIELD(double, oil, 3)"
#define BARE BARE_TEXT(OILED, "") MODULE_TEXT("2", "MOLT_IMPL(Bike, .wheels = wheels, .bell = bell);")

/* What the trait is then, for C: the text's slots, and the one that is kept. */
#define KEPT(FIELD, METHOD)                                                    \
    FIELD (int8_t, gears, 5) FIELD(double, fuel, 10) FIELD(double, oil, 3)     \
    METHOD(int32_t, wheels, ()) METHOD(double, bell, ()) METHOD(double, range, (double load))
MOLT_TRAIT(Kept, KEPT)

static const char gone_at_2[] = "bike.Bike:range was double range(double load) and is gone since generation 2";
static const molt_value one_load = { .kind = MOLT_DOUBLE, .as.f64 = 1 };

static Kept *kept_handle(const molt_object *object)
{
    static molt_trait_text text;
    text = Kept_trait;
    text.name = "Bike";
    return molt_object_as_text(object, &text);
}

static double number_of(molt_object *object, const char *method, const molt_value *arguments, size_t count)
{
    molt_value result;
    if (molt_object_call(object, method, arguments, count, &result)) fail_msg("%s", molt_last_error(with.world));
    return result.kind == MOLT_DOUBLE ? result.as.f64 : result.as.i32;
}

static double field_of(const molt_object *object, const char *name)
{
    molt_value value;
    if (molt_object_get(object, name, &value)) fail_msg("%s", molt_last_error(with.world));
    return value.kind == MOLT_DOUBLE ? value.as.f64 : value.as.i32;
}

static void expect_buried(molt_object *object, double fuel)
{
    expect_gone(object, "range", &one_load, 1, gone_at_2);
    assert_true(field_of(object, "fuel") == fuel);
    assert_true(number_of(object, "wheels", NULL, 0) == 2);
}

static molt_object *bury_undeclared(molt_module *module)
{
    molt_object *object = new_object(module, "Car");
    ((Bike *)molt_as(object, Bike))->fuel = 20;
    reload(module, MOLT_RELOAD_TOMBSTONES, BARE);
    return object;
}

static void a_method_that_is_not_declared_keeps_a_slot_that_raises(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = bury_undeclared(module);
    expect_buried(object, 20);
    assert_true(number_of(object, "bell", NULL, 0) == 4 && field_of(object, "gears") == 5);
    Kept *handle = kept_handle(object);
    assert_non_null(handle);
    assert_true(molt_call(handle, range, 1) == 0);
    const char *text;
    assert_int_equal(molt_error_take(with.world, &text), MOLT_ERR_MISSING);
    assert_string_equal(text, gone_at_2);
    assert_true(molt_call(handle, bell) == 4);
    expect_buried(new_object(module, "Taxi"), 10);       /* for objects to come, too */
}

static void it_stays_over_reloads_and_further_layouts_until_the_method_is_back(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = bury_undeclared(module);
    reload(module, 0, BARE_TEXT(OILED, "") MODULE_TEXT("3", "MOLT_IMPL(Bike, .wheels = wheels, .bell = bell);"));
    expect_buried(object, 20);
    reload(module, 0, BARE_TEXT("FIELD(double, oil, 3) FIELD(double, fuel, 10)", "METHOD(int32_t, horns, ())")
           "static int32_t horns(Bike *self) { (void)self; return 1; }\n"
           MODULE_TEXT("4", "MOLT_IMPL(Bike, .wheels = wheels, .bell = bell, .horns = horns);"));
    expect_buried(object, 20);
    assert_true(number_of(object, "horns", NULL, 0) == 1);
    reload(module, 0, BARE_TEXT(OILED, "METHOD(int32_t, horns, ()) METHOD(double, range, (double load))")
           "static int32_t horns(Bike *self) { (void)self; return 1; }\n"
           "static double range(Bike *self, double load) { return self->fuel * 7 / (1 + load); }\n"
           MODULE_TEXT("5", "MOLT_IMPL(Bike, .range = range, .wheels = wheels, .bell = bell, .horns = horns);"));
    assert_true(number_of(object, "range", &one_load, 1) == 70 && number_of(object, "bell", NULL, 0) == 4);
}

static void a_rollback_brings_the_method_and_the_fields_back(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = bury_undeclared(module);
    molt_reload_options options = { .size = sizeof options, .flags = MOLT_RELOAD_TOMBSTONES };
    if (molt_module_rollback(module, &options, NULL)) fail_msg("%s", molt_last_error(with.world));
    assert_true(number_of(object, "range", &one_load, 1) == 420 && field_of(object, "fuel") == 20);
    expect_gone(object, "bell", NULL, 0, "bike.Bike:bell was double bell() and is gone since generation 3");
}

/* The new code believes the new signature. */
static void a_changed_signature_beside_other_fields_is_buried_in_its_slot(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    static const char changed[] =
        "#define BIKE(FIELD, METHOD) FIELD(double, oil, 3) FIELD(double, fuel, 10) "
        "METHOD(int64_t, range, (float load)) METHOD(int32_t, wheels, ())\nMOLT_TRAIT(Bike, BIKE)\n"
        "static int64_t range(Bike *self, float load) { (void)self; return (int64_t)load; }\n"
        "static int32_t wheels(Bike *self) { return molt_call(self, range, 5.0f) == 0 ? 2 : 0; }\n"
        MODULE_TEXT("2", "MOLT_IMPL(Bike, .wheels = wheels); MOLT_IMPL(Bike, .range = range);");
    reload(module, MOLT_RELOAD_TOMBSTONES, changed);
    expect_gone(object, "wheels", NULL, 0, gone_at_2);
    expect_gone(object, "range", &one_load, 1, gone_at_2);
    assert_true(field_of(object, "oil") == 3);
    reload(module, 0, BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("3", BOTH));
    assert_true(number_of(object, "range", &one_load, 1) == 250 && number_of(object, "wheels", NULL, 0) == 2);
}

static void let_go_and_reload(const char *text)
{
    molt_module *module = load_bike();
    molt_object *object = bury_undeclared(module);
    molt_class *cls = molt_object_class(object);
    assert_int_equal(molt_object_destroy(object), MOLT_OK);
    assert_int_equal(molt_class_drop(cls, molt_impl_trait(molt_module_impl(module, "Bike")), NULL), MOLT_OK);
    reload(module, 0, text);
    assert_int_equal(molt_trait_find(with.world, "Bike")->method_count, 2);
    assert_int_equal(molt_module_impl(module, "Bike")->native.count, 2);
    assert_true(number_of(new_object(module, "Taxi"), "bell", NULL, 0) == 4);   /* complete without it */
}

#define GONE_TEXT(fields) BARE_TEXT(fields, "") MODULE_TEXT("3", "MOLT_IMPL(Bike, .wheels = wheels, .bell = bell);")

static void one_whom_nobody_calls_any_more_is_dropped_with_its_slot(void **state)
{
    (void)state;
    let_go_and_reload(GONE_TEXT(OILED));
}

static void one_whom_nobody_calls_any_more_does_not_go_along_to_another_layout(void **state)
{
    (void)state;
    let_go_and_reload(GONE_TEXT("FIELD(double, oil, 3)"));
}

/* Two modules that share the trait mean the same by it, though one alone is in use. */
static void modules_that_share_the_trait_keep_the_slot_together(void **state)
{
    (void)state;
    static const char other[] = "\nMOLT_MODULE(trike, \"1\") { MOLT_IMPL_NAMED(Trike, Bike, .wheels = wheels); return MOLT_OK; }\n";
    char text[2048];
    molt_module *modules[2] = { load_bike() };
    native_format(text, sizeof text, BIKE_TEXT "%s%s", WHEELS_TEXT, other);
    native_build(with.folder, "trike", text);
    modules[1] = load("trike");
    molt_object *object = new_object(modules[0], "Car");
    native_format(text, sizeof text, BARE_TEXT(OILED, "") "%s", other);
    native_build(with.folder, "trike", text);
    native_build(with.folder, "bike", BARE);
    molt_reload_options options = { .size = sizeof options };
    assert_int_equal(molt_modules_reload(modules, 2, &options, NULL), MOLT_ERR_IN_USE);
    assert_int_equal(molt_modules_reload(&modules[1], 1, &options, NULL), MOLT_ERR_DECLARATION);
    assert_true(range_of(object) == 210);
    options.flags = MOLT_RELOAD_TOMBSTONES;
    if (molt_modules_reload(modules, 2, &options, NULL)) fail_msg("%s", molt_last_error(with.world));
    expect_buried(object, 10);
}

/* ---- Refused ------------------------------------------------------------------ */

static void refuse(molt_module *module, uint32_t flags, const char *text, const char *said)
{
    dump *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    molt_reload_options options = { .size = sizeof options, .flags = flags };
    molt_reload_report report = { .size = sizeof report };
    native_build(with.folder, "bike", text);
    dump_world(before);
    assert_int_not_equal(molt_module_reload(module, &options, &report), MOLT_OK);
    dump_world(after);
    assert_string_equal(before->text, after->text);
    free(before);
    free(after);
    if (report.reason_count != 1 || !strstr(molt_last_error(with.world), said)) fail_msg("%s", molt_last_error(with.world));
}

static void without_tombstones_what_is_not_declared_is_refused(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    refuse(module, 0, BARE, "bike.Bike:range was 'double range(double load)' and is gone; it is used by class Car (1 object)");
    assert_string_equal(molt_last_hint(with.world), "with tombstones such methods raise an error from then on");
    assert_true(range_of(object) == 210);
}

static void a_field_cannot_have_the_name_that_a_tombstone_keeps(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    refuse(module, MOLT_RELOAD_TOMBSTONES, BARE_TEXT(OILED " FIELD(double, range, 3)", "")
           MODULE_TEXT("2", "MOLT_IMPL(Bike, .wheels = wheels); MOLT_IMPL(Bike, .bell = bell);"),
           "trait 'Bike' has a field 'range' at bike.c:3, the name of its method 'double range(double)', which is in use");
    assert_true(range_of(object) == 210);
}

static void a_tombstone_more_than_the_slots_of_a_trait_is_refused(void **state)
{
    (void)state;
    char methods[4096] = "", text[8192];
    for (size_t i = 0; i < 62; i++) native_format(methods + strlen(methods), sizeof methods - strlen(methods), "METHOD(void, m%zu, ())", i);
    native_format(text, sizeof text, BARE_TEXT(OILED, "%s") MODULE_TEXT("2", "MOLT_IMPL(Bike, .wheels = wheels, .bell = bell);"), methods);
    molt_module *module = load_bike();
    new_object(module, "Car");
    refuse(module, MOLT_RELOAD_TOMBSTONES, text, "trait 'Bike' declares 65 typed methods; the most is 64");
}

/* Memory is refused at each allocation in turn. */
static void without_memory_it_changes_nothing(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_build(with.folder, "bike", BARE);
    molt_reload_options options = { .size = sizeof options, .flags = MOLT_RELOAD_TOMBSTONES };
    for (long allowed = 0;; allowed++) {
        assert_in_range(allowed, 0, 2000);
        with.allocations_left = allowed;
        int code = molt_module_reload(module, &options, NULL);
        with.allocations_left = -1;
        if (!code) break;
        assert_int_equal(code, MOLT_ERR_MEMORY);
        assert_true(range_of(object) == 210);
    }
    expect_buried(object, 10);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_tombstone_goes_along_to_another_version),
        test(a_later_version_has_tombstones_of_its_own),
        test(a_method_that_is_not_declared_keeps_a_slot_that_raises),
        test(it_stays_over_reloads_and_further_layouts_until_the_method_is_back),
        test(a_rollback_brings_the_method_and_the_fields_back),
        test(a_changed_signature_beside_other_fields_is_buried_in_its_slot),
        test(one_whom_nobody_calls_any_more_is_dropped_with_its_slot),
        test(one_whom_nobody_calls_any_more_does_not_go_along_to_another_layout),
        test(modules_that_share_the_trait_keep_the_slot_together),
        test(without_tombstones_what_is_not_declared_is_refused),
        test(a_field_cannot_have_the_name_that_a_tombstone_keeps),
        test(a_tombstone_more_than_the_slots_of_a_trait_is_refused),
        test(without_memory_it_changes_nothing),
    };
    return cmocka_run_group_tests_name("tombstone", tests, NULL, NULL);
}
