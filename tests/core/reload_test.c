/* Reloads: live objects follow, or nothing has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <time.h>
#include <utime.h>

#include "module_fixture.h"

static void rebuild(const char *text)
{
    native_build(with.folder, "bike", text);
}

static molt_reload_report reload(molt_module *module)
{
    molt_reload_report report = { .size = sizeof report };
    if (molt_module_reload(module, NULL, &report)) fail_msg("%s", molt_last_error(with.world));
    return report;
}

/* The next generation is refused for all of these reasons, and the first serves on. */
static void refuse_reload(molt_module *module, molt_object *object, int code, const char *const *said, size_t count)
{
    double before = range_of(object);
    uint32_t generation = molt_module_generation(module);
    size_t images = molt_module_images(with.world);
    assert_int_equal(molt_module_reload(module, NULL, NULL), code);
    const char *text = molt_last_error(with.world);
    for (size_t i = 0; i < count; i++) {
        if (!strstr(text, said[i])) fail_msg("expected '%s', got '%s'", said[i], text);
    }
    assert_true(range_of(object) == before);
    assert_int_equal(molt_module_generation(module), generation);
    assert_int_equal(molt_module_images(with.world), images);
    molt_world_tick(with.world);
    assert_true(range_of(object) == before);
}

static void live_objects_follow_at_their_next_call(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_impl *impl = molt_module_impl(module, "Bike");
    molt_object *object = new_object(module, "Car");
    Bike *bike = molt_as(object, Bike);
    bike->fuel = 20;
    assert_true(molt_call(bike, range, 1) == 420);
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("1.1.0", BOTH));
    molt_reload_report report = reload(module);
    assert_true(molt_call(bike, range, 1) == 500);   /* the handle from before, the field too */
    assert_int_equal(report.from, 1);
    assert_int_equal(report.to, 2);
    assert_false(report.unchanged);
    assert_int_equal(report.slots, 2);
    assert_true(report.seconds > 0);
    assert_string_equal(molt_module_version(module), "1.1.0");
    assert_ptr_equal(molt_module_impl(module, "Bike"), impl);
    assert_non_null(strstr(with.log, "2 bike g1→g2  1 object  2 slots changed  "));
}

static void the_old_image_stays_until_the_tick(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    new_object(module, "Car");
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("1.1.0", BOTH));
    reload(module);
    assert_int_equal(molt_module_images(with.world), 2);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void content_decides_whether_anything_changed(void **state)
{
    (void)state;
    char path[PATH_MAX + 16];
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    native_format(path, sizeof path, "%s/bike.so", with.folder);
    assert_int_equal(utime(path, NULL), 0);
    molt_reload_report report = reload(module);
    assert_true(report.unchanged && report.from == 1 && report.to == 1 && report.slots == 0);
    /* Newer content under an older date, and two builds of one second. */
    struct utimbuf long_ago = { .actime = 1, .modtime = 1 };
    static const double expected[] = { 215, 220, 210 };
    for (int i = 0; i < 3; i++) {
        static const char *const texts[] = {
            BIKE_TEXT RANGE_TEXT(43) MODULE_TEXT("1", BOTH), BIKE_TEXT RANGE_TEXT(44) MODULE_TEXT("1", BOTH),
            BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1", BOTH),
        };
        rebuild(texts[i]);
        assert_int_equal(utime(path, &long_ago), 0);
        assert_false(reload(module).unchanged);
        assert_true(range_of(object) == expected[i]);
    }
}

static void the_file_may_be_overwritten_in_place(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    char path[PATH_MAX + 16];
    native_format(path, sizeof path, "%s/bike.so", with.folder);
    assert_int_equal(truncate(path, 0), 0);
    assert_true(range_of(object) == 210);            /* the copy is what is mapped */
    static const char *const said[] = { "an empty file" };
    refuse_reload(module, object, MOLT_ERR_IMAGE, said, 1);
    assert_int_equal(unlink(path), 0);
    static const char *const gone[] = { "No such file" };
    refuse_reload(module, object, MOLT_ERR_FILE, gone, 1);
}

static void a_setup_that_fails_changes_nothing(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(BIKE_TEXT MODULE_TEXT("2", "return molt_fail(molt, \"not today\");"));
    static const char *const said[] = { "bike.so: refused, the earlier generation serves on: not today" };
    refuse_reload(module, object, MOLT_ERR_MODULE, said, 1);
}

static void all_reasons_are_listed(void **state)
{
    (void)state;
    rebuild(BIKE_TEXT RANGE_TEXT(42)
            MODULE_TEXT("1", BOTH "MOLT_IMPL_NAMED(Racer, Bike, .range = range);"
                                  "MOLT_IMPL_NAMED(Tourer, Bike, .range = range);"));
    molt_module *module = load("bike");
    molt_object *object = new_object(module, "Car");
    rebuild("#define BIKE(FIELD, METHOD) METHOD(double, range, (float load))\nMOLT_TRAIT(Bike, BIKE)\n"
            "#define BOAT(FIELD, METHOD) METHOD(double, range, (double load))\nMOLT_TRAIT(Boat, BOAT)\n"
            "static double sail(Boat *self, double load) { (void)self; return load; }\n"
            MODULE_TEXT("2", "MOLT_IMPL(Bike, .range = NULL); MOLT_IMPL_NAMED(Tourer, Boat, .range = sail);"));
    static const char *const said[] = {
        "serves on:\n", "bike.Bike:range was 'double range(double load)' and is gone; it is used by class Car (1 object)",
        "\nbike.Bike:wheels was 'int32_t wheels()' and is gone; it is used by class Car (1 object)",
        "\nimplementation 'Tourer' is now of Boat and was of Bike",
    };
    refuse_reload(module, object, MOLT_ERR_IN_USE, said, 4);
    size_t count;
    const molt_reason *reasons = molt_last_reasons(with.world, &count);
    assert_int_equal(count, 3);
    assert_int_equal(reasons[0].code, MOLT_ERR_IN_USE);
    assert_int_equal(reasons[2].code, MOLT_ERR_IN_USE);
}

static void a_method_in_use_cannot_vanish(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(BIKE_TEXT "static int32_t wheels(Bike *self) { (void)self; return 3; }\n"
            MODULE_TEXT("2", "MOLT_IMPL(Bike, .wheels = wheels);"));
    static const char *const said[] = {
        "bike.Bike:range was 'double range(double load)' and is gone; it is used by class Car (1 object)",
    };
    refuse_reload(module, object, MOLT_ERR_IN_USE, said, 1);
    assert_int_equal(molt_call(molt_as(object, Bike), wheels), 2);
}

static void another_module_in_its_place_is_refused(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(BIKE_TEXT RANGE_TEXT(1) "MOLT_MODULE(boat, \"1\") { " BOTH " return MOLT_OK; }\n");
    static const char *const said[] = { "expected module 'bike', found 'boat'" };
    refuse_reload(module, object, MOLT_ERR_MODULE, said, 1);
}

static void new_implementations_may_come(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    rebuild(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("2", BOTH "MOLT_IMPL_NAMED(Racer, Bike, .range = range);"));
    reload(module);
    assert_non_null(molt_module_impl(module, "Racer"));
}

/* Which function answers is what counts: not whether the file was rebuilt. */
static void a_fill_from_elsewhere_stays_on_top(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    molt_class *cls = molt_object_class(object);
    native_build(with.folder, "other",
                 BIKE_TEXT RANGE_TEXT(1) "MOLT_MODULE(other, \"1\") { " BOTH " return MOLT_OK; }\n");
    molt_module *other = load("other");
    molt_impl *impl = molt_module_impl(other, "Bike");
    assert_int_equal(molt_class_use(cls, molt_impl_trait(impl), impl), MOLT_OK);
    assert_true(range_of(object) == 5);
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("2", BOTH));
    reload(module);
    assert_true(range_of(object) == 5);
    assert_int_equal(molt_class_drop(cls, molt_impl_trait(impl), impl), MOLT_OK);
    assert_true(range_of(object) == 250);
}

static void a_report_of_another_size_is_refused(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_reload_report report = { .size = 4 };
    assert_int_equal(molt_module_reload(module, NULL, &report), MOLT_ERR_ARGUMENT);
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
}

static void setup_knows_its_generation_and_file(void **state)
{
    (void)state;
    static const char text[] = BIKE_TEXT RANGE_TEXT(42) "MOLT_MODULE(bike, \"%d\") { " BOTH
        " molt_log(molt->world, MOLT_LOG_INFO, \"%%u of %%s\", molt->generation, molt->file); return MOLT_OK; }\n";
    char one[2048];
    native_format(one, sizeof one, text, 1);
    rebuild(one);
    molt_module *module = load("bike");
    native_format(one, sizeof one, text, 2);
    rebuild(one);
    reload(module);
    assert_non_null(strstr(with.log, "2 1 of /"));
    assert_non_null(strstr(with.log, "2 2 of /"));
    assert_null(strstr(with.log, "of /tmp/molt-"));
    assert_non_null(strstr(with.log, "/bike.so\n"));
}

/* The dynamic loader keeps an image that is marked so, in later worlds too. */
static void an_image_that_stays_is_reported_and_does_no_harm(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        char text[2048];
        native_format(text, sizeof text, BIKE_TEXT RANGE_TEXT(%d) MODULE_TEXT("1", BOTH), 2 + round);
        rebuild(text);
        native_compile(with.folder, "bike", "-Wl,-z,nodelete");
        molt_module *module = load("bike");
        assert_non_null(strstr(with.log, "will stay mapped: it is linked with -z nodelete"));
        molt_image_info info;
        assert_true(molt_module_image_at(with.world, 0, &info));
        assert_int_equal(info.fate, MOLT_IMAGE_NONE);
        assert_string_equal(info.reason, "it is linked with -z nodelete");
        molt_object *object = new_object(module, "Car");
        assert_true(range_of(object) == (2 + round) * 5);
        rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("2", BOTH));
        reload(module);
        assert_true(range_of(object) == 250);
        molt_world_tick(with.world);
        assert_int_equal(molt_module_images(with.world), 2);
        assert_non_null(strstr(with.log, "stays mapped"));
        with.log_length = 0;
        molt_world_close(with.world);
        with.world = open_world();
        molt_module_path(with.world, with.folder);
    }
}

static void running_out_of_memory_leaves_the_earlier_generation(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("2", BOTH "MOLT_IMPL_NAMED(Racer, Bike, .range = range);"));
    int code = MOLT_ERR_MEMORY;
    for (long allowed = 0; code != MOLT_OK; allowed++) {
        assert_in_range(allowed, 0, 1000);
        with.allocations_left = allowed;
        code = molt_module_reload(module, NULL, NULL);
        with.allocations_left = -1;
        assert_true(range_of(object) == (code == MOLT_OK ? 250 : 210));
        if (code == MOLT_OK) break;
        assert_int_equal(code, MOLT_ERR_MEMORY);
        assert_int_equal(molt_module_images(with.world), 1);
        assert_null(molt_module_impl(module, "Racer"));
    }
    assert_non_null(molt_module_impl(module, "Racer"));
}

static int lines_of(const char *file)
{
    int count = 0;
    FILE *in = fopen(file, "r");
    for (int byte; (byte = fgetc(in)) != EOF;) count += byte == '\n';
    fclose(in);
    return count;
}

static int descriptors(void)
{
    int count = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (readdir(entries)) count++;
    closedir(entries);
    return count;
}

static void many_reloads_leave_nothing_behind(void **state)
{
    (void)state;
    unsigned char *bytes[2];
    size_t length[2] = { 0 };
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    bytes[0] = native_read(with.folder, "bike.so", &length[0]);
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("2", BOTH));
    bytes[1] = native_read(with.folder, "bike.so", &length[1]);
    int maps = 0, open_files = 0;
    for (int i = 1; i <= 400; i++) {
        native_write(with.folder, "bike.so", bytes[i % 2], length[i % 2]);
        reload(module);
        assert_true(range_of(object) == (i % 2 ? 250 : 210));
        molt_world_tick(with.world);
        if (i == 100) maps = lines_of("/proc/self/maps");
        if (i == 100) open_files = descriptors();
        with.log_length = 0;
    }
    assert_in_range(lines_of("/proc/self/maps"), 1, maps + 8);
    assert_int_equal(descriptors(), open_files);
    assert_int_equal(molt_module_images(with.world), 1);
    assert_int_equal(copies_left(), 1);              /* the folder, … */
    char command[PATH_MAX + 64];
    native_format(command, sizeof command, "test $(ls %s/molt-*/ | wc -l) = 1", with.temp);
    assert_int_equal(system(command), 0);            /* … and one copy in it */
    free(bytes[0]);
    free(bytes[1]);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(live_objects_follow_at_their_next_call),
        test(the_old_image_stays_until_the_tick),
        test(content_decides_whether_anything_changed),
        test(the_file_may_be_overwritten_in_place),
        test(a_setup_that_fails_changes_nothing),
        test(all_reasons_are_listed),
        test(a_method_in_use_cannot_vanish),
        test(another_module_in_its_place_is_refused),
        test(new_implementations_may_come),
        test(a_fill_from_elsewhere_stays_on_top),
        test(a_report_of_another_size_is_refused),
        test(setup_knows_its_generation_and_file),
        test(an_image_that_stays_is_reported_and_does_no_harm),
        test(running_out_of_memory_leaves_the_earlier_generation),
        test(many_reloads_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
