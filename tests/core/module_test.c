/* Modules: found, loaded, and what they provide; and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <dlfcn.h>

#include "generation.h"
#include "module_fixture.h"

/* The error of a load that must fail, with nothing left of it. */
static void refuse(const char *name, int code, const char *said)
{
    size_t images = molt_module_images(with.world);
    assert_null(molt_module_load(with.world, name));
    const char *text = molt_last_error(with.world);
    if (molt_last_code(with.world) != code || !strstr(text, said)) {
        fail_msg("expected %s '%s', got %s '%s'", molt_err_name(code), said,
                 molt_err_name(molt_last_code(with.world)), text);
    }
    assert_int_equal(molt_module_images(with.world), images);
}

static void a_module_answers_for_objects(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    assert_true(range_of(object) == 210);
    assert_int_equal(molt_call(molt_as(object, Bike), wheels), 2);
    assert_string_equal(molt_module_name(module), "bike");
    assert_string_equal(molt_module_version(module), "1.0.0");
    assert_int_equal(molt_module_generation(module), 1);
    assert_int_equal(molt_module_images(with.world), 1);
    assert_non_null(strstr(with.log, "bike g1  loaded from "));
}

static void the_example_of_the_manual_works(void **state)
{
    (void)state;
    native_build(with.folder, "motorcycle",
                 "#define VEHICLE(FIELD, METHOD)            \\\n"
                 "    FIELD (double, fuel, 10)              \\\n"
                 "    METHOD(double, range, (double load))\n"
                 "\n"
                 "MOLT_TRAIT(Vehicle, VEHICLE)\n"
                 "\n"
                 "static double range(Vehicle *self, double load) { return self->fuel * 42 / (1 + load); }\n"
                 "\n"
                 "MOLT_MODULE(motorcycle, \"1.0.0\")\n"
                 "{\n"
                 "    MOLT_IMPL(Vehicle, .range = range);\n"
                 "    return MOLT_OK;\n"
                 "}\n");
    assert_non_null(molt_module_impl(load("motorcycle"), "Vehicle"));
}

static void a_module_is_found_along_the_path(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    char path[2 * PATH_MAX];
    assert_ptr_equal(load("bike"), module);
    assert_ptr_equal(load("bike.so"), module);
    native_format(path, sizeof path, "%s/bike", with.folder);
    assert_ptr_equal(load(path), module);
    native_format(path, sizeof path, "%s/temp/../bike.so", with.folder);
    assert_ptr_equal(load(path), module);
    assert_ptr_equal(molt_module_find(with.world, "bike"), module);
    assert_null(molt_module_find(with.world, "byke"));
    assert_non_null(strstr(molt_last_hint(with.world), "bike"));
}

static void an_unknown_name_says_where_it_was_looked_for(void **state)
{
    (void)state;
    char path[3 * PATH_MAX];
    native_format(path, sizeof path, "/no/such/folder::%s", with.folder);
    molt_module_path(with.world, path);
    refuse("boat", MOLT_ERR_FILE, path);
    refuse("./boat", MOLT_ERR_FILE, "boat.so: No such file");
    refuse("/no/such/folder/boat.so", MOLT_ERR_FILE, "/no/such/folder/boat.so: No such file");
    refuse("", MOLT_ERR_ARGUMENT, "needs a name");
    refuse(with.folder, MOLT_ERR_FILE, "found a directory");
}

static void one_name_is_one_module(void **state)
{
    (void)state;
    load_bike();
    native_build(with.folder, "other", BIKE_TEXT RANGE_TEXT(1) MODULE_TEXT("9", BOTH));
    refuse("other", MOLT_ERR_MODULE, "module 'bike' is loaded already, from ");
}

static void a_file_that_is_no_module_is_refused(void **state)
{
    (void)state;
    native_write(with.folder, "text.so", "hello\n", 6);
    refuse("text", MOLT_ERR_IMAGE, "text.so: expected a native module (an ELF shared object), found text");
    size_t length;
    load_bike();
    unsigned char *bytes = native_read(with.folder, "bike.so", &length);
    native_write(with.folder, "cut.so", bytes, length / 2);
    refuse("cut", MOLT_ERR_IMAGE, "cut.so: truncated");
    free(bytes);
}

static void a_module_for_another_abi_is_refused(void **state)
{
    (void)state;
    size_t length;
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1.0.0", BOTH));
    unsigned char *bytes = native_read(with.folder, "bike.so", &length);
    for (size_t at = 0; at + sizeof(molt_note) < length; at += 4) {
        bool found = memcmp(bytes + at + offsetof(molt_note, owner), "Molt\0\0\0", 8) == 0;
        if (found) bytes[at + offsetof(molt_note, abi)] = 3;
    }
    native_write(with.folder, "bike.so", bytes, length);
    free(bytes);
    refuse("bike", MOLT_ERR_VERSION, "bike.so: built for ABI 3 of molt/native.h, expected 2");
}

static void an_undefined_symbol_is_refused_by_name(void **state)
{
    (void)state;
    native_build(with.folder, "bike", "double nowhere(double);\n" BIKE_TEXT
                 "static double range(Bike *self, double load) { (void)self; return nowhere(load); }\n"
                 MODULE_TEXT("1", "MOLT_IMPL(Bike, .range = range);"));
    refuse("bike", MOLT_ERR_IMAGE, "bike.so: undefined symbol: nowhere");
}

/* As if the loader had found an image that it knows under the copy's name. */
static void an_image_that_is_not_the_files_is_refused(void **state)
{
    (void)state;
    load_bike();
    molt__content content;
    molt__image image;
    molt__reasons reasons = { 0 };
    static const unsigned char other_build[20];
    char path[PATH_MAX + 16];
    native_format(path, sizeof path, "%s/bike.so", with.folder);
    assert_int_equal(molt__content_read(with.world, path, &content), MOLT_OK);
    assert_int_equal(molt__image_inspect(with.world, path, content.bytes, content.length, &image, &reasons), MOLT_OK);
    image.proof = other_build;
    const molt__opening opening = { .world = with.world, .file = path, .content = &content, .image = &image };
    assert_null(molt__generation_open(&opening));
    assert_non_null(strstr(molt_last_error(with.world), "the loader returned another image"));
    assert_int_equal(molt_module_images(with.world), 1);
    molt__content_free(with.world, &content);
}

static void a_setup_that_fails_is_heard(void **state)
{
    (void)state;
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42)
                 MODULE_TEXT("1", BOTH "return molt_fail(molt, \"needs a GPU with %d MB\", 512);"));
    refuse("bike", MOLT_ERR_MODULE, "bike.so: refused: needs a GPU with 512 MB");
    native_build(with.folder, "bike", MODULE_TEXT("1", "return MOLT_ERR_MEMORY;"));
    refuse("bike", MOLT_ERR_MODULE, "its setup returned -1 (memory)");
    assert_null(molt_module_find(with.world, "bike"));
    load_bike();
}

static void an_unequal_declaration_names_both_places(void **state)
{
    (void)state;
    static const char *const lines[] = { "double fuel", "float range(double load)", "int32_t wheels()" };
    molt_trait_lines ours = { .size = sizeof ours, .name = "Bike", .lines = lines, .line_count = 3,
                              .where = "game.lua:3" };
    assert_non_null(molt_trait_declare(with.world, &ours));
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1.0.0", BOTH));
    refuse("bike", MOLT_ERR_DECLARATION, "game.lua:3");
    assert_non_null(strstr(molt_last_error(with.world), "bike.c:3"));
}

static void several_implementations_have_names_of_their_own(void **state)
{
    (void)state;
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42)
                 MODULE_TEXT("1", "MOLT_IMPL_NAMED(Racer, Bike, .range = range);"
                                  "MOLT_IMPL_LEAF_NAMED(Racer, Bike, .wheels = wheels);"
                                  "MOLT_IMPL_LEAF(Bike, .range = range);"));
    molt_module *module = load("bike");
    const char *name;
    assert_ptr_equal(molt_module_impl_at(module, 0, &name), molt_module_impl(module, "Racer"));
    assert_string_equal(name, "Racer");
    assert_ptr_equal(molt_module_impl_at(module, 1, &name), molt_module_impl(module, "Bike"));
    assert_null(molt_module_impl_at(module, 2, &name));
    assert_null(molt_module_impl(module, "Raser"));
    assert_non_null(strstr(molt_last_error(with.world), "it has Racer, Bike"));
    assert_non_null(strstr(molt_last_hint(with.world), "'Racer'"));
}

static void leaf_is_a_property_of_each_function(void **state)
{
    (void)state;
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42)
                 MODULE_TEXT("1", "MOLT_IMPL(Bike, .range = range); MOLT_IMPL_LEAF(Bike, .wheels = wheels);"));
    Bike *bike = molt_as(new_object(load("bike"), "Car"), Bike);
    void *const *slots = (void *const *)(const void *)bike->molt_vtable;
    void *const *leaves = slots - sizeof(molt_vtable) / sizeof(void *);
    assert_null(leaves[-1]);
    assert_ptr_equal(leaves[-2], slots[1]);
}

static void one_method_cannot_be_given_twice(void **state)
{
    (void)state;
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42)
                 MODULE_TEXT("1", BOTH "MOLT_IMPL_LEAF(Bike, .range = range);"));
    refuse("bike", MOLT_ERR_MODULE, "implementation 'Bike' is given 'range' twice");
}

/* Two files, one of which finds the other's trait; and all that a method may ask for. */
static void a_module_of_several_files_uses_the_library(void **state)
{
    (void)state;
    native_build(with.folder, "second", BIKE_TEXT
                 "double far(molt_object *object);\n"
                 "double far(molt_object *object) { return molt_call(molt_as(object, Bike), range, 0); }\n");
    native_build(with.folder, "bike_first", BIKE_TEXT
                 "double far(molt_object *object);\n"
                 "static double range(Bike *self, double load) { return self->fuel / (1 + load); }\n"
                 "static int32_t wheels(Bike *self) {\n"
                 "    molt_object *object = molt_object_of(self);\n"
                 "    molt_world *world = molt_object_world(object);\n"
                 "    molt_value fuel = { MOLT_DOUBLE, { .f64 = 70 } }, was;\n"
                 "    if (molt_object_get(object, \"fuel\", &was) || was.as.f64 != 10) return -1;\n"
                 "    if (molt_object_set(object, \"fuel\", fuel) || self->fuel != 70) return -2;\n"
                 "    if (molt_ref_object(world, molt_object_ref(object)) != object) return -3;\n"
                 "    if (molt_id_object(world, molt_object_id(object)) != object) return -4;\n"
                 "    if (molt_object_retain(object) || molt_object_release(object)) return -5;\n"
                 "    if (molt_object_set(object, \"fule\", fuel) != MOLT_ERR_UNKNOWN) return -6;\n"
                 "    if (!molt_last_error(world)[0]) return -6;\n"
                 "    molt_object *other = molt_object_new(world, molt_class_find(world, \"Car\"));\n"
                 "    if (!molt_object_alive(other)) return -7;\n"
                 "    if (molt_object_destroy(other) || molt_object_alive(other)) return -8;\n"
                 "    molt_log(world, MOLT_LOG_INFO, \"at %s, %d\", \"100%\", 7);\n"
                 "    return (int32_t)far(object);\n"
                 "}\n" MODULE_TEXT("1", BOTH));
    char flags[2 * PATH_MAX];
    native_format(flags, sizeof flags, "'%s/second.c'", with.folder);
    native_compile(with.folder, "bike_first", flags);
    molt_object *object = new_object(load("bike_first"), "Car");
    assert_int_equal(molt_call(molt_as(object, Bike), wheels), 70);
    assert_non_null(strstr(with.log, "2 at 100%, 7\n"));
}

static void two_worlds_each_have_a_copy(void **state)
{
    (void)state;
    molt_module *here = load_bike();
    molt_world *there = open_world();
    molt_module_path(there, with.folder);
    molt_module *other = molt_module_load(there, "bike");
    assert_non_null(other);
    assert_ptr_not_equal(other, here);
    assert_int_equal(molt_module_images(there), 1);
    molt_world_close(there);
    assert_true(range_of(new_object(here, "Car")) == 210);
}

static void a_module_can_be_linked_statically(void **state)
{
    (void)state;
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1.2.3", BOTH));
    native_compile(with.folder, "bike", "-DMOLT_STATIC");
    refuse("bike", MOLT_ERR_IMAGE, "no native module");
    /* What the program would have linked. */
    char path[2 * PATH_MAX];
    native_format(path, sizeof path, "%s/bike.so", with.folder);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    void *symbol = dlsym(handle, "molt_module_bike");
    molt_module_entry *entry;
    memcpy(&entry, &symbol, sizeof entry);
    molt_module *module = molt_module_register(with.world, entry);
    assert_non_null(module);
    assert_ptr_equal(load("bike"), module);
    assert_true(range_of(new_object(module, "Car")) == 210);
    assert_null(molt_module_register(with.world, entry));
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_STATE);
    assert_int_equal(molt_module_images(with.world), 0);
    dlclose(handle);
}

static void names_survive_the_module(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_trait *trait = molt_impl_trait(molt_module_impl(module, "Bike"));
    molt_world_tick(with.world);
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(43) MODULE_TEXT("1.0.1", BOTH));
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    molt_world_tick(with.world);
    const char *name;
    molt_module_impl_at(module, 0, &name);
    assert_string_equal(name, "Bike");
    assert_string_equal(molt_trait_name(trait), "Bike");
    assert_string_equal(molt_module_version(module), "1.0.1");
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1.0.0", BOTH));
    molt_module *module = NULL;
    for (long allowed = 0; !module; allowed++) {
        assert_in_range(allowed, 0, 1000);
        with.allocations_left = allowed;
        module = molt_module_load(with.world, "bike");
        with.allocations_left = -1;
        if (module) continue;
        assert_int_equal(molt_last_code(with.world), MOLT_ERR_MEMORY);
        assert_int_equal(molt_module_images(with.world), 0);
    }
    assert_true(range_of(new_object(module, "Car")) == 210);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_module_answers_for_objects),
        test(the_example_of_the_manual_works),
        test(a_module_is_found_along_the_path),
        test(an_unknown_name_says_where_it_was_looked_for),
        test(one_name_is_one_module),
        test(a_file_that_is_no_module_is_refused),
        test(a_module_for_another_abi_is_refused),
        test(an_undefined_symbol_is_refused_by_name),
        test(an_image_that_is_not_the_files_is_refused),
        test(a_setup_that_fails_is_heard),
        test(an_unequal_declaration_names_both_places),
        test(several_implementations_have_names_of_their_own),
        test(leaf_is_a_property_of_each_function),
        test(one_method_cannot_be_given_twice),
        test(a_module_of_several_files_uses_the_library),
        test(two_worlds_each_have_a_copy),
        test(a_module_can_be_linked_statically),
        test(names_survive_the_module),
        test(running_out_of_memory_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
