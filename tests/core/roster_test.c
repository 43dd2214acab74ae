/* The roster: the objects of a class or with a trait, kept from when it is first asked for. */
#include "world_fixture.h"

#include "roster.h"

/* Does the roster list exactly these, in this order? */
static void lists(const molt_class *cls, const molt_trait *trait, molt_object **expected, size_t count)
{
    const molt__roster *roster = molt__roster_of(with.world, cls, trait);
    assert_non_null(roster);
    assert_int_equal(roster->count, count);
    for (size_t i = 0; i < count; i++) assert_ptr_equal(roster->entry[i].object, expected[i]);
}

static void it_follows_ends_and_births(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *o[4];
    for (int i = 0; i < 3; i++) o[i] = new_object(car);
    lists(car, NULL, o, 3);
    must(molt_object_destroy(o[1]));
    o[1] = o[2];
    o[2] = new_object(car);
    lists(car, NULL, o, 3);
}

static void it_follows_attach_and_detach_in_order_of_creation(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_trait *tag = new_trait("Tag", LINES("int32_t mark"));
    molt_object *o[4];
    for (int i = 0; i < 4; i++) o[i] = new_object(car);
    lists(NULL, tag, NULL, 0);
    must(molt_object_attach(o[3], tag, NULL));
    must(molt_object_attach(o[1], tag, NULL));
    lists(NULL, tag, (molt_object *[]){ o[1], o[3] }, 2);
    must(molt_object_detach(o[3], tag));
    must(molt_object_attach(o[3], tag, NULL));
    must(molt_object_detach(o[1], tag));
    lists(NULL, tag, (molt_object *[]){ o[3] }, 1);
}

static void unread_it_does_not_grow_with_what_comes_and_goes(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *kept[10];
    for (int i = 0; i < 10; i++) kept[i] = new_object(car);
    lists(car, NULL, kept, 10);
    for (int i = 0; i < 10000; i++) must(molt_object_destroy(new_object(car)));
    lists(car, NULL, kept, 10);
    assert_true(molt__roster_of(with.world, car, NULL)->capacity <= 64);
}

static void without_memory_for_it_an_object_is_made_all_the_same(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *o[200];
    for (int i = 0; i < 40; i++) must(molt_object_destroy(new_object(car)));   /* room for the living */
    o[0] = new_object(car);
    lists(car, NULL, o, 1);
    size_t made = 1;
    with.allocations_left = 0;
    for (molt_object *object; made < 100 && (object = molt_object_new(with.world, car));) o[made++] = object;
    with.allocations_left = -1;
    assert_true(with.refused);
    assert_true(made > 8);
    o[made++] = new_object(car);
    lists(car, NULL, o, made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_follows_ends_and_births),
        TEST(it_follows_attach_and_detach_in_order_of_creation),
        TEST(unread_it_does_not_grow_with_what_comes_and_goes),
        TEST(without_memory_for_it_an_object_is_made_all_the_same),
    };
    return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
