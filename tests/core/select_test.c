/* A trait under other names: the algebra of without, rename and alias. */
#include "world_fixture.h"

#include "select.h"

static const char *n(const char *text)
{
    return molt__name(with.world, text);
}

static molt_trait *scene(void)
{
    return new_trait("Scene", LINES("void a()", "void b()", "void c()"));
}

static const molt__selection *take(const molt__selection *from, molt__select_verb verb, const char *old, const char *new)
{
    const molt__selection *made;
    const char *names[] = { n(old), new ? n(new) : NULL };
    assert_true(molt__select(molt_trait_find(with.world, "Scene"), from, verb, names, new ? 2 : 1, &made));
    return made;
}

static const molt__selection *both(const molt__selection *a, const molt__selection *b)
{
    const molt__selection *made;
    assert_true(molt__select_unite(molt_trait_find(with.world, "Scene"), a, b, &made));
    return made;
}

static void equal_selections_are_one(void **state)
{
    (void)state;
    scene();
    const molt__selection *one = take(take(NULL, MOLT__RENAME, "a", "x"), MOLT__WITHOUT, "b", NULL);
    const molt__selection *other = take(take(NULL, MOLT__WITHOUT, "b", NULL), MOLT__RENAME, "a", "x");
    assert_non_null(one);
    assert_ptr_equal(one, other);
    assert_ptr_equal(take(one, MOLT__WITHOUT, "b", NULL), one);
}

static void a_name_that_goes_and_comes_back_leaves_the_trait(void **state)
{
    (void)state;
    scene();
    assert_null(take(take(NULL, MOLT__RENAME, "a", "x"), MOLT__RENAME, "x", "a"));
    assert_null(take(NULL, MOLT__WITHOUT, "nobody", NULL));
}

static void uniting_is_commutative_associative_and_idempotent(void **state)
{
    (void)state;
    scene();
    const molt__selection *all[5] = {
        NULL, take(NULL, MOLT__WITHOUT, "a", NULL), take(NULL, MOLT__RENAME, "a", "x"),
        take(NULL, MOLT__ALIAS, "b", "a"), take(take(NULL, MOLT__RENAME, "b", "c"), MOLT__WITHOUT, "c", NULL),
    };
    for (int i = 0; i < 5; i++) {
        assert_ptr_equal(both(all[i], all[i]), all[i]);
        for (int j = 0; j < 5; j++) {
            assert_ptr_equal(both(all[i], all[j]), both(all[j], all[i]));
            for (int k = 0; k < 5; k++) {
                assert_ptr_equal(both(both(all[i], all[j]), all[k]), both(all[i], both(all[j], all[k])));
            }
        }
    }
}

static void the_verbs_distribute_over_uniting(void **state)
{
    (void)state;
    scene();
    const molt__selection *a = take(NULL, MOLT__RENAME, "a", "x"), *b = take(NULL, MOLT__ALIAS, "a", "x");
    assert_ptr_equal(take(both(a, b), MOLT__WITHOUT, "x", NULL),
                     both(take(a, MOLT__WITHOUT, "x", NULL), take(b, MOLT__WITHOUT, "x", NULL)));
    assert_ptr_equal(take(both(a, b), MOLT__RENAME, "x", "y"),
                     both(take(a, MOLT__RENAME, "x", "y"), take(b, MOLT__RENAME, "x", "y")));
    assert_ptr_equal(take(both(a, b), MOLT__ALIAS, "x", "z"),
                     both(take(a, MOLT__ALIAS, "x", "z"), take(b, MOLT__ALIAS, "x", "z")));
}

static void a_slot_stays_filled_by_one_name(void **state)
{
    (void)state;
    scene();
    const molt__selection *renamed = take(NULL, MOLT__RENAME, "a", "x");
    assert_ptr_equal(molt__select_slot(renamed, n("a")), n("x"));
    assert_ptr_equal(molt__select_slot(take(renamed, MOLT__WITHOUT, "x", NULL), n("a")), n("x"));
    assert_ptr_equal(molt__select_slot(both(renamed, NULL), n("a")), n("a"));
    assert_ptr_equal(molt__select_slot(take(NULL, MOLT__ALIAS, "a", "x"), n("a")), n("a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(equal_selections_are_one),
        TEST(a_name_that_goes_and_comes_back_leaves_the_trait),
        TEST(uniting_is_commutative_associative_and_idempotent),
        TEST(the_verbs_distribute_over_uniting),
        TEST(a_slot_stays_filled_by_one_name),
    };
    return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
