/* Objects: made, known by ids, kept, ended. */
#include "world_fixture.h"

static void a_new_object_lives_and_knows_its_class(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    assert_true(molt_object_alive(object));
    assert_ptr_equal(molt_object_class(object), car);
    assert_ptr_equal(molt_object_world(object), with.world);
    assert_int_equal(molt_world_live(with.world), 1);
}

static void a_handle_leads_back_to_its_object(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    assert_ptr_equal(molt_object_of(molt_as(object, Vehicle)), object);
    assert_ptr_equal(molt_object_as(object, vehicle()), molt_as(object, Vehicle));
}

static void a_trait_that_it_lacks_has_no_handle(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    assert_null(molt_as(object, Engine));
    assert_null(molt_object_as(object, engine()));
    assert_false(molt_object_is(object, engine()));
    assert_null(molt_as((molt_object *)NULL, Engine));
}

static void fields_belong_to_one_object(void **state)
{
    (void)state;
    molt_class *car = car_class();
    Vehicle *a = molt_as(new_object(car), Vehicle), *b = molt_as(new_object(car), Vehicle);
    a->fuel = 1;
    b->fuel = 2;
    assert_true(a->fuel == 1 && b->fuel == 2 && a->gears == 5);
}

static void an_id_leads_to_its_object(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    molt_ref ref = molt_object_ref(object);
    assert_ptr_equal(molt_ref_object(with.world, ref), object);
    assert_ptr_equal(molt_id_object(with.world, molt_object_id(object)), object);
    assert_int_equal(molt_last_code(with.world), MOLT_OK);
}

static void an_id_is_stale_from_the_objects_end_on(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    molt_ref ref = molt_object_ref(object);
    double id = molt_object_id(object);
    must(molt_object_destroy(object));
    assert_null(molt_ref_object(with.world, ref));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_STALE);
    assert_said("its object has ended");
    must(molt_world_tick(with.world));
    molt_object *next = new_object(car);
    assert_ptr_equal(next, object);              /* the memory is used again */
    assert_null(molt_ref_object(with.world, ref));
    assert_null(molt_id_object(with.world, id));
    assert_ptr_equal(molt_ref_object(with.world, molt_object_ref(next)), next);
}

static void no_id_is_no_object(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    molt_ref ref = molt_object_ref(object);
    assert_null(molt_ref_object(with.world, (molt_ref){ 0 }));
    assert_said("is no object's");
    assert_null(molt_ref_object(with.world, (molt_ref){ ref.index1, 0 }));
    assert_null(molt_ref_object(with.world, (molt_ref){ ref.index1 + 1, ref.generation }));
    assert_null(molt_ref_object(with.world, (molt_ref){ UINT32_MAX, 1 }));
    const double none[] = { 0, -1, 0.5, 1e300, -1e300, 9007199254740992.0, molt_object_id(object) + 0.5 };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_null(molt_id_object(with.world, none[i]));
    volatile double zero = 0;
    assert_null(molt_id_object(with.world, zero / zero));
    assert_null(molt_id_object(with.world, 1 / zero));
}

static void a_destroyed_object_has_no_id(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_destroy(object));
    assert_int_equal(molt_object_ref(object).index1, 0);
    assert_true(molt_object_id(object) == 0);
}

static void an_id_fits_a_double(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    object->generation = (1u << MOLT__GENERATION_BITS) - 1;
    double id = molt_object_id(object);
    assert_true(id < 9007199254740992.0);
    assert_ptr_equal(molt_id_object(with.world, id), object);
}

static void a_place_whose_generations_are_used_up_is_never_used_again(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    molt_ref first = molt_object_ref(object);
    object->generation = (1u << MOLT__GENERATION_BITS) - 2;
    must(molt_object_destroy(object));
    must(molt_world_tick(with.world));
    molt_object *last = new_object(car);
    assert_ptr_equal(last, object);
    molt_ref ref = molt_object_ref(last);
    assert_int_equal(ref.generation, (1u << MOLT__GENERATION_BITS) - 1);
    must(molt_object_destroy(last));
    must(molt_world_tick(with.world));
    for (int i = 0; i < 10; i++) {
        assert_ptr_not_equal(new_object(car), object);
        assert_null(molt_ref_object(with.world, ref));
        assert_null(molt_ref_object(with.world, first));
        assert_null(molt_ref_object(with.world, (molt_ref){ ref.index1, 0 }));
    }
}

static void every_generation_of_a_place_is_told_apart_until_it_retires(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    const uint32_t place = molt_object_ref(object).index1;
    uint32_t generation = 0;
    while (molt_object_ref(object).index1 == place) {
        assert_int_equal(molt_object_ref(object).generation, ++generation);
        must(molt_object_destroy(object));
        must(molt_world_tick(with.world));
        object = new_object(car);
    }
    assert_int_equal(generation, (1u << MOLT__GENERATION_BITS) - 1);
}

/* ---- The end ---- */

static void a_destroyed_object_is_refused_by_name(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    char text[128];
    snprintf(text, sizeof text, "attempt to use a destroyed object (Car#%u)", (unsigned)molt_object_ref(object).index1);
    must(molt_object_destroy(object));
    assert_false(molt_object_alive(object));
    molt_value value = number(1);
    refused(molt_object_destroy(object), MOLT_ERR_DESTROYED, text);
    refused(molt_object_retain(object), MOLT_ERR_DESTROYED, text);
    refused(molt_object_release(object), MOLT_ERR_DESTROYED, text);
    refused(molt_object_get(object, "fuel", &value), MOLT_ERR_DESTROYED, text);
    refused(molt_object_set(object, "fuel", value), MOLT_ERR_DESTROYED, text);
    refused(molt_object_call(object, "wheels", NULL, 0, NULL), MOLT_ERR_DESTROYED, text);
    refused(molt_object_attach(object, engine(), NULL), MOLT_ERR_DESTROYED, text);
    refused(molt_object_detach(object, vehicle()), MOLT_ERR_DESTROYED, text);
    assert_null(molt_as(object, Vehicle));
    assert_false(molt_object_is(object, vehicle()));
}

static void a_record_tells_its_end_until_the_memory_serves_again(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_destroy(object));
    assert_false(molt_object_alive(object));
    must(molt_world_tick(with.world));
    assert_false(molt_object_alive(object));
    assert_false(molt_object_alive(NULL));
}

static void memory_of_the_ended_waits_for_the_tick(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    Vehicle *handle = molt_as(object, Vehicle);
    handle->fuel = 77;
    must(molt_object_destroy(object));
    assert_ptr_not_equal(new_object(car), object);
    assert_true(handle->fuel == 77);
    must(molt_world_tick(with.world));
    assert_ptr_equal(new_object(car), object);
}

static void memory_that_nobody_can_hold_is_free_at_once(void **state)
{
    (void)state;
    molt_class *car = car_class();
    with.world->border->exposed = 0;
    molt_object *object = new_object(car);
    must(molt_object_destroy(object));
    assert_ptr_equal(new_object(car), object);
}

static void many_generations_need_no_more_memory_than_the_first(void **state)
{
    (void)state;
    molt_class *car = car_class();
    size_t asked = 0;
    for (int round = 0; round < 20; round++) {
        molt_object *objects[2000];
        for (size_t i = 0; i < 2000; i++) objects[i] = new_object(car);
        for (size_t i = 0; i < 2000; i++) must(molt_object_destroy(objects[i]));
        must(molt_world_tick(with.world));
        if (round == 1) asked = with.asked;
    }
    assert_int_equal(with.asked, asked);
}

static void no_promise_is_left_when_all_have_ended(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_impl *ten = engine_impl("Ten", thrust_ten);
    molt_object *objects[200];
    for (size_t i = 0; i < 200; i++) {
        objects[i] = new_object(car);
        if (i % 2) must(molt_object_attach(objects[i], NULL, ten));
        if (i % 3) must(patch(objects[i], "range", 3));
        if (i % 5) must(patch(objects[i], "wheels", 3));
        if (i % 6 == 5) must(patch(objects[i], "thrust", 3));
        if (i % 7 == 1) unpatch(objects[i], "range");
        if (i % 10 == 1) must(molt_object_detach(objects[i], engine()));
        must(molt_object_destroy(objects[i]));
    }
    assert_int_equal(with.world->limbo.promised, 0);
    must(molt_world_tick(with.world));
    assert_int_equal(with.world->limbo.count, 0);
    for (size_t i = 0; i < with.world->shapes.count; i++) {
        const molt_shape *shape = with.world->shapes.item[i];
        assert_null(shape->privates);
        assert_int_equal(shape->live, 0);
    }
}

/* ---- Keeping ---- */

static void retains_and_releases_count(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_retain(object));
    must(molt_object_retain(object));
    assert_int_equal(with.pinned, 1);
    must(molt_object_release(object));
    assert_int_equal(with.unpinned, 0);
    must(molt_object_release(object));
    assert_int_equal(with.unpinned, 1);
    refused(molt_object_release(object), MOLT_ERR_STATE, "is released more often than it was retained");
    assert_true(molt_object_alive(object));
}

static void a_retained_object_can_be_destroyed(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_retain(object));
    must(molt_object_destroy(object));
    assert_false(molt_object_alive(object));
    assert_int_equal(molt_world_live(with.world), 0);
}

/* ---- During a leaf call ---- */

static void what_a_leaf_asks_for_is_done_after_it_returns(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *kept = new_object(car), *ended = new_object(car);
    with.world->border->leaf = 1;
    must(molt_object_retain(kept));
    must(molt_object_destroy(ended));
    must(molt_object_destroy(ended));
    assert_true(molt_object_alive(ended));
    assert_int_equal(with.pinned, 0);
    assert_int_equal(with.world->border->pending, 1);
    with.world->border->leaf = 0;
    molt__pending_drain(with.world);
    assert_int_equal(with.pinned, 1);
    assert_false(molt_object_alive(ended));
    assert_int_equal(with.ended, 1);
    assert_int_equal(with.world->border->pending, 0);
}

static void a_leaf_must_not_attach_or_detach(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    with.world->border->leaf = 1;
    refused(molt_object_attach(object, engine(), NULL), MOLT_ERR_LEAF, "must not attach");
    refused(molt_object_detach(object, vehicle()), MOLT_ERR_LEAF, "must not attach");
    with.world->border->leaf = 0;
}

static void a_release_that_cannot_be_noted_has_not_happened(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_retain(object));
    with.world->border->leaf = 1;
    with.allocations_left = 0;
    assert_int_equal(molt_object_release(object), MOLT_ERR_MEMORY);
    assert_int_equal(object->retains, 1);
    with.allocations_left = -1;
    must(molt_object_release(object));
    with.world->border->leaf = 0;
    molt__pending_drain(with.world);
    assert_int_equal(with.unpinned, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_object_lives_and_knows_its_class),
        TEST(a_handle_leads_back_to_its_object),
        TEST(a_trait_that_it_lacks_has_no_handle),
        TEST(fields_belong_to_one_object),
        TEST(an_id_leads_to_its_object),
        TEST(an_id_is_stale_from_the_objects_end_on),
        TEST(no_id_is_no_object),
        TEST(a_destroyed_object_has_no_id),
        TEST(an_id_fits_a_double),
        TEST(a_place_whose_generations_are_used_up_is_never_used_again),
        TEST(every_generation_of_a_place_is_told_apart_until_it_retires),
        TEST(a_destroyed_object_is_refused_by_name),
        TEST(a_record_tells_its_end_until_the_memory_serves_again),
        TEST(memory_of_the_ended_waits_for_the_tick),
        TEST(memory_that_nobody_can_hold_is_free_at_once),
        TEST(many_generations_need_no_more_memory_than_the_first),
        JOINED_TEST(no_promise_is_left_when_all_have_ended),
        JOINED_TEST(retains_and_releases_count),
        TEST(a_retained_object_can_be_destroyed),
        JOINED_TEST(what_a_leaf_asks_for_is_done_after_it_returns),
        TEST(a_leaf_must_not_attach_or_detach),
        JOINED_TEST(a_release_that_cannot_be_noted_has_not_happened),
    };
    return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
