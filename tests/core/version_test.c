/* A host's molt_trait from before the trait was declared again means the trait as it is. */
#include "declare_again.h"

typedef struct versions {
    molt_trait *was, *is;
    molt_class *car;
    molt_object *object;
} versions;

static versions declare_twice(void)
{
    versions v = { .was = new_trait("Story", LINES("double length = 1")), .car = car_class() };
    v.object = new_object(v.car);
    v.is = declare_again("Story", LINES("int32_t pages = 3"), NULL);
    assert_ptr_not_equal(v.was, v.is);
    return v;
}

static void objects_come_by_it_as_it_is_and_lose_it(void **state)
{
    (void)state;
    versions v = declare_twice();
    must(molt_object_attach(v.object, v.was, NULL));
    assert_true(field_of(v.object, "pages") == 3);
    assert_true(molt_object_is(v.object, v.was) && molt_object_is(v.object, v.is));
    assert_int_equal(molt_object_attach(v.object, v.was, NULL), MOLT_ERR_STATE);
    must(molt_object_detach(v.object, v.was));
    assert_false(molt_object_is(v.object, v.was) || molt_object_is(v.object, v.is));
    must(molt_object_attach_set(v.object, &(molt_piece){ .trait = v.was }, 1));
    assert_true(field_of(v.object, "pages") == 3);
}

static void no_handle_is_given_for_fields_that_lie_elsewhere(void **state)
{
    (void)state;
    versions v = declare_twice();
    must(molt_object_attach(v.object, v.is, NULL));
    assert_null(molt_object_as(v.object, v.was));
    assert_non_null(molt_object_as(v.object, v.is));
}

static void classes_come_by_it_as_it_is_and_lose_it(void **state)
{
    (void)state;
    versions v = declare_twice();
    must(molt_class_use(v.car, v.was, NULL));
    assert_true(field_of(v.object, "pages") == 3);
    must(molt_class_drop(v.car, v.was, NULL));
    assert_false(molt_object_is(v.object, v.is));
    molt_class *book = new_class("Book", NULL, TRAITS(v.was, v.is));
    assert_true(field_of(new_object(book), "pages") == 3);
    assert_ptr_equal(new_class("Book", NULL, TRAITS(v.was)), book);
}

static void it_is_implemented_and_filled_as_it_is(void **state)
{
    (void)state;
    versions v = declare_twice();
    molt_impl *impl = molt_impl_new(v.was, "Long", "here");
    assert_ptr_equal(molt_impl_trait(impl), v.is);
    must(molt_impl_set(impl, "pages", number(900)));
    must(molt_object_attach(v.object, v.was, impl));
    assert_true(field_of(v.object, "pages") == 900);
    must(molt_trait_fill(v.was, &(molt_fill){ .size = sizeof(molt_fill), .name = "range", .foreign = 66 }));
    assert_true(range_of(new_object(v.car)) == 10);
    must(molt_object_detach(v.object, v.was));
    must(molt_object_attach(v.object, v.was, NULL));
    assert_true(range_of(v.object) == 66);
}

static void others_require_it_as_it_is(void **state)
{
    (void)state;
    versions v = declare_twice();
    molt_trait_lines lines = { .size = sizeof lines, .name = "Sequel", .required = &v.was, .required_count = 1, .where = "here" };
    molt_trait *sequel = molt_trait_declare(with.world, &lines);
    assert_non_null(sequel);
    refused(molt_object_attach(v.object, sequel, NULL), MOLT_ERR_MISSING, "Story");
    must(molt_object_attach(v.object, v.is, NULL));
    must(molt_object_attach(v.object, sequel, NULL));
}

static void it_outlives_a_return_to_it_that_fails(void **state)
{
    (void)state;
    versions v = declare_twice();
    const char *lines[] = { "double length = 1" };
    molt_trait_lines again = { .size = sizeof again, .name = "Story", .lines = lines, .line_count = 1, .where = "again" };
    molt_trait *draft = molt__redraft_lines(v.is, &again);
    assert_ptr_equal(draft, v.was);
    molt__redraft_drop(with.world, draft);
    bool there = false;
    for (size_t i = 0; i < with.world->retired.count; i++) there |= with.world->retired.item[i] == v.was;
    assert_true(there);
    must(molt_object_attach(v.object, v.was, NULL));
    assert_true(molt_object_is(v.object, v.is));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOINED_TEST(objects_come_by_it_as_it_is_and_lose_it),
        JOINED_TEST(no_handle_is_given_for_fields_that_lie_elsewhere),
        JOINED_TEST(classes_come_by_it_as_it_is_and_lose_it),
        JOINED_TEST(it_is_implemented_and_filled_as_it_is),
        JOINED_TEST(others_require_it_as_it_is),
        JOINED_TEST(it_outlives_a_return_to_it_that_fails),
    };
    return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
