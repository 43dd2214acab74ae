/* Names: kept once, hashed well, and the search for a near one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "name.h"

static int open_world(void **state)
{
    *state = molt_world_open(NULL);
    return *state != NULL ? 0 : -1;
}

static int close_world(void **state)
{
    molt_world_close(*state);
    return 0;
}

static void equal_names_are_one_pointer(void **state)
{
    char text[] = "fuel";
    const char *first = molt__name(*state, "fuel");
    assert_string_equal(first, "fuel");
    assert_ptr_equal(molt__name(*state, text), first);
    assert_ptr_equal(molt__name_span(*state, "fuelled", 4), first);
}

static void a_name_is_a_copy(void **state)
{
    char text[] = "power";
    const char *name = molt__name(*state, text);
    text[0] = 't';
    assert_string_equal(name, "power");
    assert_ptr_not_equal(molt__name(*state, text), name);
}

static void a_prefix_is_another_name(void **state)
{
    assert_ptr_not_equal(molt__name(*state, "fuel"), molt__name(*state, "fue"));
    assert_ptr_not_equal(molt__name(*state, ""), molt__name(*state, "f"));
}

static void finding_a_name_does_not_make_it(void **state)
{
    assert_null(molt__name_find(*state, "never said before"));
    assert_null(molt__name_find(*state, "never said before"));
    const char *name = molt__name(*state, "never said before");
    assert_ptr_equal(molt__name_find(*state, "never said before"), name);
}

static void names_stay_where_they_are_while_the_table_grows(void **state)
{
    enum { COUNT = 20000 };
    const char **names = malloc(COUNT * sizeof *names);
    char text[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "name%d", i);
        names[i] = molt__name(*state, text);
        assert_non_null(names[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "name%d", i);
        assert_string_equal(names[i], text);
        assert_ptr_equal(molt__name_find(*state, text), names[i]);
        assert_ptr_equal(molt__name(*state, text), names[i]);
    }
    free(names);
}

static void names_of_like_texts_spread_over_a_small_table(void **state)
{
    enum { BUCKETS = 64, COUNT = 640 };
    int bucket[BUCKETS] = { 0 };
    int fullest = 0;
    for (int i = 0; i < COUNT; i++) {
        char text[32];
        snprintf(text, sizeof text, "field_%d", i);
        int *here = &bucket[molt__name_hash(molt__name(*state, text)) % BUCKETS];
        *here += 1;
        fullest = *here > fullest ? *here : fullest;
    }
    assert_true(fullest < 3 * COUNT / BUCKETS);
}

/* An allocator that refuses once its patience is at an end. */
static int patience;

static void *refuse(void *user, size_t size, size_t align)
{
    return patience-- > 0 ? molt_config_default().allocate(user, size, align) : NULL;
}

static void a_name_that_finds_no_memory_leaves_the_table_whole(void **state)
{
    (void)state;
    molt_config config = molt_config_default();
    config.allocate = refuse;
    patience = 1000;
    molt_world *world = molt_world_open(&config);
    assert_non_null(world);
    char text[32];
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "name%d", i);
        patience = 0;
        assert_true(molt__name(world, text) == NULL || molt__name_find(world, text) != NULL);
        patience = 1;                                /* room for the table or the name, not both */
        molt__name(world, text);
        patience = 2;
        assert_string_equal(molt__name(world, text), text);
    }
    assert_int_equal(molt_last_code(world), MOLT_ERR_MEMORY);
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "name%d", i);
        assert_string_equal(molt__name_find(world, text), text);
    }
    molt_world_close(world);
}

static const char *near_one(const char *wanted, const char *const *candidates)
{
    molt__near search = molt__near_begin(wanted);
    for (; *candidates != NULL; candidates++) {
        molt__near_offer(&search, *candidates);
    }
    return molt__near_result(&search);
}

static const char *const members[] = { "fuel", "power", "passengers", "driver", "range", NULL };

static void a_missing_letter_is_near(void **state)
{
    (void)state;
    assert_string_equal(near_one("fue", members), "fuel");
    assert_string_equal(near_one("passengrs", members), "passengers");
}

static void a_wrong_letter_is_near(void **state)
{
    (void)state;
    assert_string_equal(near_one("drivar", members), "driver");
}

static void two_letters_swapped_are_one_mistake(void **state)
{
    (void)state;
    assert_string_equal(near_one("feul", members), "fuel");
}

static void what_is_far_is_not_offered(void **state)
{
    (void)state;
    assert_null(near_one("fish", members));
    assert_null(near_one("wheels", members));
    assert_null(near_one("", members));
}

static void more_than_a_third_of_the_letters_is_far(void **state)
{
    (void)state;
    const char *const one[] = { "abcdef", NULL };
    assert_string_equal(near_one("abcdxx", one), "abcdef");
    assert_null(near_one("abcxxx", one));
}

static void the_nearest_wins(void **state)
{
    (void)state;
    const char *const some[] = { "rangers", "ranged", "range", "ranges", NULL };
    assert_string_equal(near_one("rangee", some), "ranged");
    assert_string_equal(near_one("rang", some), "range");
}

static void very_long_names_are_not_compared(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    const char *const some[] = { text, NULL };
    assert_null(near_one(text + 1, some));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_names_are_one_pointer),
        cmocka_unit_test(a_name_is_a_copy),
        cmocka_unit_test(a_prefix_is_another_name),
        cmocka_unit_test(finding_a_name_does_not_make_it),
        cmocka_unit_test(names_stay_where_they_are_while_the_table_grows),
        cmocka_unit_test(names_of_like_texts_spread_over_a_small_table),
        cmocka_unit_test(a_name_that_finds_no_memory_leaves_the_table_whole),
        cmocka_unit_test(a_missing_letter_is_near),
        cmocka_unit_test(a_wrong_letter_is_near),
        cmocka_unit_test(two_letters_swapped_are_one_mistake),
        cmocka_unit_test(what_is_far_is_not_offered),
        cmocka_unit_test(more_than_a_third_of_the_letters_is_far),
        cmocka_unit_test(the_nearest_wins),
        cmocka_unit_test(very_long_names_are_not_compared),
    };
    return cmocka_run_group_tests_name("name", tests, open_world, close_world);
}
