/* Handles of blocks that a change of layout replaced are good until the tick: what
 * their vtables hold, which no edit reaches any more, must not end before. */
#include "declare_again.h"

#include "recompose.h"

static molt_trait *story(void)
{
    return new_trait("Story", LINES("double length = 1"));
}

static void story_again(const char *dropped)
{
    declare_again("Story", LINES("int32_t pages = 3"), dropped);
}

/* The handle's method answers with that, or says that nothing fills it. */
static void answers_or_fails(Vehicle *handle, double expected)
{
    double result = molt_call(handle, range, 0);
    int err = molt_error_take(with.world, NULL);
    assert_true(err == MOLT_ERR_MISSING || (err == MOLT_OK && result == expected));
}

static molt_impl *telling(int number)
{
    molt_impl *impl = molt_impl_new(molt_trait_find(with.world, "Story"), "Told", "here");
    assert_non_null(impl);
    molt_fill fill = by_lua("range", number);
    must(molt_impl_fill(impl, &fill));
    return impl;
}

static void an_implementation_of_a_trait_declared_again_is_filled_anew(void **state)
{
    (void)state;
    molt_class *car = car_class();
    story();
    molt_impl *impl = telling(70);
    must(molt_class_use(car, NULL, impl));
    Vehicle *handle = molt_as(new_object(car), Vehicle);
    assert_true(molt_call(handle, range, 0) == 70);
    story_again(NULL);
    assert_true(molt_call(handle, range, 0) == 70);
    molt_fill fill = by_lua("range", 71);
    must(molt_impl_fill(impl, &fill));
    answers_or_fails(handle, 71);
    assert_true(range_of(molt_object_of(handle)) == 71);
}

/* A class that has Vehicle, of which `wheels` is native. */
static molt_class *ghost_class(molt_trait *more)
{
    molt_class *ghost = new_class("Ghost", NULL, TRAITS(vehicle(), more));
    must(molt_class_use(ghost, NULL, vehicle_impl("Four", NULL, wheels_four)));
    return ghost;
}

static void a_method_goes_with_its_traits_next_declaration(void **state)
{
    (void)state;
    molt_fill fill = by_lua("range", 60);
    must(molt_trait_fill(story(), &fill));
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, molt_trait_find(with.world, "Story"), NULL));
    Vehicle *handle = molt_as(object, Vehicle);
    assert_true(molt_call(handle, range, 0) == 60);
    story_again("range");
    answers_or_fails(handle, 60);
    assert_int_equal(molt_call(handle, wheels), 4);
    assert_true(range_of(object) == 10);
}

static void a_fill_goes_with_its_classs_next_declaration(void **state)
{
    (void)state;
    molt_class *ghost = ghost_class(story());
    must(molt_class_use(ghost, NULL, vehicle_impl("Plain", range_plain, NULL)));
    molt_fill fill = by_lua("range", 50);
    int64_t number = molt_class_fill(ghost, &fill);
    Vehicle *handle = molt_as(new_object(ghost), Vehicle);
    assert_true(molt_call(handle, range, 0) == 50);
    molt_trait *traits[] = { vehicle() };
    molt__recomposition to = { .traits = traits, .trait_count = 1, .declared = 1, .where = "again", .dropped = &number,
                               .dropped_count = 1 };
    must(molt__class_recompose(ghost, &to));
    answers_or_fails(handle, 50);
    assert_true(range_of(molt_object_of(handle)) == 10);
}

static void everything_that_a_method_declared_all_runs_goes_on(void **state)
{
    (void)state;
    molt_trait *high = new_trait("High", LINES("all void sing()")), *low = new_trait("Low", LINES("all void sing()"));
    molt_fill fill = by_lua("sing", 1);
    must(molt_trait_fill(high, &fill));
    must(molt_trait_fill(low, &fill));
    molt_class *choir = new_class("Choir", NULL, TRAITS(high, low));
    molt_object *object = new_object(choir);
    struct { void (**vtable)(void *); } *handle = molt_object_as(object, high);
    with.calls = 0;
    handle->vtable[0](handle);
    assert_int_equal(with.calls, 2);
    must(molt_class_use(choir, story(), NULL));
    must(molt_class_drop(choir, low, NULL));
    handle->vtable[0](handle);
    assert_int_equal(with.calls, 3);
    assert_false(molt_error_pending(with.world));
}

static void a_tick_lets_go_of_what_was_left_behind(void **state)
{
    (void)state;
    molt_class *ghost = ghost_class(story());
    molt_fill fill = by_lua("range", 50);
    int64_t number = molt_class_fill(ghost, &fill);
    new_object(ghost);
    must(molt_class_use(ghost, new_trait("Tag", LINES("int32_t mark")), NULL));
    assert_true(with.world->left_behind);
    must(molt_world_tick(with.world));
    assert_false(with.world->left_behind);
    must(molt_class_use(ghost, NULL, vehicle_impl("Plain", range_plain, NULL)));
    must(molt_class_unfill(ghost, number));
    assert_true(range_of(new_object(ghost)) == 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOINED_TEST(an_implementation_of_a_trait_declared_again_is_filled_anew),
        JOINED_TEST(a_method_goes_with_its_traits_next_declaration),
        JOINED_TEST(a_fill_goes_with_its_classs_next_declaration),
        JOINED_TEST(everything_that_a_method_declared_all_runs_goes_on),
        JOINED_TEST(a_tick_lets_go_of_what_was_left_behind),
    };
    return cmocka_run_group_tests_name("left behind", tests, NULL, NULL);
}
