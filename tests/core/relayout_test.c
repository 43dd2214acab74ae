/* A class gains or loses a trait under its live objects. */
#include "world_fixture.h"

static molt_trait *tag(void)
{
    return new_trait("Tag", LINES("int32_t mark = 3"));
}

static molt_object *filled_car(molt_class *car)
{
    molt_object *object = new_object(car);
    must(molt_object_set(object, "fuel", number(33)));
    return object;
}

static void live_objects_gain_the_trait_and_keep_their_values(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = filled_car(car);
    molt_ref ref = molt_object_ref(object);
    must(molt_class_use(car, tag(), NULL));
    assert_true(field_of(object, "fuel") == 33);
    assert_true(field_of(object, "mark") == 3);
    assert_true(range_of(object) == 33);
    assert_ptr_equal(molt_ref_object(with.world, ref), object);
    assert_ptr_equal(molt_object_of(molt_as(object, Vehicle)), object);
    assert_true(field_of(new_object(car), "mark") == 3);
}

static void live_objects_lose_the_trait_and_keep_the_others(void **state)
{
    (void)state;
    molt_class *car = car_class();
    must(molt_class_use(car, tag(), NULL));
    molt_object *object = filled_car(car);
    must(molt_class_drop(car, tag(), NULL));
    assert_false(molt_object_is(object, tag()));
    assert_true(field_of(object, "fuel") == 33);
    must(molt_class_use(car, tag(), NULL));
    assert_true(field_of(object, "mark") == 3);
}

static void an_implementation_brings_its_trait_along(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    molt_impl *ten = engine_impl("Ten", thrust_ten);
    must(molt_impl_set(ten, "power", number(50)));
    must(molt_class_use(car, NULL, ten));
    assert_true(molt_call(molt_as(object, Engine), thrust, 1) == 500);
}

static void a_refused_change_leaves_class_and_objects_alone(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = filled_car(car);
    const molt_shape *shape = object->shape;
    size_t promised = with.world->limbo.promised;
    refused(molt_class_use(car, engine(), NULL), MOLT_ERR_MISSING, "Engine.thrust has no implementation");
    assert_ptr_equal(object->shape, shape);
    assert_ptr_equal(object->peer, object);
    assert_int_equal(with.world->limbo.promised, promised);
    assert_false(molt_object_is(new_object(car), engine()));
    refused(molt_class_drop(car, engine(), NULL), MOLT_ERR_UNKNOWN, "no trait 'Engine' of its own");
}

static void a_class_has_a_trait_once(void **state)
{
    (void)state;
    molt_class *car = car_class(), *taxi = new_class("Taxi", car, NO_TRAITS);
    refused(molt_class_use(car, vehicle(), NULL), MOLT_ERR_STATE, "has the trait 'Vehicle' already");
    refused(molt_class_use(taxi, vehicle(), NULL), MOLT_ERR_STATE, "has the trait 'Vehicle' already");
    refused(molt_class_drop(taxi, vehicle(), NULL), MOLT_ERR_UNKNOWN, "no trait 'Vehicle' of its own");
    assert_string_equal(molt_last_hint(with.world), "a base class brings it; drop it there");
}

static void extensions_follow_their_base(void **state)
{
    (void)state;
    molt_class *car = car_class(), *taxi = new_class("Taxi", car, NO_TRAITS), *cab = new_class("Cab", taxi, NO_TRAITS);
    molt_object *object = filled_car(cab);
    must(molt_class_use(car, tag(), NULL));
    assert_true(field_of(object, "mark") == 3);
    must(molt_class_drop(car, tag(), NULL));
    assert_false(molt_object_is(object, tag()));
    assert_true(field_of(object, "fuel") == 33);
}

static void a_base_may_come_by_a_trait_that_an_extension_had(void **state)
{
    (void)state;
    molt_class *car = car_class(), *taxi = new_class("Taxi", car, TRAITS(tag()));
    molt_object *object = new_object(taxi);
    must(molt_object_set(object, "mark", number(8)));
    must(molt_class_use(car, tag(), NULL));
    assert_int_equal(object->shape->part_count, 2);
    assert_true(field_of(object, "mark") == 8);
    must(molt_class_drop(car, tag(), NULL));
    assert_true(field_of(object, "mark") == 8);
    must(molt_class_drop(taxi, tag(), NULL));
    assert_false(molt_object_is(object, tag()));
}

static void an_attached_trait_that_the_class_gains_keeps_its_values(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    must(molt_object_attach(object, tag(), NULL));
    must(molt_object_set(object, "mark", number(8)));
    must(molt_class_use(car, tag(), NULL));
    assert_true(field_of(object, "mark") == 8);
    must(molt_class_drop(car, tag(), NULL));
    assert_true(field_of(object, "mark") == 8);
    must(molt_object_detach(object, tag()));
    assert_false(molt_object_is(object, tag()));
}

static void old_handles_are_good_until_the_tick(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = filled_car(car);
    Vehicle *handle = molt_as(object, Vehicle);
    must(molt_class_use(car, tag(), NULL));
    assert_true(molt_call(handle, range, 0) == 33);
    assert_ptr_equal(molt_object_of(handle), object);
    for (int i = 0; i < 5; i++) {
        must(molt_class_drop(car, tag(), NULL));
        must(molt_class_use(car, tag(), NULL));
    }
    assert_true(handle->fuel == 33);
}

static void patches_stay(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    must(patch(object, "range", 5));
    must(molt_class_use(car, tag(), NULL));
    assert_true(range_of(object) == 5);
    must(molt_class_use(car, NULL, vehicle_impl("Two", NULL, wheels_two)));
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 2);
    unpatch(object, "range");
    assert_true(range_of(object) == 10);
}

static void moved_objects_end_like_others(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    must(patch(object, "range", 5));
    must(molt_class_use(car, tag(), NULL));
    must(molt_object_attach(object, NULL, engine_impl("Ten", thrust_ten)));
    must(molt_object_destroy(object));
    assert_int_equal(with.world->limbo.promised, 0);
    must(molt_world_tick(with.world));
    assert_false(molt_object_alive(object));
}

static void inside_a_call_the_change_waits_for_the_tick(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    with.world->border->depth = 1;
    must(molt_class_use(car, tag(), NULL));
    assert_false(molt_object_is(object, tag()));
    with.world->border->depth = 0;
    must(molt_world_tick(with.world));
    assert_true(molt_object_is(object, tag()));
}

static void an_incomplete_class_stays_open_after_a_first_object_was_refused(void **state)
{
    (void)state;
    molt_class *car = new_class("Car", NULL, TRAITS(vehicle()));
    assert_null(molt_object_new(with.world, car));
    must(molt_class_use(car, engine(), NULL));
    must(molt_class_use(car, NULL, vehicle_impl("Plain", range_plain, wheels_two)));
    must(molt_class_use(car, NULL, engine_impl("Ten", thrust_ten)));
    assert_true(range_of(new_object(car)) == 10);
}

static void new_objects_of_a_former_layout_begin_with_present_values(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_impl *ten = engine_impl("Ten", thrust_ten), *strong = engine_impl("Strong", thrust_ten);
    must(molt_impl_set(strong, "power", number(500)));
    must(molt_class_use(car, NULL, ten));
    assert_true(field_of(new_object(car), "power") == 90);
    must(molt_class_drop(car, engine(), NULL));
    new_object(car);
    must(molt_class_use(car, NULL, strong));
    assert_true(field_of(new_object(car), "power") == 500);
}

static void an_attachment_of_a_former_layout_follows_what_changed_meanwhile(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_trait *sports = new_trait("Sports", LINES("double range(double)", "int32_t speed()"));
    molt_fill seven = by_lua("speed", 7), eight = by_lua("speed", 8);
    must(molt_trait_fill(sports, &seven));
    must(molt_class_use(car, sports, NULL));
    molt_object *object = new_object(car);
    must(molt_object_attach(object, tag(), NULL));
    must(molt_object_detach(object, tag()));
    must(molt_class_drop(car, sports, NULL));
    int64_t number = molt_class_fill(car, &eight);
    must(number);
    must(molt_class_unfill(car, number));
    must(molt_class_use(car, sports, NULL));
    must(molt_object_attach(object, tag(), NULL));
    molt_value result;
    must(molt_object_call(object, "speed", NULL, 0, &result));
    assert_int_equal(result.as.i32, 7);
}

static void an_implementation_counts_only_while_its_trait_is_there(void **state)
{
    (void)state;
    molt_trait *ship = new_trait("Ship", LINES("double range(double)"));
    molt_class *amphibian = new_class("Amphibian", NULL, TRAITS(ship, vehicle()));
    molt_impl *impl = vehicle_impl("Plain", range_plain, wheels_two);
    must(molt_class_use(amphibian, NULL, impl));
    molt_object *object = new_object(amphibian);
    refused(molt_class_drop(amphibian, vehicle(), NULL), MOLT_ERR_MISSING, "Ship.range has no implementation");
    molt_fill three = by_lua("range", 3);
    must(molt_class_fill(amphibian, &three));
    must(molt_class_drop(amphibian, vehicle(), NULL));
    molt_fill other = by_c("range", (molt_function)range_double);
    must(molt_impl_fill(impl, &other));          /* what the shape once resolved to is freed */
    molt_value load = number(1), result;
    must(molt_object_call(object, "range", &load, 1, &result));
    assert_true(result.as.f64 == 3);
}

static void an_implementation_that_an_object_still_needs_holds_its_trait(void **state)
{
    (void)state;
    molt_class *bare = new_class("Bare", NULL, NO_TRAITS);
    molt_impl *ten = engine_impl("Ten", thrust_ten);
    must(molt_class_use(bare, NULL, ten));
    molt_object *object = new_object(bare);
    must(molt_object_attach(object, NULL, engine_impl("Open", NULL)));
    refused(molt_class_drop(bare, engine(), NULL), MOLT_ERR_MISSING, "Engine.thrust has no implementation");
    assert_true(molt_call(molt_as(object, Engine), thrust, 1) == 900);
    must(molt_object_destroy(object));
    must(molt_class_drop(bare, engine(), NULL));
    refused(molt_class_drop(bare, NULL, ten), MOLT_ERR_UNKNOWN, "does not use");
}

static void a_refused_change_leaves_every_slot_as_it_was(void **state)
{
    (void)state;
    molt_trait *v = vehicle();
    molt_class *base = new_class("Base", NULL, NO_TRAITS);
    molt_class *whole = new_class("Whole", base, TRAITS(v)), *other = new_class("Other", base, NO_TRAITS);
    molt_fill of_base = by_lua("range", 5), of_whole = by_lua("wheels", 4);
    must(molt_class_fill(base, &of_base));
    must(molt_class_fill(whole, &of_whole));
    molt_object *object = new_object(whole);
    new_object(other);                           /* to which `wheels` would be missing */
    refused(molt_class_use(base, NULL, vehicle_impl("Half", range_double, NULL)), MOLT_ERR_MISSING, "class 'Other'");
    assert_true(range_of(object) == 5);
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(live_objects_gain_the_trait_and_keep_their_values),
        TEST(live_objects_lose_the_trait_and_keep_the_others),
        TEST(an_implementation_brings_its_trait_along),
        TEST(a_refused_change_leaves_class_and_objects_alone),
        TEST(a_class_has_a_trait_once),
        TEST(extensions_follow_their_base),
        TEST(a_base_may_come_by_a_trait_that_an_extension_had),
        TEST(an_attached_trait_that_the_class_gains_keeps_its_values),
        TEST(old_handles_are_good_until_the_tick),
        JOINED_TEST(patches_stay),
        JOINED_TEST(moved_objects_end_like_others),
        TEST(inside_a_call_the_change_waits_for_the_tick),
        TEST(an_incomplete_class_stays_open_after_a_first_object_was_refused),
        TEST(new_objects_of_a_former_layout_begin_with_present_values),
        JOINED_TEST(an_attachment_of_a_former_layout_follows_what_changed_meanwhile),
        JOINED_TEST(an_implementation_counts_only_while_its_trait_is_there),
        TEST(an_implementation_that_an_object_still_needs_holds_its_trait),
        JOINED_TEST(a_refused_change_leaves_every_slot_as_it_was),
    };
    return cmocka_run_group_tests_name("relayout", tests, NULL, NULL);
}
