/* Worlds: opening, hooks, ticks, closing. */
#include "world_fixture.h"

static void a_world_opens_with_the_defaults(void **state)
{
    (void)state;
    molt_world *world = molt_world_open(NULL);
    assert_non_null(world);
    assert_int_equal(molt_world_live(world), 0);
    assert_int_equal(molt_last_code(world), MOLT_OK);
    molt_world_close(world);
}

static void a_config_of_another_size_is_refused(void **state)
{
    (void)state;
    molt_config config = molt_config_default();
    config.size -= sizeof(void *);
    assert_null(molt_world_open(&config));
}

static void a_world_without_memory_does_not_open(void **state)
{
    (void)state;
    with.allocations_left = 0;
    assert_null(open_world());
}

static void closing_no_world_does_nothing(void **state)
{
    (void)state;
    molt_world_close(NULL);
}

static void *user_seen;

static void *allocate_for_user(void *user, size_t size, size_t align)
{
    user_seen = user;
    return molt_config_default().allocate(NULL, size, align);
}

static double seven(void *user)
{
    user_seen = user;
    return 7;
}

static void every_hook_gets_the_hosts_pointer(void **state)
{
    (void)state;
    int mine;
    molt_config config = molt_config_default();
    config.user = &mine;
    config.allocate = allocate_for_user;
    config.clock = seven;
    molt_world *world = molt_world_open(&config);
    assert_ptr_equal(user_seen, &mine);
    user_seen = NULL;
    assert_true(world->config.clock(world->config.user) >= 7);
    assert_ptr_equal(user_seen, &mine);
    molt_world_close(world);
}

static void the_default_clock_never_goes_back(void **state)
{
    (void)state;
    molt_config config = molt_config_default();
    double before = config.clock(config.user);
    for (int i = 0; i < 1000; i++) {
        double now = config.clock(config.user);
        assert_true(now >= before);
        before = now;
    }
}

static void closing_ends_the_objects_that_live(void **state)
{
    (void)state;
    molt_class *car = car_class();
    for (int i = 0; i < 3000; i++) must(molt_object_attach(new_object(car), engine(), engine_impl("Ten", thrust_ten)));
    assert_int_equal(molt_world_live(with.world), 3000);
    /* tear_down sees that every byte comes back */
}

static void a_tick_counts(void **state)
{
    (void)state;
    must(molt_world_tick(with.world));
    must(molt_world_tick(with.world));
    assert_true(with.world->border->tick == 2);
}

static void a_tick_inside_a_call_is_refused(void **state)
{
    (void)state;
    with.world->border->depth = 1;
    refused(molt_world_tick(with.world), MOLT_ERR_STATE, "tick inside a call");
    with.world->border->depth = 0;
    with.world->border->leaf = 1;
    refused(molt_world_tick(with.world), MOLT_ERR_STATE, "tick inside a call");
    with.world->border->leaf = 0;
    assert_true(with.world->border->tick == 0);
    must(molt_world_tick(with.world));
}

static void a_tick_with_nothing_to_do_allocates_nothing(void **state)
{
    (void)state;
    new_object(car_class());
    must(molt_world_tick(with.world));
    size_t before = with.asked;
    for (int i = 0; i < 100; i++) must(molt_world_tick(with.world));
    assert_int_equal(with.asked, before);
}

static void worlds_know_nothing_of_each_other(void **state)
{
    (void)state;
    molt_world *other = open_world();
    molt_class *car = car_class();
    new_object(car);
    assert_null(molt_trait_find(other, "Vehicle"));
    assert_null(molt_class_find(other, "Car"));
    assert_int_equal(molt_world_live(other), 0);
    assert_int_equal(molt_last_code(with.world), MOLT_OK);
    molt_world_close(other);
}

static void one_text_serves_several_worlds(void **state)
{
    (void)state;
    molt_world *other = open_world();
    assert_non_null(molt_trait_declare_text(with.world, &Vehicle_trait));
    molt_trait *theirs = molt_trait_declare_text(other, &Vehicle_trait);
    assert_non_null(theirs);
    assert_ptr_not_equal(theirs, molt_trait_find(with.world, "Vehicle"));
    molt_world_close(other);
}

static void an_id_of_one_world_is_checked_in_another(void **state)
{
    (void)state;
    molt_ref ref = molt_object_ref(new_object(car_class()));
    molt_world *other = open_world();
    assert_null(molt_ref_object(other, ref));
    assert_int_equal(molt_last_code(other), MOLT_ERR_STALE);
    molt_world_close(other);
}

static void the_binding_hears_of_the_close(void **state)
{
    (void)state;
    new_object(car_class());
    molt_world_close(with.world);
    with.world = NULL;
    assert_int_equal(with.closings, 1);
    assert_int_equal(with.border.collected, -1);
    assert_int_equal(with.bytes, 0);
}

static void when_lua_goes_the_hosts_objects_stay(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *hosts = new_object(car), *scripts = new_object(car), *kept = new_object(car);
    scripts->flags &= ~(uint32_t)MOLT__HOST;
    kept->flags &= ~(uint32_t)MOLT__HOST;
    must(molt_object_retain(kept));
    molt__world_part(with.world);
    assert_true(molt_object_alive(hosts));
    assert_true(molt_object_alive(kept));
    assert_false(molt_object_alive(scripts));
    assert_true(range_of(hosts) == 10);
}

static void when_lua_goes_its_fills_answer_no_more(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fill = by_lua("range", 42);
    must(molt_class_fill(car, &fill));
    molt_object *object = new_object(car);
    assert_true(range_of(object) == 42);
    molt__world_part(with.world);
    assert_true(range_of(object) == 0);
    const char *text;
    assert_int_equal(molt_error_take(with.world, &text), MOLT_ERR_MISSING);
    assert_non_null(strstr(text, "Vehicle.range"));
}

static void when_lua_goes_a_patched_object_answers_as_its_class(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(patch(object, "range", 42));
    assert_true(range_of(object) == 42);
    molt__world_part(with.world);
    assert_true(range_of(object) == 10);
    assert_false(molt_error_pending(with.world));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_world_opens_with_the_defaults),
        TEST(a_config_of_another_size_is_refused),
        TEST(a_world_without_memory_does_not_open),
        TEST(closing_no_world_does_nothing),
        TEST(every_hook_gets_the_hosts_pointer),
        TEST(the_default_clock_never_goes_back),
        TEST(closing_ends_the_objects_that_live),
        TEST(a_tick_counts),
        TEST(a_tick_inside_a_call_is_refused),
        TEST(a_tick_with_nothing_to_do_allocates_nothing),
        TEST(worlds_know_nothing_of_each_other),
        TEST(one_text_serves_several_worlds),
        TEST(an_id_of_one_world_is_checked_in_another),
        JOINED_TEST(the_binding_hears_of_the_close),
        JOINED_TEST(when_lua_goes_the_hosts_objects_stay),
        JOINED_TEST(when_lua_goes_its_fills_answer_no_more),
        JOINED_TEST(when_lua_goes_a_patched_object_answers_as_its_class),
    };
    return cmocka_run_group_tests_name("world", tests, NULL, NULL);
}
