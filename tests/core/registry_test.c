/* The registry: the living in order of creation. */
#include "world_fixture.h"

#include "registry.h"

enum { MOST = 2000 };

typedef struct visit {
    molt_object *seen[MOST];
    size_t count;
    molt_class *cls;                 /* what a visitor makes objects of */
    molt_object *victim;
    size_t stop_at;
} visit;

static bool note(molt_object *object, void *user)
{
    visit *v = user;
    v->seen[v->count++] = object;
    return v->count != v->stop_at;
}

static visit all(const molt_class *cls, const molt_trait *trait)
{
    visit v = { .count = 0 };
    molt_object_each(with.world, cls, trait, note, &v);
    return v;
}

static void objects_are_visited_in_order_of_creation(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *objects[100];
    for (size_t i = 0; i < 100; i++) objects[i] = new_object(car);
    visit v = all(NULL, NULL);
    assert_int_equal(v.count, 100);
    assert_memory_equal(v.seen, objects, sizeof objects);
}

static void the_order_survives_ends_reuse_and_compaction(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *order[MOST];
    size_t count = 0;
    for (int round = 0; round < 30; round++) {
        while (count < 300) order[count++] = new_object(car);
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            /* the last one always ends */
            if (i + 1 == count || (i * 7 + (size_t)round) % 5 != 0) must(molt_object_destroy(order[i]));
            else order[kept++] = order[i];
        }
        count = kept;
        if (round % 3 == 0) must(molt_world_tick(with.world));
        order[count++] = new_object(car);
        visit v = all(NULL, NULL);
        assert_int_equal(v.count, count);
        assert_memory_equal(v.seen, order, count * sizeof *order);
        assert_int_equal(molt_world_live(with.world), count);
    }
}

static void compaction_closes_the_holes(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *objects[1000];
    for (size_t i = 0; i < 1000; i++) objects[i] = new_object(car);
    for (size_t i = 0; i < 1000; i++) {
        if (i % 100) must(molt_object_destroy(objects[i]));
    }
    molt_ref ref = molt_object_ref(objects[500]);
    must(molt_world_tick(with.world));
    assert_int_equal(with.world->border->top, 10);
    visit v = all(NULL, NULL);
    assert_int_equal(v.count, 10);
    for (size_t i = 0; i < 10; i++) assert_ptr_equal(v.seen[i], objects[i * 100]);
    assert_ptr_equal(molt_ref_object(with.world, ref), objects[500]);
    for (int32_t slot = 1; slot <= 10; slot++) assert_int_equal(with.world->border->bodies[slot]->slot, slot);
}

static void many_short_lives_need_few_slots(void **state)
{
    (void)state;
    molt_class *car = car_class();
    new_object(car);
    for (int i = 0; i < 10000; i++) {
        must(molt_object_destroy(new_object(car)));
        must(molt_world_tick(with.world));
        assert_true(with.world->border->top <= 2 * with.world->border->live + 64);
    }
}

static void the_registry_stays_where_it_is(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object **bodies = with.world->border->bodies;
    for (int i = 0; i < 200000; i++) new_object(car);
    assert_ptr_equal(with.world->border->bodies, bodies);
    assert_int_equal(bodies[200000]->slot, 200000);
}

static void a_full_world_refuses_one_more_object(void **state)
{
    (void)state;
    molt_class *car = car_class();
    size_t capacity = with.world->registry_capacity;
    with.world->registry_capacity = 11;
    for (int i = 0; i < 10; i++) new_object(car);
    assert_null(molt_object_new(with.world, car));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_MEMORY);
    assert_string_equal(molt_last_error(with.world), "the world is full: it has room for 10 objects at a time");
    assert_int_equal(molt_world_live(with.world), 10);
    with.world->registry_capacity = capacity;
}

static void only_the_class_and_its_extensions_are_visited(void **state)
{
    (void)state;
    molt_class *car = car_class(), *taxi = new_class("Taxi", car, NO_TRAITS), *ghost = new_class("Ghost", NULL, NO_TRAITS);
    molt_object *a = new_object(car), *b = new_object(ghost), *c = new_object(taxi);
    visit v = all(car, NULL);
    assert_int_equal(v.count, 2);
    assert_ptr_equal(v.seen[0], a);
    assert_ptr_equal(v.seen[1], c);
    v = all(taxi, NULL);
    assert_int_equal(v.count, 1);
    v = all(ghost, vehicle());
    assert_int_equal(v.count, 0);
    must(molt_object_attach(b, NULL, vehicle_impl("Double", range_double, wheels_two)));
    v = all(NULL, vehicle());
    assert_int_equal(v.count, 3);
    assert_ptr_equal(v.seen[1], b);
}

static void a_visitor_stops_by_returning_false(void **state)
{
    (void)state;
    molt_class *car = car_class();
    for (int i = 0; i < 10; i++) new_object(car);
    visit v = { .stop_at = 3 };
    molt_object_each(with.world, NULL, NULL, note, &v);
    assert_int_equal(v.count, 3);
    assert_int_equal(with.world->border->iterating, 0);
}

static bool make_one(molt_object *object, void *user)
{
    visit *v = user;
    new_object(v->cls);
    return note(object, user);
}

static void objects_made_meanwhile_are_not_visited(void **state)
{
    (void)state;
    visit v = { .cls = car_class() };
    for (int i = 0; i < 100; i++) new_object(v.cls);
    molt_object_each(with.world, NULL, NULL, make_one, &v);
    assert_int_equal(v.count, 100);
    assert_int_equal(molt_world_live(with.world), 200);
}

static bool end_it(molt_object *object, void *user)
{
    must(molt_object_destroy(object));
    return note(object, user);
}

static void a_visitor_may_end_what_it_visits(void **state)
{
    (void)state;
    molt_class *car = car_class();
    for (int i = 0; i < 100; i++) new_object(car);
    visit v = { .count = 0 };
    molt_object_each(with.world, NULL, NULL, end_it, &v);
    assert_int_equal(v.count, 100);
    assert_int_equal(molt_world_live(with.world), 0);
}

static bool end_the_last_and_make_another(molt_object *object, void *user)
{
    visit *v = user;
    if (molt_object_alive(v->victim)) {
        must(molt_object_destroy(v->victim));
        new_object(v->cls);
    }
    return note(object, user);
}

static void an_object_made_in_place_of_the_last_is_not_visited(void **state)
{
    (void)state;
    visit v = { .cls = car_class() };
    for (int i = 0; i < 10; i++) v.victim = new_object(v.cls);
    molt_object_each(with.world, NULL, NULL, end_the_last_and_make_another, &v);
    assert_int_equal(v.count, 9);
}

static bool tick_between(molt_object *object, void *user)
{
    must(molt_world_tick(with.world));
    return note(object, user);
}

static void the_registry_does_not_move_under_an_iteration(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *objects[MOST];
    for (size_t i = 0; i < MOST; i++) objects[i] = new_object(car);
    for (size_t i = 0; i < MOST; i++) {
        if (i % 50) must(molt_object_destroy(objects[i]));
    }
    visit v = { .count = 0 };
    molt_object_each(with.world, NULL, NULL, tick_between, &v);
    assert_int_equal(v.count, MOST / 50);
    for (size_t i = 0; i < v.count; i++) assert_ptr_equal(v.seen[i], objects[i * 50]);
}

static bool iterate_inside(molt_object *object, void *user)
{
    visit inner = { .count = 0 };
    molt_object_each(with.world, NULL, NULL, note, &inner);
    assert_int_equal(inner.count, 5);
    return note(object, user);
}

static void iterations_nest(void **state)
{
    (void)state;
    molt_class *car = car_class();
    for (int i = 0; i < 5; i++) new_object(car);
    visit v = { .count = 0 };
    molt_object_each(with.world, NULL, NULL, iterate_inside, &v);
    assert_int_equal(v.count, 5);
}

static bool attach_one(molt_object *object, void *user)
{
    molt_trait *trait = user;
    if (!molt_object_is(object, trait)) must(molt_object_attach(object, trait, NULL));
    else must(molt_object_detach(object, trait));
    return true;
}

static void a_visitor_may_attach_and_detach(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_trait *tag = new_trait("Tag", LINES("int32_t mark"));
    for (int i = 0; i < 50; i++) new_object(car);
    molt_object_each(with.world, NULL, NULL, attach_one, tag);
    assert_int_equal(all(NULL, tag).count, 50);
    molt_object_each(with.world, NULL, tag, attach_one, tag);
    assert_int_equal(all(NULL, tag).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(objects_are_visited_in_order_of_creation),
        TEST(the_order_survives_ends_reuse_and_compaction),
        TEST(compaction_closes_the_holes),
        TEST(many_short_lives_need_few_slots),
        TEST(the_registry_stays_where_it_is),
        TEST(a_full_world_refuses_one_more_object),
        TEST(only_the_class_and_its_extensions_are_visited),
        TEST(a_visitor_stops_by_returning_false),
        TEST(objects_made_meanwhile_are_not_visited),
        TEST(a_visitor_may_end_what_it_visits),
        TEST(an_object_made_in_place_of_the_last_is_not_visited),
        TEST(the_registry_does_not_move_under_an_iteration),
        TEST(iterations_nest),
        TEST(a_visitor_may_attach_and_detach),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
