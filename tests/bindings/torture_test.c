/* The torture of tests/lua/torture.lua, cut off by the end of the world, of the Lua
 * state, or of one and then the other. */
#include "host.h"

static const char *const start =
    "package.path = '" MOLT_SOURCE_DIR "/tests/lua/?.lua;' .. package.path\n"
    "molt = require 'molt'\n"
    "torture = require 'torture'\n"
    "native = assert(molt.load '" MOLT_BINARY_DIR "/tests/natives/border')\n"
    "-- Used by finalizers to the end.\n"
    "function Go(seed) return torture.run { seed = seed, rounds = 150, native = native, most = 20 } end\n";

static void cut_off(unsigned seed)
{
    host h = { 0 };
    h.world = open_world(&h.world_memory);
    h.L = open_lua(&h.lua_memory);
    const molt_lua_options options = { .size = sizeof options };
    assert_int_equal(molt_lua_open_with(h.L, h.world, &options), MOLT_OK);
    run(h.L, start);
    lua_getglobal(h.L, "Go");
    lua_pushnumber(h.L, seed);
    if (lua_pcall(h.L, 1, 0, 0)) fail_msg("%s", lua_tostring(h.L, -1));
    for (unsigned i = 0; i < seed % 5; i++) molt_object_new(h.world, molt_class_find(h.world, "TortureK1"));
    if (seed % 3 == 0) assert_int_equal(molt_world_tick(h.world), MOLT_OK);
    if (seed % 2) {
        molt_world_close(h.world);
        run(h.L, "collectgarbage(); collectgarbage()");
        assert_true(number(h.L, "return pcall(Go, 1) and 1 or 2") == 2);
        lua_close(h.L);
    } else {
        lua_close(h.L);
        assert_int_equal(molt_world_tick(h.world), MOLT_OK);
        molt_world_close(h.world);
    }
    host_check_empty(&h);
}

static void the_end_comes_in_the_middle_of_everything(void **state)
{
    (void)state;
    const char *seed = getenv("MOLT_SEED");
    if (seed) {
        cut_off((unsigned)strtoul(seed, NULL, 10));
        return;
    }
    unsigned count = getenv("MOLT_TEST_LONG") ? 2000 : 30;
    for (unsigned i = 1; i <= count; i++) {
        cut_off(i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_end_comes_in_the_middle_of_everything) };
    return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}
