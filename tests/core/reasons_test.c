/* Why something is refused: every reason, whatever the memory allows. */
#include "world_fixture.h"

#include "reasons.h"

static void every_reason_is_told(void **state)
{
    (void)state;
    molt__reasons reasons = { 0 };
    molt__reasons_add(with.world, &reasons, MOLT_ERR_IMAGE, "it has %d heads", 2);
    molt__reasons_hint(with.world, &reasons, "take one");
    molt__reasons_add(with.world, &reasons, MOLT_ERR_VERSION, "it is old");
    assert_int_equal(molt__reasons_fail(with.world, &reasons, "a.so", ", so"), MOLT_ERR_IMAGE);
    assert_string_equal(molt_last_error(with.world), "a.so: refused, so:\nit has 2 heads\nit is old");
    assert_string_equal(molt_last_hint(with.world), "take one");
    size_t count;
    const molt_reason *list = molt__reasons_list(&reasons, &count);
    assert_int_equal(count, 2);
    assert_int_equal(list[1].code, MOLT_ERR_VERSION);
    assert_null(list[1].hint);
    assert_string_equal(list[0].hint, "take one");
    molt__reasons_free(with.world, &reasons);
    assert_false(molt__reasons_any(&reasons));
}

/* Its hint is its own, whatever was added between. */
static void a_reason_is_told_once(void **state)
{
    (void)state;
    molt__reasons reasons = { 0 };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(molt__reasons_add(with.world, &reasons, MOLT_ERR_IMAGE, "it has 2 heads"), MOLT_ERR_IMAGE);
        molt__reasons_hint(with.world, &reasons, "take %d", i);
        molt__reasons_add(with.world, &reasons, MOLT_ERR_VERSION, "it is old");
    }
    molt__reasons_add(with.world, &reasons, MOLT_ERR_FILE, "it is old");     /* another code is another reason */
    size_t count;
    const molt_reason *list = molt__reasons_list(&reasons, &count);
    assert_int_equal(count, 3);
    assert_string_equal(list[0].hint, "take 2");
    assert_null(list[1].hint);
    molt__reasons_free(with.world, &reasons);
}

static void one_that_names_the_file_stands_as_it_is(void **state)
{
    (void)state;
    molt__reasons reasons = { 0 };
    molt__fail(with.world, MOLT_ERR_FILE, "a.so: an empty file");
    molt__hint(with.world, "build it");
    molt__reasons_take(with.world, &reasons);
    molt__reasons_fail(with.world, &reasons, "a.so", ", so");
    assert_string_equal(molt_last_error(with.world), "a.so: an empty file");
    assert_string_equal(molt_last_hint(with.world), "build it");
    molt__reasons_free(with.world, &reasons);
}

/* Whichever allocation fails, the first reason and the number of all are told. */
static void want_of_memory_loses_no_first_reason(void **state)
{
    (void)state;
    for (long allowed = 0; allowed < 8; allowed++) {
        molt__reasons reasons = { 0 };
        with.allocations_left = allowed;
        for (int i = 0; i < 3; i++) molt__reasons_add(with.world, &reasons, MOLT_ERR_IMAGE, "reason %d", i);
        with.allocations_left = -1;
        assert_int_equal(reasons.count + reasons.lost, 3);
        assert_int_equal(molt__reasons_fail(with.world, &reasons, "a.so", ""), MOLT_ERR_IMAGE);
        assert_non_null(strstr(molt_last_error(with.world), "reason 0"));
        if (reasons.lost == 3) assert_non_null(strstr(molt_last_error(with.world), "… and 2 more"));
        molt__reasons_free(with.world, &reasons);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_reason_is_told),
        TEST(a_reason_is_told_once),
        TEST(one_that_names_the_file_stands_as_it_is),
        TEST(want_of_memory_loses_no_first_reason),
    };
    return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}
