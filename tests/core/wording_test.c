/* One module of several files, each with its own text of a trait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_dump.h"

#define TRAIT(fields, methods) "#define BIKE(FIELD, METHOD) " fields " " methods "\nMOLT_TRAIT(Bike, BIKE)\n"
#define FUEL "FIELD(double, fuel, 10)"
#define METHODS "METHOD(double, range, (double load)) METHOD(int32_t, wheels, ())"

#define MAIN_TEXT(factor, body) \
    "int more(molt_setup *molt);\n" \
    "MOLT__UNUSED static double range(Bike *self, double load) { return self->fuel * " #factor " / (1 + load); }\n" \
    "MOLT_MODULE(bike, \"" #factor "\") { " body " return more(molt); }\n"

/* The second file provides the wheels, in two lines that come to one reason. */
#define WHEELS_TEXT \
    "int more(molt_setup *molt);\n" \
    "static int32_t wheels(Bike *self) { (void)self; return 2; }\n" \
    "int more(molt_setup *molt) { MOLT_IMPL(Bike, .wheels = wheels); MOLT_IMPL_NAMED(Racer, Bike, .wheels = wheels); return MOLT_OK; }\n"

#define RANGE "MOLT_IMPL(Bike, .range = range);"

static void build(const char *first, const char *second)
{
    char whole[8192];
    native_format(whole, sizeof whole, "#include <molt/native.h>\n%s", first);
    native_write(with.folder, "bike.c", whole, strlen(whole));
    native_format(whole, sizeof whole, "#include <molt/native.h>\n%s", second);
    native_write(with.folder, "other.c", whole, strlen(whole));
    native_compile(with.folder, "bike", "other.c");
}

static const char equal[] = TRAIT(FUEL, METHODS) WHEELS_TEXT;

static molt_module *load_both(void)
{
    build(TRAIT(FUEL, METHODS) MAIN_TEXT(42, RANGE), equal);
    return load("bike");
}

static void files_that_say_the_same_fill_one_implementation(void **state)
{
    (void)state;
    molt_object *object = new_object(load_both(), "Car");
    assert_true(range_of(object) == 210 && molt_call(molt_as(object, Bike), wheels) == 2);
}

static void unequal_files_are_refused_at_the_first_load(void **state)
{
    (void)state;
    build(TRAIT(FUEL, METHODS) MAIN_TEXT(42, RANGE), TRAIT("FIELD(float, fuel, 10)", METHODS) WHEELS_TEXT);
    assert_null(molt_module_load(with.world, "bike"));
    size_t count;
    const molt_reason *reasons = molt_last_reasons(with.world, &count);
    assert_int_equal(count, 1);
    assert_string_equal(reasons[0].message,
                        "trait 'Bike' is declared unequally: at bike.c:3 it has 'double fuel' where other.c:3 has 'float fuel'");
    assert_null(molt_trait_find(with.world, "Bike"));
}

/* One reason, though each line of the second file leads to it; and what that file
 * provides is not called gone. */
static void refuse(molt_module *module, const char *first, const char *second, const char *said)
{
    static const uint32_t flags[] = { 0, MOLT_RELOAD_TOMBSTONES };
    dump *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    build(first, second);
    for (size_t i = 0; i < 2; i++) {
        molt_reload_options options = { .size = sizeof options, .flags = flags[i] };
        molt_reload_report report = { .size = sizeof report };
        dump_world(before);
        assert_int_equal(molt_module_reload(module, &options, &report), MOLT_ERR_DECLARATION);
        dump_world(after);
        assert_string_equal(before->text, after->text);
        if (report.reason_count != 1) fail_msg("%s", molt_last_error(with.world));
        assert_string_equal(report.reason[0].message, said);
    }
    free(before);
    free(after);
}

static void unequal_files_are_refused_at_a_reload(void **state)
{
    (void)state;
    molt_module *module = load_both();
    molt_object *object = new_object(module, "Car");
    refuse(module, TRAIT(FUEL, METHODS) MAIN_TEXT(1, RANGE), TRAIT("FIELD(float, fuel, 10)", METHODS) WHEELS_TEXT,
           "trait 'Bike' is declared unequally: at bike.c:3 it has 'double fuel' where other.c:3 has 'float fuel'");
    refuse(module, TRAIT(FUEL, "METHOD(double, range, (float load)) METHOD(int32_t, wheels, ())")
           "int more(molt_setup *molt);\nstatic double range(Bike *self, float load) { return self->fuel * (double)load; }\n"
           "MOLT_MODULE(bike, \"2\") { " RANGE " return more(molt); }\n", equal,
           "trait 'Bike' is declared unequally: at bike.c:3 it has 'double range(float)' where other.c:3 has 'double range(double)'");
    assert_true(range_of(object) == 210);
}

static void unequal_files_are_refused_at_a_reload_with_other_fields(void **state)
{
    (void)state;
    molt_module *module = load_both();
    molt_object *object = new_object(module, "Car");
    static const char wider[] = TRAIT("FIELD(int8_t, gears, 3) " FUEL, METHODS) MAIN_TEXT(1, RANGE);
    refuse(module, wider, equal,
           "trait 'Bike' is declared unequally: at bike.c:3 it has 'int8_t gears' where other.c:3 has 'double fuel'");
    refuse(module, wider, TRAIT("FIELD(int8_t, gears, 3) " FUEL, METHODS "METHOD(void, bell, ())") WHEELS_TEXT,
           "trait 'Bike' is declared unequally: at bike.c:3 it has 'nothing' where other.c:3 has 'void bell()'");
    assert_true(range_of(object) == 210);
}

static void unequal_files_are_refused_when_it_is_loaded_again(void **state)
{
    (void)state;
    molt_module *module = load_both();
    assert_int_equal(molt_module_unload(module, 0), MOLT_OK);
    build(TRAIT(FUEL, METHODS) MAIN_TEXT(1, RANGE), TRAIT(FUEL, "METHOD(int32_t, wheels, ())") WHEELS_TEXT);
    assert_null(molt_module_load(with.world, "bike"));
    assert_non_null(strstr(molt_last_error(with.world), "at bike.c:3 it has 'double range(double)' where other.c:3 has 'int32_t wheels()'"));
    build(TRAIT(FUEL, METHODS) MAIN_TEXT(7, RANGE), equal);
    assert_true(range_of(new_object(load("bike"), "Car")) == 35);
}

/* Where the trait keeps a method for a tombstone, or another signature, a file that
 * provides nothing finds it by the module's own text. */
static void a_file_that_provides_nothing_has_handles_beside_a_tombstone(void **state)
{
    (void)state;
    static const char *const declared[] = {
        TRAIT("FIELD(int8_t, gears, 3) " FUEL, "METHOD(int32_t, wheels, ())"),
        TRAIT(FUEL, "METHOD(double, range, (float load)) METHOD(int32_t, wheels, ())"),
    };
    molt_module *module = load_both();
    molt_object *object = new_object(module, "Car");
    for (size_t i = 0; i < 2; i++) {
        char first[2048], second[2048];
        native_format(first, sizeof first, "%sint look(molt_object *object);\n"
                      "static int32_t wheels(Bike *self) { return look(molt_object_of(self)); }\n"
                      "MOLT_MODULE(bike, \"%zu\") { MOLT_IMPL(Bike, .wheels = wheels); return MOLT_OK; }\n", declared[i], i + 2);
        native_format(second, sizeof second, "%sint look(molt_object *object);\n"
                      "int look(molt_object *object) { Bike *bike = molt_as(object, Bike); return bike ? (int)bike->fuel : -1; }\n",
                      declared[i]);
        build(first, second);
        molt_reload_options options = { .size = sizeof options, .flags = MOLT_RELOAD_TOMBSTONES };
        if (molt_module_reload(module, &options, NULL)) fail_msg("%s", molt_last_error(with.world));
        molt_value result;
        assert_int_equal(molt_object_call(object, "wheels", NULL, 0, &result), MOLT_OK);
        assert_int_equal(result.as.i32, 10);
    }
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(files_that_say_the_same_fill_one_implementation),
        test(unequal_files_are_refused_at_the_first_load),
        test(unequal_files_are_refused_at_a_reload),
        test(unequal_files_are_refused_at_a_reload_with_other_fields),
        test(unequal_files_are_refused_when_it_is_loaded_again),
        test(a_file_that_provides_nothing_has_handles_beside_a_tombstone),
    };
    return cmocka_run_group_tests_name("wording", tests, NULL, NULL);
}
