/* What a host does to objects runs the hooks of their traits, which may fail. */
#include "host.h"

static host with;
static molt_object *object;
static molt_trait *noted, *failing;

static int set_up(void **state)
{
    (void)state;
    host_open(&with);
    assert_int_equal(luaL_dostring(with.L,
        "local molt = require 'molt'\n"
        "log = ''\n"
        "local function note(text) return function() log = log .. text .. ' ' end end\n"
        "molt.trait('Noted', { 'double x = 2', attached = function(self) log = log .. '+' .. self.x .. ' ' end,\n"
        "  detached = note '-' })\n"
        "molt.trait('Failing', { attached = function() if fail == 'attached' then error('no', 0) end end,\n"
        "  detached = function() error('never', 0) end })\n"
        "molt.class('Thing', {})"), 0);
    object = molt_object_new(with.world, molt_class_find(with.world, "Thing"));
    noted = molt_trait_find(with.world, "Noted");
    failing = molt_trait_find(with.world, "Failing");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_close_world_first(&with);
    return 0;
}

static void assert_log(const char *expected)
{
    lua_getglobal(with.L, "log");
    assert_string_equal(lua_tostring(with.L, -1), expected);
    lua_pop(with.L, 1);
}

static void hooks_run_once_at_attach_and_at_detach(void **state)
{
    (void)state;
    assert_int_equal(molt_object_attach(object, noted, NULL), MOLT_OK);
    assert_log("+2 ");
    assert_int_equal(molt_object_detach(object, noted), MOLT_OK);
    assert_log("+2 - ");
    assert_int_equal(molt_object_attach(object, noted, NULL), MOLT_OK);
    assert_int_equal(molt_object_detach(object, noted), MOLT_OK);
    assert_int_equal(molt_object_destroy(object), MOLT_OK);
    assert_log("+2 - +2 - ");
}

static void the_end_of_an_object_runs_detached(void **state)
{
    (void)state;
    assert_int_equal(molt_object_attach(object, noted, NULL), MOLT_OK);
    assert_int_equal(molt_object_destroy(object), MOLT_OK);
    assert_false(molt_object_alive(object));
    assert_log("+2 - ");
}

static void an_attach_whose_hook_fails_is_undone(void **state)
{
    (void)state;
    assert_int_equal(luaL_dostring(with.L, "fail = 'attached'"), 0);
    assert_int_equal(molt_object_attach(object, failing, NULL), MOLT_ERR_LUA);
    assert_string_equal(molt_last_error(with.world), "no");
    assert_false(molt_object_is(object, failing));
    assert_int_equal(molt_object_destroy(object), MOLT_OK);
}

static void a_set_runs_the_hooks_of_each_and_is_undone_whole(void **state)
{
    (void)state;
    const molt_piece both[] = { { .trait = noted }, { .trait = failing } };
    assert_int_equal(molt_object_attach_set(object, both, 2), MOLT_OK);
    assert_log("+2 ");
    assert_int_equal(molt_object_detach(object, failing), MOLT_ERR_LUA);
    assert_int_equal(molt_object_detach(object, noted), MOLT_OK);
    assert_log("+2 - ");
    assert_int_equal(luaL_dostring(with.L, "fail = 'attached'"), 0);
    assert_int_equal(molt_object_attach_set(object, both, 2), MOLT_ERR_LUA);
    assert_string_equal(molt_last_error(with.world), "no");
    assert_false(molt_object_is(object, noted));
    assert_false(molt_object_is(object, failing));
    assert_log("+2 - +2 - ");
}

static void a_detach_whose_hook_fails_completes(void **state)
{
    (void)state;
    assert_int_equal(molt_object_attach(object, failing, NULL), MOLT_OK);
    assert_int_equal(molt_object_detach(object, failing), MOLT_ERR_LUA);
    assert_string_equal(molt_last_error(with.world), "never");
    assert_false(molt_object_is(object, failing));
}

static void an_end_whose_hook_fails_completes(void **state)
{
    (void)state;
    assert_int_equal(molt_object_attach(object, failing, NULL), MOLT_OK);
    assert_int_equal(molt_object_destroy(object), MOLT_ERR_LUA);
    assert_false(molt_object_alive(object));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hooks_run_once_at_attach_and_at_detach, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_an_object_runs_detached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_attach_whose_hook_fails_is_undone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_set_runs_the_hooks_of_each_and_is_undone_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_detach_whose_hook_fails_completes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_end_whose_hook_fails_completes, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
