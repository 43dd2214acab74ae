/* Wrappers of a class, in the core: their order, and what is beneath each. */
#include "resolve.h"
#include "cascade.h"
#include "world_fixture.h"

/* A patch of the class by the stand-in's function `number`. */
static int64_t put(molt_class *cls, int number, uint32_t kind)
{
    molt_fill fill = by_lua("range", number);
    fill.flags = kind;
    int64_t made = molt_class_fill(cls, &fill);
    if (made < 0) fail_msg("%s", molt_last_error(with.world));
    return made;
}

static intptr_t winner(const molt_object *object)
{
    const molt_definition *definition = molt__resolve(object->shape, molt__name_find(with.world, "range"));
    return definition ? definition->foreign : -1;
}

static intptr_t beneath(const molt_object *object, const molt_class *cls, int64_t place)
{
    const molt_definition *definition =
        molt__resolve_beneath(object->shape, cls, molt__name_find(with.world, "range"), place);
    return definition ? definition->foreign : -1;
}

enum { NATIVE = 0 };

static void the_latest_wrapper_is_outermost_and_later_fills_are_beneath(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    int64_t inner = put(car, 1, MOLT__AROUND), outer = put(car, 2, MOLT__BEFORE);
    assert_int_equal(winner(object), by_lua("range", 2).foreign);
    assert_int_equal(beneath(object, car, outer), by_lua("range", 1).foreign);
    assert_int_equal(beneath(object, car, inner), NATIVE);
    put(car, 3, 0);
    assert_int_equal(winner(object), by_lua("range", 2).foreign);
    assert_int_equal(beneath(object, car, inner), by_lua("range", 3).foreign);
}

static void a_removed_wrapper_still_has_a_place(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    int64_t inner = put(car, 1, MOLT__AROUND), outer = put(car, 2, MOLT__AROUND);
    must(molt_class_unfill(car, outer));
    assert_int_equal(winner(object), by_lua("range", 1).foreign);
    assert_int_equal(beneath(object, car, outer), by_lua("range", 1).foreign);
    must(molt_class_unfill(car, inner));
    assert_int_equal(beneath(object, car, outer), NATIVE);
    refused(molt_class_unfill(car, inner), MOLT_ERR_UNKNOWN, "it was removed already");
}

static void an_override_hides_the_wrappers_before_it_while_it_is_the_latest(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    int64_t wrapper = put(car, 1, MOLT__AROUND);
    put(car, 2, MOLT__OVERRIDE);
    assert_int_equal(winner(object), by_lua("range", 2).foreign);
    assert_int_equal(beneath(object, car, wrapper), NATIVE);     /* the override came later */
    put(car, 3, 0);
    assert_int_equal(winner(object), by_lua("range", 1).foreign);
    assert_int_equal(beneath(object, car, wrapper), by_lua("range", 3).foreign);
}

static void a_wrapper_of_a_base_is_beneath_those_of_an_extension(void **state)
{
    (void)state;
    molt_class *car = car_class(), *taxi = new_class("Taxi", car, NO_TRAITS);
    molt_object *object = new_object(taxi), *plain = new_object(car);
    int64_t of_taxi = put(taxi, 1, MOLT__AROUND), of_car = put(car, 2, MOLT__AROUND);
    assert_int_equal(winner(object), by_lua("range", 1).foreign);
    assert_int_equal(beneath(object, taxi, of_taxi), by_lua("range", 2).foreign);
    assert_int_equal(beneath(object, car, of_car), NATIVE);
    assert_int_equal(winner(plain), by_lua("range", 2).foreign);
    put(taxi, 3, 0);
    assert_int_equal(beneath(object, taxi, of_taxi), by_lua("range", 3).foreign);
    assert_int_equal(beneath(object, car, of_car), NATIVE);
}

static void a_wrapper_defines_nothing(void **state)
{
    (void)state;
    molt_class *open = new_class("Open", NULL, TRAITS(vehicle()));
    put(open, 1, MOLT__AROUND);
    assert_null(molt_object_new(with.world, open));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_MISSING);
    must(molt_class_use(open, NULL, vehicle_impl("Plain", range_plain, wheels_four)));
    assert_int_equal(winner(new_object(open)), by_lua("range", 1).foreign);
}

static molt_trait *requiring(const char *name, molt_trait *const *required, size_t count)
{
    molt_trait_lines lines = { .size = sizeof lines, .name = name, .required = required, .required_count = count,
                               .where = "test.lua:7" };
    molt_trait *trait = molt_trait_declare(with.world, &lines);
    if (!trait) fail_msg("%s", molt_last_error(with.world));
    return trait;
}

static void a_cascade_takes_what_requires_the_trait_and_nothing_else(void **state)
{
    (void)state;
    molt_trait *a = requiring("A", NO_TRAITS), *b = requiring("B", TRAITS(a)), *c = requiring("C", TRAITS(b)),
               *other = requiring("Other", NO_TRAITS);
    molt_object *object = new_object(car_class());
    molt_shape *bare = object->shape;
    molt_trait *all[] = { a, b, c, other };
    for (size_t i = 0; i < COUNT_OF(all); i++) must(molt_object_attach(object, all[i], NULL));
    refused(molt_object_detach(object, a), MOLT_ERR_IN_USE, "cannot detach 'A': B requires A (declared at test.lua:7)");
    molt_shape *to = molt__cascade_detach(object->shape, a);
    assert_non_null(to);
    assert_ptr_equal(to, molt__shape_attach(bare, other, NULL));
    to = molt__cascade_detach(object->shape, c);
    assert_int_equal(to->attached_count, 3);
    assert_null(molt__cascade_detach(object->shape, vehicle()));
    assert_said("belongs to the class 'Car'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOINED_TEST(the_latest_wrapper_is_outermost_and_later_fills_are_beneath),
        JOINED_TEST(a_removed_wrapper_still_has_a_place),
        JOINED_TEST(an_override_hides_the_wrappers_before_it_while_it_is_the_latest),
        JOINED_TEST(a_wrapper_of_a_base_is_beneath_those_of_an_extension),
        JOINED_TEST(a_wrapper_defines_nothing),
        TEST(a_cascade_takes_what_requires_the_trait_and_nothing_else),
    };
    return cmocka_run_group_tests_name("wrapper", tests, NULL, NULL);
}
