/* molt_object_each by the roster of a class or trait: who is visited, and what a visitor may do. */
#include "declare_again.h"

enum { MANY = 20 };

/* What a visitor does once, at the first object. */
typedef struct visit {
    molt_object *seen[2 * MANY];
    size_t count;
    void (*act)(struct visit *v);
    molt_class *car;
    molt_trait *tag;
    molt_object *objects[MANY];
} visit;

static bool note(molt_object *object, void *user)
{
    visit *v = user;
    v->seen[v->count++] = object;
    if (v->count == 1 && v->act) v->act(v);
    return true;
}

/* Cars, of which the even ones have the tag. */
static visit furnish(void)
{
    visit v = { .car = car_class(), .tag = new_trait("Tag", LINES("int32_t mark")) };
    for (int i = 0; i < MANY; i++) {
        v.objects[i] = new_object(v.car);
        if (i % 2 == 0) must(molt_object_attach(v.objects[i], v.tag, NULL));
    }
    return v;
}

static void each(visit *v, const molt_class *cls, const molt_trait *trait)
{
    v->count = 0;
    molt_object_each(with.world, cls, trait, note, v);
}

/* Were visited exactly those even ones, in order, that are none of the two? */
static void saw_even_but(const visit *v, int one, int other)
{
    size_t at = 0;
    for (int i = 0; i < MANY; i += 2) {
        if (i == one || i == other) continue;
        assert_true(at < v->count);
        assert_ptr_equal(v->seen[at++], v->objects[i]);
    }
    assert_int_equal(v->count, at);
}

static void it_does_not_look_at_other_objects(void **state)
{
    (void)state;
    visit v = furnish();
    each(&v, NULL, v.tag);
    int32_t top = with.world->border->top;
    with.world->border->top = 0;         /* there is nothing to be found by going through all */
    each(&v, NULL, v.tag);
    saw_even_but(&v, -1, -1);
    with.world->border->top = top;
}

static void a_class_and_a_trait_are_both_to_match(void **state)
{
    (void)state;
    visit v = furnish();
    molt_class *taxi = new_class("Taxi", v.car, NO_TRAITS);
    molt_object *one = new_object(taxi), *two = new_object(taxi);
    must(molt_object_attach(two, v.tag, NULL));
    each(&v, taxi, v.tag);
    assert_int_equal(v.count, 1);
    assert_ptr_equal(v.seen[0], two);
    must(molt_object_attach(one, v.tag, NULL));
    each(&v, taxi, v.tag);
    assert_int_equal(v.count, 2);
    assert_ptr_equal(v.seen[0], one);
    each(&v, v.car, v.tag);
    assert_int_equal(v.count, MANY / 2 + 2);
}

static void make_and_attach(visit *v)
{
    must(molt_object_attach(new_object(v->car), v->tag, NULL));
    must(molt_object_attach(v->objects[7], v->tag, NULL));
}

static void what_comes_to_match_meanwhile_is_not_visited(void **state)
{
    (void)state;
    visit v = furnish();
    v.act = make_and_attach;
    each(&v, NULL, v.tag);
    saw_even_but(&v, -1, -1);
    v.act = NULL;
    each(&v, NULL, v.tag);
    assert_int_equal(v.count, MANY / 2 + 2);
}

static void end_and_detach(visit *v)
{
    must(molt_object_destroy(v->objects[4]));
    must(molt_object_detach(v->objects[8], v->tag));
    must(molt_object_detach(v->objects[10], v->tag));
    must(molt_object_attach(v->objects[10], v->tag, NULL));
    must(molt_world_tick(with.world));
    must(molt_object_attach(new_object(v->car), v->tag, NULL));      /* perhaps in the place of the ended one */
}

static void what_ends_or_ceases_to_match_meanwhile_is_not_visited(void **state)
{
    (void)state;
    visit v = furnish();
    v.act = end_and_detach;
    each(&v, NULL, v.tag);
    saw_even_but(&v, 4, 8);
}

static void declare_the_tag_again(visit *v)
{
    must(molt_object_detach(v->objects[6], declare_again("Tag", LINES("double mark = 2"), NULL)));
}

static void it_goes_on_when_the_trait_is_declared_again(void **state)
{
    (void)state;
    visit v = furnish();
    v.act = declare_the_tag_again;
    each(&v, NULL, v.tag);
    saw_even_but(&v, 6, -1);
}

static bool end_all_by_an_inner_one(molt_object *object, void *user)
{
    visit *v = user, inner = { .count = 0 };
    molt_object_each(with.world, NULL, v->tag, note, &inner);
    assert_int_equal(inner.count, MANY / 2 - v->count);
    must(molt_object_destroy(object));
    return note(object, v);
}

static void one_inside_of_another_sees_what_there_is(void **state)
{
    (void)state;
    visit v = furnish();
    molt_object_each(with.world, NULL, v.tag, end_all_by_an_inner_one, &v);
    saw_even_but(&v, -1, -1);
    assert_int_equal(molt_world_live(with.world), MANY / 2);
}

static void without_memory_all_are_visited_all_the_same(void **state)
{
    (void)state;
    for (long memory = 0; memory < 12; memory++) {
        visit v = furnish();
        with.refused = false;
        with.allocations_left = memory;
        each(&v, NULL, v.tag);
        with.allocations_left = -1;
        saw_even_but(&v, -1, -1);
        assert_true(with.refused || memory > 0);
        for (int i = 0; i < MANY; i++) must(molt_object_destroy(v.objects[i]));
        if (!with.refused) return;
        tear_down(state);
        set_up(state);
    }
    fail_msg("memory was never enough");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_does_not_look_at_other_objects),
        TEST(a_class_and_a_trait_are_both_to_match),
        TEST(what_comes_to_match_meanwhile_is_not_visited),
        TEST(what_ends_or_ceases_to_match_meanwhile_is_not_visited),
        TEST(it_goes_on_when_the_trait_is_declared_again),
        TEST(one_inside_of_another_sees_what_there_is),
        TEST(without_memory_all_are_visited_all_the_same),
    };
    return cmocka_run_group_tests_name("each", tests, NULL, NULL);
}
