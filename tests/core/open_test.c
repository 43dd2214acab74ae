/* Opening: what answers afterwards is the file that was copied, and nothing else. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

#include <dlfcn.h>

#include "module.h"
#include "open.h"

/* A build of the module: its bytes, and what is known of them. */
typedef struct build {
    char file[PATH_MAX + 32];
    molt__content content;
    molt__image image;
} build;

static build build_bike(const char *name, const char *factor, const char *flags)
{
    build b;
    char text[2048];
    molt__reasons reasons = { 0 };
    native_format(text, sizeof text, "#include <molt/native.h>\n" BIKE_TEXT
                  "static double range(Bike *self, double load) { return self->fuel * %s / (1 + load); }\n"
                  "static int32_t wheels(Bike *self) { (void)self; return 2; }\n" MODULE_TEXT("1", BOTH), factor);
    native_write(with.folder, "bike.c", text, strlen(text));
    native_compile(with.folder, "bike", flags);
    native_format(b.file, sizeof b.file, "%s/%s", with.folder, name);
    char made[PATH_MAX + 32];
    native_format(made, sizeof made, "%s/bike.so", with.folder);
    assert_int_equal(rename(made, b.file), 0);
    assert_int_equal(molt__content_read(with.world, b.file, &b.content), MOLT_OK);
    assert_int_equal(molt__image_inspect(with.world, b.file, b.content.bytes, b.content.length, &b.image, &reasons),
                     MOLT_OK);
    return b;
}

static void expect_another(const char *copy, const build *b)
{
    molt__opened opened;
    assert_int_equal(molt__open(with.world, "bike.so", copy, &b->image, &opened), MOLT_ERR_IMAGE);
    assert_string_equal(molt_last_error(with.world), "bike.so: cannot be loaded: the loader returned another image");
}

static void an_image_is_opened_at_an_address_of_its_own(void **state)
{
    (void)state;
    molt__opened one, two;
    build a = build_bike("a.so", "42", ""), b = build_bike("b.so", "50", "");
    assert_int_equal(molt__open(with.world, "a", a.file, &a.image, &one), MOLT_OK);
    assert_int_equal(molt__open(with.world, "b", b.file, &b.image, &two), MOLT_OK);
    assert_true(one.base != two.base);
    assert_true(one.entry != two.entry);
    assert_int_equal(memcmp((const char *)one.base + a.image.proof_address, a.image.proof, a.image.proof_size), 0);
    assert_string_equal(one.entry()->name, "bike");
    dlclose(one.handle);
    dlclose(two.handle);
    molt__content_free(with.world, &a.content);
    molt__content_free(with.world, &b.content);
}

/* The path is open already: the loader does not even look at the new file. */
static void a_new_file_under_an_open_name_is_not_taken_for_loaded(void **state)
{
    (void)state;
    molt__opened one;
    build a = build_bike("copy.so", "42", "");
    assert_int_equal(molt__open(with.world, "a", a.file, &a.image, &one), MOLT_OK);
    build b = build_bike("copy.so", "50", "");
    void *same = dlopen(b.file, RTLD_NOW | RTLD_LOCAL);
    assert_ptr_equal(same, one.handle);              /* the trap: a success, and the old code */
    dlclose(same);
    expect_another(b.file, &b);
    dlclose(one.handle);
    molt__content_free(with.world, &a.content);
    molt__content_free(with.world, &b.content);
}

/* Another name for an inode that is open: as memfd makes them when a number is used again. */
static void another_name_of_an_open_inode_is_not_taken_for_loaded(void **state)
{
    (void)state;
    molt__opened one;
    char alias[PATH_MAX + 32];
    build a = build_bike("a.so", "42", ""), b = build_bike("b.so", "50", "");
    native_format(alias, sizeof alias, "%s/alias.so", with.folder);
    assert_int_equal(link(a.file, alias), 0);
    assert_int_equal(molt__open(with.world, "a", a.file, &a.image, &one), MOLT_OK);
    void *same = dlopen(alias, RTLD_NOW | RTLD_LOCAL);
    assert_ptr_equal(same, one.handle);
    dlclose(same);
    expect_another(alias, &b);
    expect_another(alias, &a);                       /* of the same build, but nothing new was mapped */
    dlclose(one.handle);
    molt__content_free(with.world, &a.content);
    molt__content_free(with.world, &b.content);
}

/* Somebody exchanged the copy between writing and opening it. */
static void a_copy_that_was_exchanged_is_not_taken_for_loaded(void **state)
{
    (void)state;
    build a = build_bike("a.so", "42", ""), b = build_bike("b.so", "50", "");
    expect_another(a.file, &b);
    molt__content_free(with.world, &a.content);
    molt__content_free(with.world, &b.content);
}

/* Where builds have no build id, or all the same one, name and count still tell. */
static void builds_with_one_build_id_are_told_apart(void **state)
{
    (void)state;
    molt__opened one;
    build a = build_bike("copy.so", "42", "-Wl,--build-id=0xdeadbeef");
    assert_int_equal(molt__open(with.world, "a", a.file, &a.image, &one), MOLT_OK);
    build b = build_bike("copy.so", "50", "-Wl,--build-id=0xdeadbeef");
    assert_int_equal(memcmp(a.image.proof, b.image.proof, b.image.proof_size), 0);
    expect_another(b.file, &b);
    dlclose(one.handle);
    molt__content_free(with.world, &a.content);
    molt__content_free(with.world, &b.content);
}

static void each_generation_answers_from_an_address_of_its_own(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    uintptr_t before = module->generation->base;
    assert_true(range_of(object) == 210);
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("2", BOTH));
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_OK);
    assert_true(module->generation->base != before); /* the old one is mapped until the tick */
    assert_true(range_of(object) == 250);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(an_image_is_opened_at_an_address_of_its_own),
        test(a_new_file_under_an_open_name_is_not_taken_for_loaded),
        test(another_name_of_an_open_inode_is_not_taken_for_loaded),
        test(a_copy_that_was_exchanged_is_not_taken_for_loaded),
        test(builds_with_one_build_id_are_told_apart),
        test(each_generation_answers_from_an_address_of_its_own),
    };
    return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
