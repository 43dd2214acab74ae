/* Shapes: one for each combination, reached by cached transitions. */
#include "world_fixture.h"

enum { MANY = 11 };                  /* 2^11 combinations */

static molt_trait *tags[MANY];

static void declare_tags(void)
{
    for (int i = 0; i < MANY; i++) {
        char name[16], field[32];
        snprintf(name, sizeof name, "Tag%d", i);
        snprintf(field, sizeof field, "int32_t mark%d = %d", i, i);
        tags[i] = new_trait(name, LINES(field));
    }
}

static void objects_alike_share_a_shape(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *a = new_object(car), *b = new_object(car);
    assert_ptr_equal(a->shape, b->shape);
    declare_tags();
    must(molt_object_attach(a, tags[0], NULL));
    assert_ptr_not_equal(a->shape, b->shape);
    must(molt_object_attach(b, tags[0], NULL));
    assert_ptr_equal(a->shape, b->shape);
}

static void the_order_of_attaching_does_not_matter(void **state)
{
    (void)state;
    declare_tags();
    molt_class *car = car_class();
    molt_object *a = new_object(car), *b = new_object(car);
    for (int i = 0; i < MANY; i++) must(molt_object_attach(a, tags[i], NULL));
    for (int i = MANY; i-- > 0;) must(molt_object_attach(b, tags[i], NULL));
    assert_ptr_equal(a->shape, b->shape);
}

static void classes_do_not_share_shapes(void **state)
{
    (void)state;
    declare_tags();
    molt_object *a = new_object(new_class("A", NULL, NO_TRAITS)), *b = new_object(new_class("B", NULL, NO_TRAITS));
    assert_ptr_not_equal(a->shape, b->shape);
    assert_ptr_equal(a->shape->layout, b->shape->layout);
}

static void the_implementation_is_part_of_the_shape(void **state)
{
    (void)state;
    molt_class *bare = new_class("Bare", NULL, NO_TRAITS);
    molt_object *a = new_object(bare), *b = new_object(bare);
    must(molt_object_attach(a, NULL, vehicle_impl("One", range_plain, wheels_two)));
    must(molt_object_attach(b, NULL, vehicle_impl("Two", range_double, wheels_two)));
    assert_ptr_not_equal(a->shape, b->shape);
    must(molt_object_detach(a, vehicle()));
    must(molt_object_detach(b, vehicle()));
    assert_ptr_equal(a->shape, b->shape);
}

static void a_transition_taken_before_allocates_nothing(void **state)
{
    (void)state;
    declare_tags();
    molt_object *object = new_object(car_class());
    for (int round = 0; round < 2; round++) {
        must(molt_object_attach(object, tags[0], NULL));
        must(molt_object_detach(object, tags[0]));
        must(molt_world_tick(with.world));
    }
    size_t asked = with.asked, shapes = with.world->shapes.count;
    for (int round = 0; round < 100; round++) {
        must(molt_object_attach(object, tags[0], NULL));
        must(molt_object_detach(object, tags[0]));
        must(molt_world_tick(with.world));
    }
    assert_int_equal(with.asked, asked);
    assert_int_equal(with.world->shapes.count, shapes);
}

static void two_thousand_combinations_are_two_thousand_shapes(void **state)
{
    (void)state;
    declare_tags();
    molt_class *bare = new_class("Bare", NULL, NO_TRAITS);
    molt_object *objects[1 << MANY];
    for (unsigned set = 0; set < 1u << MANY; set++) {
        objects[set] = new_object(bare);
        for (int i = 0; i < MANY; i++) {
            if (set >> i & 1) must(molt_object_attach(objects[set], tags[i], NULL));
        }
    }
    assert_int_equal(with.world->shapes.count, 1 << MANY);
    for (unsigned set = 0; set < 1u << MANY; set++) {
        for (int i = 0; i < MANY; i++) assert_int_equal(molt_object_is(objects[set], tags[i]), set >> i & 1);
    }
    /* Down again by other ways: no new combination comes up. */
    for (unsigned set = 0; set < 1u << MANY; set++) {
        for (int i = 0; i < MANY; i++) {
            if (set >> i & 1) must(molt_object_detach(objects[set], tags[i]));
        }
        assert_ptr_equal(objects[set]->shape, objects[0]->shape);
    }
    assert_int_equal(with.world->shapes.count, 1 << MANY);
}

static void ten_thousand_shapes_of_one_class_are_told_apart(void **state)
{
    (void)state;
    enum { SHAPES = 10000 };
    molt_trait *trait = new_trait("Skin", LINES("int32_t colour"));
    molt_class *bare = new_class("Bare", NULL, NO_TRAITS);
    molt_object *object = new_object(bare);
    molt_impl **impls = calloc(SHAPES, sizeof(molt_impl *));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < SHAPES; i++) {
            if (!round) must((impls[i] = molt_impl_new(trait, "Skin", "test.c:5")) ? 0 : -1);
            if (!round) must(molt_impl_set(impls[i], "colour", number(i)));
            must(molt_object_attach(object, NULL, impls[i]));
            assert_true(field_of(object, "colour") == i);
            must(molt_object_detach(object, trait));
            must(molt_world_tick(with.world));
        }
        assert_int_equal(with.world->shapes.count, SHAPES + 1);
    }
    free(impls);
}

static void a_refused_combination_leaves_no_shape(void **state)
{
    (void)state;
    molt_trait *tank = new_trait("Tank", LINES("double fuel"));
    molt_object *object = new_object(car_class());
    size_t shapes = with.world->shapes.count;
    refused(molt_object_attach(object, tank, NULL), MOLT_ERR_CONFLICT, "'fuel' is a field of Tank");
    assert_int_equal(with.world->shapes.count, shapes);
    assert_int_equal(object->shape->cls->shapes.count, 1);
}

static void a_combination_refused_once_may_be_lawful_later(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    assert_int_equal(molt_object_attach(object, engine(), NULL), MOLT_ERR_MISSING);
    molt_fill thrust = by_c("thrust", (molt_function)thrust_ten);
    must(molt_trait_fill(engine(), &thrust));
    must(molt_object_attach(object, engine(), NULL));
    assert_true(molt_call(molt_as(object, Engine), thrust, 2) == 1800);
}

static void an_edit_that_only_an_empty_shape_forbids_is_made(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    molt_trait *tank = new_trait("Tank", LINES("double load"));
    must(molt_object_attach(object, tank, NULL));
    molt_fill load = by_lua("load", 1);
    refused((int)molt_class_fill(car, &load), MOLT_ERR_CONFLICT, "'load' is a field of Tank");
    must(molt_object_detach(object, tank));
    int64_t fill = molt_class_fill(car, &load);
    must(fill);
    refused(molt_object_attach(object, tank, NULL), MOLT_ERR_CONFLICT, "'load' is a field of Tank");
    must(molt_class_unfill(car, fill));
    must(molt_object_attach(object, tank, NULL));
}

static void bodies_of_one_layout_share_it_whatever_the_class(void **state)
{
    (void)state;
    molt_trait *v = vehicle();
    molt_class *a = new_class("A", NULL, TRAITS(v)), *b = new_class("B", NULL, TRAITS(v));
    molt_impl *impl = vehicle_impl("Plain", range_plain, wheels_two);
    must(molt_class_use(a, NULL, impl));
    must(molt_class_use(b, NULL, impl));
    assert_ptr_equal(new_object(a)->shape->layout, new_object(b)->shape->layout);
    assert_int_equal(with.world->layouts.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(objects_alike_share_a_shape),
        TEST(the_order_of_attaching_does_not_matter),
        TEST(classes_do_not_share_shapes),
        TEST(the_implementation_is_part_of_the_shape),
        TEST(a_transition_taken_before_allocates_nothing),
        TEST(two_thousand_combinations_are_two_thousand_shapes),
        TEST(ten_thousand_shapes_of_one_class_are_told_apart),
        TEST(a_refused_combination_leaves_no_shape),
        TEST(a_combination_refused_once_may_be_lawful_later),
        TEST(an_edit_that_only_an_empty_shape_forbids_is_made),
        TEST(bodies_of_one_layout_share_it_whatever_the_class),
    };
    return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
