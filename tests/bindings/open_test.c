/* A world finds its Lua state: once, with the same idea of memory, or not at all. */
#include "host.h"

static void a_state_and_a_world_have_one_partner_each(void **state)
{
    (void)state;
    host h;
    host_open(&h);
    assert_int_equal(molt_lua_open(h.L, h.world), MOLT_ERR_STATE);
    assert_non_null(strstr(molt_last_error(h.world), "partner"));
    memory m = { 0 };
    molt_world *other = open_world(&m);
    assert_int_equal(molt_lua_open(h.L, other), MOLT_ERR_STATE);
    lua_State *L = open_lua(&m);
    assert_int_equal(molt_lua_open(L, h.world), MOLT_ERR_STATE);
    assert_null(molt_lua_world(L));
    assert_int_equal(molt_lua_open(L, other), MOLT_OK);
    assert_ptr_equal(molt_lua_world(L), other);
    assert_ptr_equal(molt_lua_world(h.L), h.world);
    molt_world_close(other);
    lua_close(L);
    assert_int_equal(m.live, 0);
    host_close_lua_first(&h);
}

static void options_of_another_version_are_refused(void **state)
{
    (void)state;
    memory m = { 0 };
    molt_world *world = open_world(&m);
    lua_State *L = open_lua(&m);
    const molt_lua_options wrong = { .size = sizeof wrong + 8 };
    assert_int_equal(molt_lua_open_with(L, world, &wrong), MOLT_ERR_VERSION);
    const molt_lua_options right = { .size = sizeof right, .keep_jit_limits = true };
    assert_int_equal(molt_lua_open_with(L, world, &right), MOLT_OK);
    molt_world_close(world);
    lua_close(L);
    assert_int_equal(m.live, 0);
}

/* What another molt, or anything else, may have declared before. */
static void check_conflict(const char *declaration, const char *said)
{
    memory m = { 0 };
    molt_world *world = open_world(&m);
    lua_State *L = open_lua(&m);
    lua_pushstring(L, declaration);
    lua_setglobal(L, "declaration");
    run(L, "require('ffi').cdef(declaration)");
    int err = molt_lua_open(L, world);
    assert_int_not_equal(err, MOLT_OK);
    assert_true(err == MOLT_ERR_VERSION || err == MOLT_ERR_LUA);
    if (!strstr(molt_last_error(world), said)) fail_msg("%s", molt_last_error(world));
    /* Both go on without each other, and close in peace. */
    assert_true(number(L, "package.cpath = '' return pcall(require, 'molt') and 1 or 2") == 2);
    const molt_trait_lines lines = { .size = sizeof lines, .name = "Alone", .line_count = 0 };
    assert_non_null(molt_trait_declare(world, &lines));
    molt_world_close(world);
    lua_close(L);
    assert_int_equal(m.live, 0);
}

static void conflicting_declarations_in_lua_are_refused(void **state)
{
    (void)state;
    check_conflict("typedef struct molt_object { int slot; } molt_object;", "molt");
    check_conflict("typedef struct molt_object molt_object; struct molt_object { int32_t slot; uint32_t generation; void *shape;"
                   " void *peer; void *extension; uint32_t retains; uint32_t flags; uint64_t more; };", "molt");
    check_conflict("typedef struct molt_border { int32_t leaf; } molt_border;", "molt");
    check_conflict("typedef int molt_object;", "molt");
}

static const char *const use_it =
    "local molt = require 'molt'\n"
    "local T = molt.trait('T', { 'double x = 1', 'double get()' })\n"
    "local C = molt.class('C', { T })\n"
    "function C:get() return self.x end\n"
    "local o = C { x = 3 }\n"
    "local v = molt.as(o, T)\n"
    "assert(o:get() == 3 and v.x == 3)\n";

/* Fails the nth allocation (or all from the nth) until opening needs no more. */
static void check_opening(bool once, size_t step)
{
    size_t n = 1;
    bool opened = false;
    for (; !opened; n += step) {
        memory ours = { 0 }, lua = { 0 };
        molt_world *world = open_world(&ours);
        lua_State *L = open_lua(&lua);
        memory *m = &lua;
        m->fail_at = m->calls + n;
        m->once = once;
        size_t before = m->calls;
        int err = molt_lua_open(L, world);
        opened = m->calls - before < n;
        m->fail_at = 0;
        if (err != MOLT_OK && opened) fail_msg("n = %zu: %s", n, molt_last_error(world));
        if (err == MOLT_OK) run(L, use_it);
        else assert_true(number(L, "package.cpath = '' return pcall(require, 'molt') and 1 or 2") == 2);
        if (n % 2) {
            molt_world_close(world);
            lua_close(L);
        } else {
            lua_close(L);
            molt_world_close(world);
        }
        if (lua.live || ours.live) fail_msg("n = %zu: %zu and %zu bytes are left", n, lua.live, ours.live);
    }
    assert_true(n > step + 1);
}

static void opening_without_memory_for_lua_fails_cleanly(void **state)
{
    (void)state;
    /* An odd step, so that both orders of closing have their turn. */
    size_t step = getenv("MOLT_TEST_LONG") ? 1 : 5;
    check_opening(false, step);
    check_opening(true, step);
}

static void opening_without_memory_for_the_world_fails_cleanly(void **state)
{
    (void)state;
    /* Opening asks for nothing of the world's: what follows does. */
    for (size_t n = 1; n < 400; n++) {
        host h;
        host_open(&h);
        h.world_memory.fail_at = h.world_memory.calls + n;
        h.world_memory.once = n % 3 == 0;
        bool failed = luaL_loadstring(h.L, use_it) || lua_pcall(h.L, 0, 0, 0);
        bool reached = h.world_memory.calls >= h.world_memory.fail_at;
        h.world_memory.fail_at = 0;
        if (failed && !reached) fail_msg("%s", lua_tostring(h.L, -1));
        lua_settop(h.L, 0);
        if (n % 2) host_close_world_first(&h);
        else host_close_lua_first(&h);
        if (!reached) return;
    }
    fail_msg("it never had enough");
}

static void verbs_without_memory_for_lua_leave_no_damage(void **state)
{
    (void)state;
    static const char *const verbs =
        "local A, E, C, molt = A, E, C, molt\n"
        "local o, p = C { x = 1 }, C { x = 2 }\n"
        "objects[1], objects[2] = o, p\n"
        "local v = molt.as(o, A)\n"
        "molt.attach(o, E, { heat = 5 })\n"
        "objects[3] = molt.as(o, E)\n"
        "molt.override(o, 'get', function() return 9 end)\n"
        "local q = molt.clone(o)\n"
        "objects[4] = q\n"
        "function C:get() return -self.x end\n"
        "assert(o:get() == 9 and p:get() == -2 and v.x == 1)\n"
        "molt.detach(o, E)\n"
        "for x in molt.each(C) do objects[5] = x end\n"
        "molt.destroy(p)\n"
        "molt.tick()\n"
        "for i = 1, 40 do C() end\n";
    static const char *const look =
        "for _, o in pairs(objects) do\n"
        "  pcall(function() return o.x, o.heat end)\n"
        "  pcall(function() o.x = 4; o.heat = 7 end)\n"
        "  pcall(tostring, o)\n"
        "  pcall(function() o:get() end)\n"
        "  if molt.alive(o) and type(o) == 'table' then assert(o.x == 4) end\n"
        "end\n"
        "for o in molt.each() do pcall(tostring, o); o.x = 3 end\n"
        "collectgarbage(); molt.tick(); collectgarbage(); molt.tick()\n"
        "local n = C(); assert(n.x == 1)\n";
    bool done = false;
    for (size_t n = 1; !done; n++) {
        /* Compiled code that runs out of memory crashes in LuaJIT, without Molt as well
         * (docs/decisions/0004-memory-refused-to-compiled-code.md): the compiler is off,
         * from before molt opens (which then reads fields in C) or after. */
        host h = { 0 };
        h.world = open_world(&h.world_memory);
        h.L = open_lua(&h.lua_memory);
        if (n / 2 % 2) run(h.L, "jit.off()");
        assert_int_equal(molt_lua_open(h.L, h.world), MOLT_OK);
        run(h.L, "jit.off(); jit.flush()");
        teach(h.L);
        run(h.L, "A = molt.trait('A', { 'double x = 1', 'double get()' })\n"
                 "E = molt.trait('E', { 'double heat = 20' })\n"
                 "C = molt.class('C', { A }); function C:get() return self.x end\n"
                 "objects = {}; C()\n");
        assert_int_equal(luaL_loadstring(h.L, verbs), 0);
        h.lua_memory.once = n % 2 == 0;
        h.lua_memory.fail_at = h.lua_memory.calls + n;
        bool failed = lua_pcall(h.L, 0, 0, 0) != 0;
        done = h.lua_memory.calls < h.lua_memory.fail_at;
        h.lua_memory.fail_at = 0;
        if (failed && done) fail_msg("%s", lua_tostring(h.L, -1));
        lua_settop(h.L, 0);
        run(h.L, look);
        if (n % 2) host_close_world_first(&h);
        else host_close_lua_first(&h);
    }
}

static void two_worlds_live_in_two_states(void **state)
{
    (void)state;
    host a, b;
    host_open(&a);
    host_open(&b);
    run(a.L, use_it);
    run(b.L, use_it);
    teach(a.L);
    teach(b.L);
    /* The same name, another trait. */
    run(a.L, "U = molt.trait('U', { 'double y = 1' }); D = molt.class('D', { U }); o = D(); o.y = 5");
    run(b.L, "U = molt.trait('U', { 'int32_t z = 2', 'double y' }); D = molt.class('D', { U }); o = D()");
    assert_true(number(a.L, "return o.y") == 5);
    assert_true(number(b.L, "return o.z") == 2);
    run(a.L, "return o");
    molt_object *object = molt_lua_object(a.L, -1);
    assert_ptr_equal(molt_object_world(object), a.world);
    double id = molt_object_id(object);
    assert_null(molt_id_object(b.world, id * 4));
    assert_null(molt_class_find(b.world, "Nobody"));
    host_close_world_first(&a);
    assert_true(number(b.L, "o.z = 7; for i = 1, 1000 do D() end; molt.tick(); return o.z") == 7);
    host_close_lua_first(&b);
}

static void a_world_opened_in_a_coroutine_serves_the_main_thread(void **state)
{
    (void)state;
    host h = { 0 };
    h.world = open_world(&h.world_memory);
    h.L = open_lua(&h.lua_memory);
    lua_State *coroutine = lua_newthread(h.L);
    assert_int_equal(molt_lua_open(coroutine, h.world), MOLT_OK);
    lua_settop(h.L, 0);
    for (int i = 0; i < 5; i++) lua_gc(h.L, LUA_GCCOLLECT, 0);
    teach(h.L);
    run(h.L, "Probe = molt.trait('Probe', { 'double count', 'int32_t gears = 5', 'double answer(double x)', 'double again(double x)' })\n"
             "C = molt.class('C', { Probe }); function C:answer(x) return x + 1 end; function C:again(x) return self.none.x end");
    molt_object *object = molt_object_new(h.world, molt_class_find(h.world, "C"));
    Probe *probe = molt_as(object, Probe);
    for (int i = 0; i < 100; i++) {
        assert_true(molt_call(probe, answer, i) == i + 1);
        assert_true(molt_call(probe, again, i) == 0);
        assert_int_equal(molt_error_take(h.world, NULL), MOLT_ERR_LUA);
        lua_gc(h.L, LUA_GCCOLLECT, 0);
    }
    host_close_lua_first(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_and_a_world_have_one_partner_each),
        cmocka_unit_test(options_of_another_version_are_refused),
        cmocka_unit_test(conflicting_declarations_in_lua_are_refused),
        cmocka_unit_test(opening_without_memory_for_lua_fails_cleanly),
        cmocka_unit_test(opening_without_memory_for_the_world_fails_cleanly),
        cmocka_unit_test(verbs_without_memory_for_lua_leave_no_damage),
        cmocka_unit_test(two_worlds_live_in_two_states),
        cmocka_unit_test(a_world_opened_in_a_coroutine_serves_the_main_thread),
    };
    return cmocka_run_group_tests_name("a world finds its Lua state", tests, NULL, NULL);
}
