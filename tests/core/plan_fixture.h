/* plan_fixture.h: for tests: builds of a module, accepted or refused, and what is told of them. */
#ifndef MOLT_TEST_PLAN_FIXTURE_H
#define MOLT_TEST_PLAN_FIXTURE_H

#include "module_dump.h"

#define RACER "MOLT_IMPL_NAMED(Racer, Bike, .range = range, .wheels = wheels);"

/* The trait with another signature, or another layout, beside the same functions. */
#define OTHER_TEXT(fields, methods) \
    "#define BIKE(FIELD, METHOD) " fields " " methods "\nMOLT_TRAIT(Bike, BIKE)\n"
#define FUEL "FIELD(double, fuel, 10)"
#define WHEELS "METHOD(int32_t, wheels, ())"

static inline void rebuild(const char *text)
{
    native_build(with.folder, "bike", text);
}

static inline int reload_with(molt_module *module, uint32_t flags, molt_reload_report *report)
{
    molt_reload_options options = { .size = sizeof options, .flags = flags };
    *report = (molt_reload_report){ .size = sizeof *report };
    return molt_module_reload(module, &options, report);
}

static inline molt_reload_report accept(molt_module *module, uint32_t flags)
{
    molt_reload_report report;
    if (reload_with(module, flags, &report)) fail_msg("%s", molt_last_error(with.world));
    return report;
}

static inline bool told(const molt_reload_report *report, molt_change change, const char *name, const char *method)
{
    for (size_t i = 0; i < report->change_count; i++) {
        const molt_reload_change *is = &report->change[i];
        bool same = !is->method == !method && (!method || strcmp(is->method, method) == 0);
        if (is->change == change && same && strcmp(is->name, name) == 0) return true;
    }
    return false;
}

/* Refused for these reasons in this order, and the world is byte for byte what it was. */
static inline void refuse_with(molt_module *module, uint32_t flags, const char *const *said, size_t count)
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

static inline void refuse(molt_module *module, const char *const *said, size_t count)
{
    refuse_with(module, 0, said, count);
}

/* By name: the handles of this file are of the layout that it was compiled with. */
static inline double field_named(const molt_object *object, const char *field)
{
    molt_value value;
    assert_int_equal(molt_object_get(object, field, &value), MOLT_OK);
    return value.kind == MOLT_DOUBLE ? value.as.f64 : (double)value.as.i32;
}

static inline double called(molt_object *object)
{
    molt_value none = { MOLT_DOUBLE, { .f64 = 0 } }, result;
    assert_int_equal(molt_object_call(object, "range", &none, 1, &result), MOLT_OK);
    return result.as.f64;
}

static inline void expect_gone(molt_object *object, uint32_t since)
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

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
