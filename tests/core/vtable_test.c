/* Vtables: slots swapped by a store; vtables that one patched object has alone. */
#include "world_fixture.h"

static void *slot_of(const void *handle, uint32_t slot)
{
    return ((const molt_block *)handle)->vtable[slot];
}

static void *leaf_of(const void *handle, uint32_t slot)
{
    return ((void **)(void *)molt__vtable_head(((const molt_block *)handle)->vtable))[-1 - (ptrdiff_t)slot];
}

static bool own_vtable(const void *handle)
{
    return molt__vtable_head(((const molt_block *)handle)->vtable)->owner != NULL;
}

static void *data(double (*function)(Vehicle *, double))
{
    void *as_data;
    memcpy(&as_data, &function, sizeof as_data);
    return as_data;
}

static void a_native_slot_holds_the_function_itself(void **state)
{
    (void)state;
    const Vehicle *handle = molt_as(new_object(car_class()), Vehicle);
    assert_ptr_equal(slot_of(handle, 0), data(range_plain));
    assert_ptr_equal(data(handle->molt_vtable->range), data(range_plain));
}

static void an_override_is_one_store_for_all_objects(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *objects[100];
    for (size_t i = 0; i < 100; i++) objects[i] = new_object(car);
    void **vtable = ((molt_block *)molt_object_as(objects[0], vehicle()))->vtable;
    must(molt_class_use(car, NULL, vehicle_impl("Double", range_double, NULL)));
    for (size_t i = 0; i < 100; i++) {
        assert_ptr_equal(((molt_block *)molt_object_as(objects[i], vehicle()))->vtable, vtable);
        assert_true(range_of(objects[i]) == 20);
    }
}

static void the_leaf_word_is_set_for_leaf_functions_only(void **state)
{
    (void)state;
    molt_class *car = car_class();
    const Vehicle *handle = molt_as(new_object(car), Vehicle);
    assert_null(leaf_of(handle, 0));
    Vehicle_vtable functions = { .range = range_double, .wheels = wheels_two };
    molt_impl *leaf = molt_impl_register(with.world, &Vehicle_trait, "Leaf", &functions, 1, NULL);
    must(molt_class_use(car, NULL, leaf));
    assert_ptr_equal(leaf_of(handle, 0), data(range_double));
    assert_ptr_equal(leaf_of(handle, 0), slot_of(handle, 0));
    assert_null(leaf_of(handle, 1));
    molt_fill lua = by_lua("range", 1);
    must(molt_class_fill(car, &lua));
    assert_null(leaf_of(handle, 0));
}

static void every_typed_slot_of_a_name_follows_the_winner(void **state)
{
    (void)state;
    molt_trait *ship = new_trait("Ship", LINES("double range(double knots)"));
    molt_class *amphibian = new_class("Amphibian", NULL, TRAITS(vehicle(), ship));
    must(molt_class_use(amphibian, NULL, vehicle_impl("Plain", range_plain, wheels_two)));
    molt_object *object = new_object(amphibian);
    Vehicle *of_vehicle = molt_as(object, Vehicle);
    /* The C type of Ship's slot is Vehicle's but for the handle. */
    void *of_ship = molt_object_as(object, ship);
    double (*slot)(void *, double);
    *(void **)(void *)&slot = slot_of(of_ship, 0);
    of_vehicle->fuel = 44;
    assert_true(slot(of_ship, 1) == 22);         /* by an adaptor, on Vehicle's block */
    molt_fill lua = by_lua("range", 3);
    must(molt_class_fill(amphibian, &lua));
    *(void **)(void *)&slot = slot_of(of_ship, 0);
    assert_true(slot(of_ship, 1) == 3);
    assert_true(molt_call(of_vehicle, range, 1) == 3);
}

/* ---- Patched objects ---- */

static void a_patch_is_one_objects_alone(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car), *other = new_object(car);
    must(patch(object, "range", 5));
    assert_true(range_of(object) == 5);
    assert_true(range_of(other) == 10);
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 4);
    unpatch(object, "range");
    assert_true(range_of(object) == 10);
    assert_false(own_vtable(molt_as(object, Vehicle)));
}

static void a_patch_outranks_every_later_fill(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    must(patch(object, "range", 5));
    must(molt_class_use(car, NULL, vehicle_impl("Double", range_double, wheels_two)));
    assert_true(range_of(object) == 5);
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 2);
    molt_fill lua = by_lua("wheels", 6);
    must(molt_class_fill(car, &lua));
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 6);
    unpatch(object, "range");
    assert_true(range_of(object) == 20);
}

static void a_patch_that_is_gone_from_the_table_is_the_classes_turn(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(patch(object, "range", 5));
    stand_in_forget_patches(object);
    assert_true(range_of(object) == 10);
}

static void the_private_vtable_goes_with_the_last_patch(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(patch(object, "range", 5));
    must(patch(object, "wheels", 6));
    unpatch(object, "range");
    assert_true(own_vtable(molt_as(object, Vehicle)));
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 6);
    unpatch(object, "wheels");
    assert_false(own_vtable(molt_as(object, Vehicle)));
    assert_null(object->shape->privates);
    assert_int_equal(with.world->limbo.promised, 0);
}

static void patching_again_makes_no_second_vtable(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(patch(object, "range", 5));
    void **vtable = ((molt_block *)molt_object_as(object, vehicle()))->vtable;
    must(molt__vtable_patch(object, molt__name(with.world, "range")));
    assert_ptr_equal(((molt_block *)molt_object_as(object, vehicle()))->vtable, vtable);
    assert_int_equal(with.world->limbo.promised, 1);
}

static void a_name_that_is_no_typed_method_needs_no_vtable(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(patch(object, "describe", 5));
    assert_false(own_vtable(molt_as(object, Vehicle)));
    unpatch(object, "describe");
}

static void a_private_vtable_moves_with_its_object(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    molt_trait *tag = new_trait("Tag", LINES("int32_t mark"));
    must(patch(object, "range", 5));
    const molt_shape *before = object->shape;
    must(molt_object_attach(object, tag, NULL));
    assert_null(before->privates);
    assert_non_null(object->shape->privates);
    assert_true(range_of(object) == 5);
    must(molt_class_use(car, NULL, vehicle_impl("Double", range_double, wheels_two)));
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 2);
    must(molt_object_detach(object, tag));
    assert_null(molt_object_as(object, tag));
    assert_non_null(before->privates);
    unpatch(object, "range");
    assert_true(range_of(object) == 20);
}

static void a_private_vtable_takes_what_its_new_shape_resolves(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(patch(object, "range", 5));
    must(molt_object_attach(object, NULL, vehicle_impl("Two", NULL, wheels_two)));
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 2);
    must(molt_object_detach(object, vehicle()));
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 4);
    assert_true(range_of(object) == 5);
}

static void an_attached_traits_slots_can_be_patched(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, NULL, engine_impl("Ten", thrust_ten)));
    must(patch(object, "thrust", 8));
    Engine *handle = molt_as(object, Engine);
    assert_true(molt_call(handle, thrust, 1) == 8);
    must(molt_object_detach(object, engine()));
    assert_null(object->shape->privates);
    must(molt_world_tick(with.world));
    assert_int_equal(with.world->limbo.promised, 0);
}

static void private_vtables_leave_their_list_in_any_order(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *objects[5];
    const int order[5] = { 2, 0, 4, 3, 1 };
    for (size_t i = 0; i < 5; i++) must(patch(objects[i] = new_object(car), "range", (int)i + 1));
    for (size_t i = 0; i < 5; i++) {
        must(molt_object_destroy(objects[order[i]]));
        must(molt_world_tick(with.world));
        molt_fill lua = by_lua("wheels", (int)i + 10);
        must(molt_class_fill(car, &lua));
        for (size_t j = i + 1; j < 5; j++) {
            assert_true(range_of(objects[order[j]]) == order[j] + 1);
            assert_int_equal(molt_call(molt_as(objects[order[j]], Vehicle), wheels), i + 10);
        }
    }
}

static void a_handle_of_an_ended_patched_object_follows_the_class_until_the_tick(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill lua = by_lua("wheels", 6);
    int64_t number = molt_class_fill(car, &lua);
    must(number);
    molt_object *object = new_object(car);
    must(patch(object, "range", 5));
    Vehicle *handle = molt_as(object, Vehicle);
    must(molt_object_destroy(object));
    must(molt_class_unfill(car, number));        /* the definition is gone */
    assert_int_equal(molt_call(handle, wheels), 4);
    assert_true(molt_call(handle, range, 0) == 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_native_slot_holds_the_function_itself),
        TEST(an_override_is_one_store_for_all_objects),
        JOINED_TEST(the_leaf_word_is_set_for_leaf_functions_only),
        JOINED_TEST(every_typed_slot_of_a_name_follows_the_winner),
        JOINED_TEST(a_patch_is_one_objects_alone),
        JOINED_TEST(a_patch_outranks_every_later_fill),
        JOINED_TEST(a_patch_that_is_gone_from_the_table_is_the_classes_turn),
        JOINED_TEST(the_private_vtable_goes_with_the_last_patch),
        JOINED_TEST(patching_again_makes_no_second_vtable),
        JOINED_TEST(a_name_that_is_no_typed_method_needs_no_vtable),
        JOINED_TEST(a_private_vtable_moves_with_its_object),
        JOINED_TEST(a_private_vtable_takes_what_its_new_shape_resolves),
        JOINED_TEST(an_attached_traits_slots_can_be_patched),
        JOINED_TEST(private_vtables_leave_their_list_in_any_order),
        JOINED_TEST(a_handle_of_an_ended_patched_object_follows_the_class_until_the_tick),
    };
    return cmocka_run_group_tests_name("vtable", tests, NULL, NULL);
}
