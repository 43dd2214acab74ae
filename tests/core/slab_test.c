/* Slabs: stable addresses, places, poisoned free cells, pointers that may be anything. */
#include "world_fixture.h"

#include "poison.h"
#include "slab.h"

static molt__pool *bodies(size_t size)
{
    molt__pool *pool = molt__pool_for(with.world, size, true);
    assert_non_null(pool);
    return pool;
}

static molt_object *new_body(molt__pool *pool)
{
    molt_object *body = molt__cell_new(with.world, pool);
    assert_non_null(body);
    return body;
}

static void cells_do_not_overlap_and_are_aligned(void **state)
{
    (void)state;
    const size_t sizes[] = { 40, 41, 48, 100, 1024, 1025, 5000, 33000, 65536, 65537, 200000 };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        molt_object *cells[50];
        for (size_t i = 0; i < 50; i++) {
            cells[i] = new_body(bodies(sizes[s]));
            assert_int_equal((uintptr_t)cells[i] % 8, 0);
            assert_int_equal(cells[i]->generation, 1);
            memset((char *)cells[i] + sizeof(molt_object), (int)i, sizes[s] - sizeof(molt_object));
        }
        for (size_t i = 0; i < 50; i++) {
            const unsigned char *bytes = (const unsigned char *)cells[i];
            for (size_t b = sizeof(molt_object); b < sizes[s]; b++) assert_int_equal(bytes[b], i);
        }
    }
}

static void a_place_leads_to_its_body(void **state)
{
    (void)state;
    for (size_t size = 40; size <= 300000; size = size * 3 / 2) {
        for (int i = 0; i < 20; i++) {
            molt_object *body = new_body(bodies(size));
            uint32_t place = molt__slab_place(with.world, body);
            assert_ptr_equal(molt__slab_at(with.world, place), body);
            assert_ptr_equal(molt__body_pool(with.world, body), bodies(size));
        }
    }
}

static void the_smallest_bodies_have_places_of_their_own(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static molt_object *cells[COUNT];
    for (size_t i = 0; i < COUNT; i++) cells[i] = new_body(bodies(sizeof(molt_object)));
    for (size_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(molt__slab_at(with.world, molt__slab_place(with.world, cells[i])), cells[i]);
    }
}

static void a_place_never_used_is_no_body(void **state)
{
    (void)state;
    assert_null(molt__slab_at(with.world, 0));
    assert_null(molt__slab_at(with.world, 1));
    molt_object *body = new_body(bodies(64));
    uint32_t place = molt__slab_place(with.world, body);
    assert_null(molt__slab_at(with.world, place + 1));
    assert_null(molt__slab_at(with.world, place + (1u << MOLT__POSITION_BITS)));
    assert_null(molt__slab_at(with.world, UINT32_MAX));
}

static void a_free_body_keeps_its_place_and_counts_its_generations(void **state)
{
    (void)state;
    molt_object *body = new_body(bodies(64));
    for (uint32_t generation = 1; generation < 10; generation++) {
        assert_int_equal(body->generation, generation);
        molt__cell_free(bodies(64), body);
        assert_int_equal(body->slot, 0);
        assert_ptr_equal(new_body(bodies(64)), body);
    }
}

static void a_free_cell_serves_again_before_a_fresh_one(void **state)
{
    (void)state;
    void *first = molt__small_new(with.world, 24), *second = molt__small_new(with.world, 24);
    assert_ptr_not_equal(first, second);
    molt__small_free(with.world, first, 24);
    molt__small_free(with.world, second, 24);
    assert_ptr_equal(molt__small_new(with.world, 20), second);
    assert_ptr_equal(molt__small_new(with.world, 24), first);
}

static void nothing_is_freed_by_no_pointer(void **state)
{
    (void)state;
    molt__small_free(with.world, NULL, 24);
}

#ifdef MOLT__ASAN
static void the_sanitizer_sees_what_is_free(void **state)
{
    (void)state;
    char *body = (char *)new_body(bodies(64));
    assert_null(__asan_region_is_poisoned(body, 64));
    assert_non_null(__asan_region_is_poisoned(body + 64, 64));
    molt__cell_free(bodies(64), body);
    /* Slot and generation are read to refuse a stale id; nothing else is. */
    for (size_t i = offsetof(molt_object, shape); i < 64; i++) assert_true(__asan_address_is_poisoned(body + i));
    assert_ptr_equal(new_body(bodies(64)), body);
    assert_null(__asan_region_is_poisoned(body, 64));

    char *block = molt__small_new(with.world, 48);
    assert_null(__asan_region_is_poisoned(block, 48));
    molt__small_free(with.world, block, 48);
    for (size_t i = 0; i < 48; i++) assert_true(__asan_address_is_poisoned(block + i));
}

static void the_sanitizer_sees_a_place_that_has_retired(void **state)
{
    (void)state;
    molt_object *body = new_body(bodies(64));
    body->generation = (1u << MOLT__GENERATION_BITS) - 1;
    molt__cell_free(bodies(64), body);
    assert_int_equal(body->generation, 0);
    for (size_t i = offsetof(molt_object, shape); i < 64; i++) assert_true(__asan_address_is_poisoned((char *)body + i));
}
#endif

/* ---- Bodies of more than a slab ---- */

/* 10,000 doubles in ten traits: 80 KB. */
static molt_class *whale_class(void)
{
    enum { TRAITS_OF_WHALE = 10, FIELDS = 1000 };
    molt_trait *traits[TRAITS_OF_WHALE];
    static char texts[FIELDS][32];
    const char *lines[FIELDS];
    for (int t = 0; t < TRAITS_OF_WHALE; t++) {
        char name[16];
        snprintf(name, sizeof name, "Part%d", t);
        for (int i = 0; i < FIELDS; i++) {
            snprintf(texts[i], sizeof texts[i], "double f%d_%d = %d", t, i, t * FIELDS + i);
            lines[i] = texts[i];
        }
        traits[t] = new_trait(name, lines, FIELDS);
    }
    return new_class("Whale", NULL, traits, TRAITS_OF_WHALE);
}

static void bodies_larger_than_a_slab_work(void **state)
{
    (void)state;
    molt_class *whale = whale_class();
    molt_object *objects[5];
    for (size_t i = 0; i < 5; i++) {
        objects[i] = new_object(whale);
        assert_true(field_of(objects[i], "f0_0") == 0);
        assert_true(field_of(objects[i], "f9_999") == 9999);
        must(molt_object_set(objects[i], "f9_999", number((double)i)));
        assert_ptr_equal(molt_ref_object(with.world, molt_object_ref(objects[i])), objects[i]);
    }
    for (size_t i = 0; i < 5; i++) assert_true(field_of(objects[i], "f9_999") == (double)i);
    molt_ref ref = molt_object_ref(objects[2]);
    must(molt_object_destroy(objects[2]));
    must(molt_world_tick(with.world));
    assert_null(molt_ref_object(with.world, ref));
    assert_ptr_equal(new_object(whale), objects[2]);
}

static void blocks_larger_than_a_slab_can_be_attached(void **state)
{
    (void)state;
    enum { FIELDS = 9000 };
    static char texts[FIELDS][32];
    static const char *lines[FIELDS];
    for (int i = 0; i < FIELDS; i++) {
        snprintf(texts[i], sizeof texts[i], "double f%d = %d", i, i);
        lines[i] = texts[i];
    }
    molt_trait *cargo = new_trait("Cargo", lines, FIELDS);
    molt_object *object = new_object(car_class());
    for (int round = 0; round < 3; round++) {
        must(molt_object_attach(object, cargo, NULL));
        assert_true(field_of(object, "f8999") == 8999);
        must(molt_object_set(object, "f8999", number(1)));
        must(molt_object_detach(object, cargo));
        must(molt_world_tick(with.world));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cells_do_not_overlap_and_are_aligned),
        TEST(a_place_leads_to_its_body),
        TEST(the_smallest_bodies_have_places_of_their_own),
        TEST(a_place_never_used_is_no_body),
        TEST(a_free_body_keeps_its_place_and_counts_its_generations),
        TEST(a_free_cell_serves_again_before_a_fresh_one),
        TEST(nothing_is_freed_by_no_pointer),
#ifdef MOLT__ASAN
        TEST(the_sanitizer_sees_what_is_free),
        TEST(the_sanitizer_sees_a_place_that_has_retired),
#endif
        TEST(bodies_larger_than_a_slab_work),
        TEST(blocks_larger_than_a_slab_can_be_attached),
    };
    return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
