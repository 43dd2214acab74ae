/* Traits of one object: attached, in place, detached. */
#include "world_fixture.h"

static molt_trait *tag(int number)
{
    char name[16], field[32];
    snprintf(name, sizeof name, "Tag%d", number);
    snprintf(field, sizeof field, "int32_t mark%d = %d", number, number);
    return new_trait(name, LINES(field));
}

static void an_attached_trait_is_this_objects_alone(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car), *other = new_object(car);
    must(molt_object_attach(object, NULL, engine_impl("Ten", thrust_ten)));
    assert_true(molt_object_is(object, engine()));
    assert_false(molt_object_is(other, engine()));
    assert_null(molt_as(other, Engine));
    assert_true(molt_call(molt_as(object, Engine), thrust, 1) == 900);
    assert_ptr_equal(molt_object_of(molt_as(object, Engine)), object);
}

static void blocks_do_not_move_when_others_come_and_go(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    Vehicle *of_class = molt_as(object, Vehicle);
    void *blocks[20];
    for (int i = 0; i < 20; i++) {
        must(molt_object_attach(object, tag(i), NULL));
        blocks[i] = molt_object_as(object, tag(i));
        for (int j = 0; j <= i; j++) assert_ptr_equal(molt_object_as(object, tag(j)), blocks[j]);
        assert_ptr_equal(molt_as(object, Vehicle), of_class);
    }
    for (int i = 0; i < 20; i += 2) {
        must(molt_object_detach(object, tag(i)));
        must(molt_world_tick(with.world));
        for (int j = 1; j < 20; j += 2) assert_ptr_equal(molt_object_as(object, tag(j)), blocks[j]);
    }
}

static void values_stay_when_other_traits_come_and_go(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_set(object, "fuel", number(33)));
    for (int i = 0; i < 10; i++) {
        char field[16];
        snprintf(field, sizeof field, "mark%d", i);
        must(molt_object_attach(object, tag(i), NULL));
        must(molt_object_set(object, field, number(100 + i)));
    }
    for (int i = 0; i < 10; i += 3) must(molt_object_detach(object, tag(i)));
    for (int i = 0; i < 10; i++) {
        char field[16];
        snprintf(field, sizeof field, "mark%d", i);
        if (i % 3) assert_true(field_of(object, field) == 100 + i);
    }
    assert_true(field_of(object, "fuel") == 33);
}

static void an_attached_trait_begins_with_its_defaults_each_time(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    for (int i = 0; i < 3; i++) {
        must(molt_object_attach(object, tag(7), NULL));
        assert_true(field_of(object, "mark7") == 7);
        must(molt_object_set(object, "mark7", number(1)));
        must(molt_object_detach(object, tag(7)));
        must(molt_world_tick(with.world));
    }
}

static void an_attached_implementation_brings_its_values(void **state)
{
    (void)state;
    molt_impl *strong = engine_impl("Strong", thrust_ten);
    must(molt_impl_set(strong, "power", number(500)));
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, NULL, strong));
    assert_true(field_of(object, "power") == 500);
    assert_true(molt_call(molt_as(object, Engine), thrust, 1) == 5000);
}

static void an_implementation_outranks_the_class_whose_trait_it_is(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    Vehicle *handle = molt_as(object, Vehicle);
    must(molt_object_attach(object, NULL, vehicle_impl("Double", range_double, NULL)));
    assert_ptr_equal(molt_as(object, Vehicle), handle);
    assert_true(range_of(object) == 20);
    assert_int_equal(molt_call(handle, wheels), 4);
    must(molt_object_detach(object, vehicle()));
    assert_true(range_of(object) == 10);
    assert_ptr_equal(molt_as(object, Vehicle), handle);
}

static void detaching_gives_the_class_its_turn(void **state)
{
    (void)state;
    molt_trait *sports = new_trait("Sports", LINES("double range(double)"));
    molt_fill fill = by_lua("range", 7);
    must(molt_trait_fill(sports, &fill));
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, sports, NULL));
    assert_true(range_of(object) == 7);
    must(molt_object_detach(object, sports));
    assert_true(range_of(object) == 10);
}

static void a_trait_is_attached_once(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, tag(1), NULL));
    refused(molt_object_attach(object, tag(1), NULL), MOLT_ERR_STATE, "has the trait 'Tag1' already, attached");
    refused(molt_object_attach(object, vehicle(), NULL), MOLT_ERR_STATE, "has the trait 'Vehicle' already, from its class");
}

static void a_trait_that_is_not_attached_cannot_be_detached(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    refused(molt_object_detach(object, tag(1)), MOLT_ERR_UNKNOWN, "the trait 'Tag1' is not attached");
    refused(molt_object_detach(object, vehicle()), MOLT_ERR_IN_USE, "belongs to the class 'Car'");
    assert_string_equal(molt_last_hint(with.world), "molt.drop(Car, Vehicle) takes it from the class");
}

static void what_another_attached_trait_requires_cannot_be_detached(void **state)
{
    (void)state;
    molt_trait *needed = tag(1);
    molt_trait_lines lines = { .size = sizeof lines, .name = "Needy", .required = &needed, .required_count = 1,
                               .where = "test.lua:5" };
    molt_trait *needy = molt_trait_declare(with.world, &lines);
    molt_object *object = new_object(car_class());
    refused(molt_object_attach(object, needy, NULL), MOLT_ERR_MISSING, "Needy requires Tag1");
    assert_said("class 'Car' with Needy does not compose");
    must(molt_object_attach(object, needed, NULL));
    must(molt_object_attach(object, needy, NULL));
    refused(molt_object_detach(object, needed), MOLT_ERR_MISSING, "Needy requires Tag1");
    assert_true(molt_object_is(object, needed));
    must(molt_object_detach(object, needy));
    must(molt_object_detach(object, needed));
}

static void a_refused_attach_changes_nothing(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, tag(3), NULL));
    const molt_shape *shape = object->shape;
    void *block = molt_object_as(object, tag(3));
    size_t promised = with.world->limbo.promised;
    refused(molt_object_attach(object, engine(), NULL), MOLT_ERR_MISSING, "Engine.thrust has no implementation");
    assert_ptr_equal(object->shape, shape);
    assert_ptr_equal(molt_object_as(object, tag(3)), block);
    assert_int_equal(with.world->limbo.promised, promised);
}

static void a_handle_of_a_detached_trait_is_good_until_the_tick(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, NULL, engine_impl("Ten", thrust_ten)));
    Engine *handle = molt_as(object, Engine);
    must(molt_object_detach(object, engine()));
    assert_null(molt_as(object, Engine));
    assert_true(handle->power == 90);
    assert_true(molt_call(handle, thrust, 1) == 900);
    must(molt_object_attach(object, NULL, engine_impl("Other", thrust_ten)));
    assert_ptr_not_equal(molt_as(object, Engine), handle);
}

static void attached_memory_comes_back_at_the_tick(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    molt_impl *ten = engine_impl("Ten", thrust_ten);
    molt_trait *one = tag(1), *powered = engine();
    size_t asked = 0;
    for (int round = 0; round < 5000; round++) {
        must(molt_object_attach(object, one, NULL));
        must(molt_object_attach(object, NULL, ten));
        must(molt_object_detach(object, one));
        must(molt_object_detach(object, powered));
        must(molt_world_tick(with.world));
        if (round == 1) asked = with.asked;
    }
    assert_int_equal(with.asked, asked);
    assert_null(object->attached);
    assert_int_equal(with.world->limbo.promised, 0);
}

static void the_binding_hears_of_each_new_shape(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, tag(1), NULL));
    assert_int_equal(with.reshaped, 1);
    must(molt_object_detach(object, tag(1)));
    assert_int_equal(with.reshaped, 2);
    assert_int_equal(molt_object_detach(object, tag(1)), MOLT_ERR_UNKNOWN);
    assert_int_equal(with.reshaped, 2);
}

static void traits_that_require_one_another_are_attached_at_once(void **state)
{
    (void)state;
    const char *wants_pong[] = { "trait Pong" }, *wants_ping[] = { "trait Ping", "int32_t ping" };
    molt_trait_lines lines = { .size = sizeof lines, .name = "Ping", .lines = (const char *[]){ "int32_t ping = 1" },
                               .line_count = 1, .required_lines = wants_pong, .required_line_count = 1 };
    molt_trait *ping = molt_trait_declare(with.world, &lines);
    lines = (molt_trait_lines){ .size = sizeof lines, .name = "Pong", .required_lines = wants_ping, .required_line_count = 2 };
    molt_trait *pong = molt_trait_declare(with.world, &lines);
    assert_non_null(ping);
    assert_non_null(pong);
    molt_object *object = new_object(car_class());
    assert_int_equal(molt_object_attach(object, ping, NULL), MOLT_ERR_MISSING);
    assert_int_equal(molt_object_attach(object, pong, NULL), MOLT_ERR_MISSING);
    size_t shapes = with.world->shapes.count;
    molt_piece both[] = { { pong, NULL }, { ping, NULL }, { pong, NULL } };
    must(molt_object_attach_set(object, both, 3));
    assert_int_equal(with.world->shapes.count, shapes + 1);
    assert_true(molt_object_is(object, ping) && molt_object_is(object, pong));
    assert_true(field_of(object, "ping") == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_attached_trait_is_this_objects_alone),
        TEST(blocks_do_not_move_when_others_come_and_go),
        TEST(values_stay_when_other_traits_come_and_go),
        TEST(an_attached_trait_begins_with_its_defaults_each_time),
        TEST(an_attached_implementation_brings_its_values),
        TEST(an_implementation_outranks_the_class_whose_trait_it_is),
        JOINED_TEST(detaching_gives_the_class_its_turn),
        TEST(a_trait_is_attached_once),
        TEST(a_trait_that_is_not_attached_cannot_be_detached),
        TEST(what_another_attached_trait_requires_cannot_be_detached),
        TEST(a_refused_attach_changes_nothing),
        TEST(traits_that_require_one_another_are_attached_at_once),
        TEST(a_handle_of_a_detached_trait_is_good_until_the_tick),
        TEST(attached_memory_comes_back_at_the_tick),
        JOINED_TEST(the_binding_hears_of_each_new_shape),
    };
    return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
