/* A host calls methods, keeps objects and hands them over. */
#include "host.h"

static double native_answer(Probe *self, double x)
{
    self->count += 1;
    return x + 1;
}

static double native_again(Probe *self, double x)
{
    return molt_call(self, answer, x) * 2;
}

static double native_warm(Extra *self, double by)
{
    return self->heat += by;
}

typedef struct fixture {
    host h;
    molt_impl *native;
    molt_impl *leaf;
    molt_class *car;
    molt_object *object;
    Probe *probe;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    host_open(&f->h);
    const Probe_vtable functions = { .answer = native_answer, .again = native_again };
    f->native = molt_impl_register(f->h.world, &Probe_trait, "Native", &functions, 0, "call_test.c");
    f->leaf = molt_impl_register(f->h.world, &Probe_trait, "Leaf", &functions, 3, "call_test.c");
    const Extra_vtable extra = { .warm = native_warm };
    assert_non_null(molt_impl_register(f->h.world, &Extra_trait, "Warm", &extra, 1, "call_test.c"));
    teach(f->h.L);
    run(f->h.L,
        "Probe, Extra = molt.find 'Probe', molt.find 'Extra'\n"
        "function Extra.warm(self, by) return self.heat + by end\n"
        "Car = molt.class('Car', { Probe })\n"
        "function Car.answer(self, x) self.count = self.count + 1; return x * 10 end\n"
        "function Car.again(self, x) return -x end\n");
    f->car = molt_class_find(f->h.world, "Car");
    f->object = molt_object_new(f->h.world, f->car);
    assert_non_null(f->object);
    f->probe = molt_as(f->object, Probe);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    assert_false(molt_error_pending(f->h.world));
    host_close_lua_first(&f->h);
    free(f);
    return 0;
}

static void a_handle_reaches_lua_and_native_methods(void **state)
{
    fixture *f = *state;
    Probe *probe = f->probe;
    assert_true(molt_call(probe, answer, 4) == 40);
    assert_true(molt_call(probe, again, 4) == -4);
    assert_int_equal(molt_class_use(f->car, NULL, f->native), MOLT_OK);
    assert_true(molt_call(probe, answer, 4) == 5);
    assert_true(molt_call(probe, again, 4) == 10);
    run(f->h.L, "function Car.answer(self, x) return x * 100 end");
    assert_true(molt_call(probe, again, 4) == 800);
    assert_int_equal(molt_class_drop(f->car, NULL, f->native), MOLT_OK);
    assert_true(molt_call(probe, again, 4) == -4);
    assert_int_equal(molt_class_use(f->car, NULL, f->leaf), MOLT_OK);
    assert_true(molt_call(probe, again, 4) == 10);
    run(f->h.L, "function Car.answer(self, x) return x * 7 end");
    assert_true(molt_call(probe, again, 4) == 56);      /* not through FFI: allowed */
    assert_true(probe->count == 4);
    assert_int_equal(lua_gettop(f->h.L), 0);
}

static void a_patch_answers_the_host_and_goes_again(void **state)
{
    fixture *f = *state;
    lua_State *L = f->h.L;
    molt_lua_push(L, f->object);
    lua_setglobal(L, "car");
    run(L, "patch = molt.override(car, 'answer', function(self, x) return 'x' and 1 end)");
    assert_true(molt_call(f->probe, answer, 4) == 1);
    run(L, "rawset(car, 'answer', nil)");
    assert_true(molt_call(f->probe, answer, 4) == 40);
    run(L, "car.answer = function() return 2 end");
    assert_true(molt_call(f->probe, answer, 4) == 2);
    assert_int_equal(molt_class_use(f->car, NULL, f->native), MOLT_OK);
    assert_true(molt_call(f->probe, again, 4) == 4);
    run(L, "molt.restore(car)");
    assert_true(molt_call(f->probe, again, 4) == 10);
}

static void a_method_is_called_by_name(void **state)
{
    fixture *f = *state;
    molt_world *world = f->h.world;
    const molt_value whole = { MOLT_INT32, { .i32 = 6 } }, text = { MOLT_BOOL, { .boolean = true } };
    molt_value result = { .kind = MOLT_VOID };
    assert_int_equal(molt_object_call(f->object, "answer", &whole, 1, &result), MOLT_OK);
    assert_true(result.kind == MOLT_DOUBLE && result.as.f64 == 60);
    assert_int_equal(molt_class_use(f->car, NULL, f->native), MOLT_OK);
    assert_int_equal(molt_object_call(f->object, "answer", &whole, 1, &result), MOLT_OK);
    assert_true(result.as.f64 == 7);
    assert_int_equal(molt_object_call(f->object, "answer", &whole, 1, NULL), MOLT_OK);
    assert_int_equal(molt_object_call(f->object, "anser", &whole, 1, &result), MOLT_ERR_UNKNOWN);
    assert_non_null(strstr(molt_last_hint(world), "answer"));
    assert_int_equal(molt_object_call(f->object, "answer", &whole, 0, &result), MOLT_ERR_ARGUMENT);
    assert_int_equal(molt_object_call(f->object, "answer", &text, 1, &result), MOLT_ERR_TYPE);
    run(f->h.L, "function Car.answer() error('no', 0) end");
    assert_int_equal(molt_object_call(f->object, "answer", &whole, 1, &result), MOLT_ERR_LUA);
    const char *said;
    assert_int_equal(molt_error_take(world, &said), MOLT_ERR_LUA);
    assert_string_equal(said, "no");
}

static void an_error_waits_for_the_host(void **state)
{
    fixture *f = *state;
    molt_world *world = f->h.world;
    const char *text;
    run(f->h.L, "function Car.answer(self, x) error(raised, 0) end");
    static const struct { const char *set, *said; } errors[] = {
        { "raised = 'plain'", "plain" }, { "raised = 42", "42" }, { "raised = 0.5", "0.5" },
        { "raised = nil", "not a string" }, { "raised = { message = 'mine' }", "mine" },
        { "raised = {}", "error object" }, { "raised = print", "not a string" },
        { "raised = setmetatable({}, { __index = error, __tostring = error })", "error object" },
    };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        run(f->h.L, errors[i].set);
        assert_true(molt_call(f->probe, answer, 4) == 0);
        assert_true(molt_error_pending(world));
        assert_int_equal(molt_error_take(world, &text), MOLT_ERR_LUA);
        if (!strstr(text, errors[i].said)) fail_msg("%s: %s", errors[i].set, text);
        assert_int_equal(molt_error_take(world, &text), MOLT_OK);
        assert_string_equal(text, "");
    }
}

static void the_first_error_stays_and_others_do_not_see_it(void **state)
{
    fixture *f = *state;
    const char *text;
    run(f->h.L,
        "n = 0\n"
        "function Car.answer(self, x) n = n + 1; error('error ' .. n, 0) end\n"
        "function Car.again(self, x) return 5 end\n");
    assert_true(molt_call(f->probe, answer, 1) == 0);
    assert_true(molt_call(f->probe, again, 1) == 5);
    assert_true(molt_call(f->probe, answer, 1) == 0);
    assert_int_equal(molt_error_take(f->h.world, &text), MOLT_ERR_LUA);
    assert_string_equal(text, "error 1");
    assert_false(molt_error_pending(f->h.world));
}

static double trouble(Probe *self, double x)
{
    molt_world *world = molt_object_world(molt_object_of(self));
    molt_call(self, answer, x);                         /* raises */
    const char *text;
    assert_int_equal(molt_error_take(world, &text), MOLT_ERR_LUA);
    molt_object_destroy(molt_object_of(self));
    return molt_call(self, answer, x);                  /* refused: the object has ended */
}

static void an_error_that_was_taken_is_not_raised_for_the_next(void **state)
{
    fixture *f = *state;
    const Probe_vtable functions = { .again = trouble };
    molt_impl *impl = molt_impl_register(f->h.world, &Probe_trait, "Trouble", &functions, 0, "call_test.c");
    assert_int_equal(molt_class_use(f->car, NULL, impl), MOLT_OK);
    run(f->h.L,
        "function Car.answer() error('taken', 0) end\n"
        "code, message = fails(function() return Car():again(1) end)\n"
        "assert(code == 'destroyed' and message:find 'Probe.answer', tostring(code) .. tostring(message))\n");
}

static void a_method_of_an_ended_object_answers_nothing(void **state)
{
    fixture *f = *state;
    molt_ref ref = molt_object_ref(f->object);
    assert_ptr_equal(molt_ref_object(f->h.world, ref), f->object);
    assert_int_equal(molt_object_destroy(f->object), MOLT_OK);
    assert_int_equal(molt_object_destroy(f->object), MOLT_ERR_DESTROYED);
    assert_null(molt_ref_object(f->h.world, ref));
    assert_null(molt_as(f->object, Probe));
    assert_int_equal(molt_object_retain(f->object), MOLT_ERR_DESTROYED);
    assert_true(molt_call(f->probe, answer, 1) == 0);   /* the handle is good until the tick */
    assert_int_equal(molt_error_take(f->h.world, NULL), MOLT_ERR_DESTROYED);
    assert_int_equal(molt_world_tick(f->h.world), MOLT_OK);
    for (int i = 0; i < 100; i++) {
        molt_object *other = molt_object_new(f->h.world, f->car);
        assert_null(molt_ref_object(f->h.world, ref));
        assert_int_equal(molt_object_destroy(other), MOLT_OK);
        assert_int_equal(molt_world_tick(f->h.world), MOLT_OK);
    }
    lua_State *L = f->h.L;
    molt_lua_push(L, NULL);
    assert_true(lua_isnil(L, -1));
    lua_pop(L, 1);
}

static void objects_go_to_lua_and_come_back(void **state)
{
    fixture *f = *state;
    lua_State *L = f->h.L;
    molt_lua_push(L, f->object);
    assert_true(lua_istable(L, -1));
    assert_ptr_equal(molt_lua_object(L, -1), f->object);
    molt_lua_push(L, f->object);
    assert_true(lua_rawequal(L, -1, -2));
    lua_setglobal(L, "car");
    run(L, "car.note = 'here'; return molt.as(car, Probe), {}, setmetatable({ [0] = car[0] }, {}), 5, newproxy(true)");
    assert_ptr_equal(molt_lua_object(L, 2), f->object);
    for (int i = 3; i <= 6; i++) {
        assert_null(molt_lua_object(L, i));
        assert_int_not_equal(molt_last_code(f->h.world), MOLT_OK);
    }
    assert_null(molt_lua_object(L, 50));
    lua_settop(L, 0);
    /* The host's object keeps its table, whatever Lua holds. */
    run(L, "car = nil; collectgarbage(); collectgarbage()");
    molt_lua_push(L, f->object);
    lua_getfield(L, -1, "note");
    assert_string_equal(lua_tostring(L, -1), "here");
    lua_settop(L, 0);
    assert_int_equal(molt_object_destroy(f->object), MOLT_OK);
    run(L, "collectgarbage(); collectgarbage(); for o in molt.each() do error('alive') end");
}

static void what_the_host_retains_stays_with_its_table(void **state)
{
    fixture *f = *state;
    lua_State *L = f->h.L;
    run(L, "local o = Car { count = 3 }; o.note = 'kept'; return o");
    molt_object *kept = molt_lua_object(L, -1);
    assert_int_equal(molt_object_retain(kept), MOLT_OK);
    assert_int_equal(molt_object_retain(kept), MOLT_OK);
    assert_int_equal(molt_object_release(kept), MOLT_OK);
    molt_ref ref = molt_object_ref(kept);
    lua_settop(L, 0);
    for (int i = 0; i < 3; i++) run(L, "collectgarbage(); molt.tick()");
    assert_ptr_equal(molt_ref_object(f->h.world, ref), kept);
    molt_lua_push(L, kept);
    lua_getfield(L, -1, "note");
    assert_string_equal(lua_tostring(L, -1), "kept");
    lua_settop(L, 0);
    assert_int_equal(molt_object_release(kept), MOLT_OK);
    assert_int_equal(molt_object_release(kept), MOLT_ERR_STATE);
    for (int i = 0; i < 3; i++) run(L, "collectgarbage(); molt.tick()");
    assert_null(molt_ref_object(f->h.world, ref));
    assert_int_equal(molt_world_live(f->h.world), 1);
}

static bool push_each(molt_object *object, void *user)
{
    lua_State *L = user;
    molt_lua_push(L, object);
    lua_pop(L, 1);
    return true;
}

static void a_body_whose_table_has_died_is_nobodys(void **state)
{
    fixture *f = *state;
    lua_State *L = f->h.L;
    run(L, "for i = 1, 50 do Car() end; collectgarbage(); collectgarbage()");
    assert_int_equal(molt_world_live(f->h.world), 51);
    molt_object_each(f->h.world, NULL, NULL, push_each, L);     /* not swept yet: new tables */
    for (int i = 0; i < 3; i++) run(L, "collectgarbage(); molt.tick()");
    assert_int_equal(molt_world_live(f->h.world), 1);
}

static void traits_that_the_host_attaches_show_in_lua(void **state)
{
    fixture *f = *state;
    lua_State *L = f->h.L;
    molt_trait *trait = molt_trait_find(f->h.world, "Extra");
    molt_lua_push(L, f->object);
    lua_setglobal(L, "car");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(molt_object_attach(f->object, trait, NULL), MOLT_OK);
        assert_int_equal(molt_object_attach(f->object, trait, NULL), MOLT_ERR_STATE);
        run(L, "assert(car.heat == 20); car.heat = 30; view = molt.as(car, Extra); assert(view.heat == 30 and car:warm(1) == 31)");
        Extra *extra = molt_as(f->object, Extra);
        assert_true(extra->heat == 30 && molt_call(extra, warm, 2) == 32);
        assert_int_equal(molt_object_detach(f->object, trait), MOLT_OK);
        run(L, "assert(car.heat == nil and car.warm == nil and molt.as(car, Extra) == nil); expect('stale', function() return view.heat end)");
        assert_null(molt_as(f->object, Extra));
        assert_int_equal(molt_world_tick(f->h.world), MOLT_OK);
    }
    assert_int_equal(molt_object_detach(f->object, trait), MOLT_ERR_UNKNOWN);
}

static void calls_nest_to_the_limit_from_the_host_too(void **state)
{
    fixture *f = *state;
    molt_world *world = f->h.world;
    const char *text;
    const Probe_vtable functions = { .again = native_again };
    molt_impl *impl = molt_impl_register(world, &Probe_trait, "Down", &functions, 0, "call_test.c");
    assert_int_equal(molt_class_use(f->car, NULL, impl), MOLT_OK);
    /* answer (Lua) -> again (native) -> answer (Lua) … */
    run(f->h.L, "function Car.answer(self, x) depth = x; return self:again(x + 1) end");
    for (int i = 0; i < 3; i++) {
        assert_true(molt_call(f->probe, answer, 1) == 0);
        assert_int_equal(molt_error_take(world, &text), MOLT_ERR_LUA);
        assert_non_null(strstr(text, "200 calls deep"));
        assert_true(number(f->h.L, "return depth") == 100);
        assert_int_equal(molt_world_tick(world), MOLT_OK);
    }
    run(f->h.L, "function Car.answer(self, x) if x == 100 then return 1 end return self:again(x + 1) / 2 end");
    assert_true(molt_call(f->probe, answer, 1) == 1);
}

static double ticks(Probe *self, double x)
{
    molt_world *world = molt_object_world(molt_object_of(self));
    self->gears = molt_world_tick(world);
    return x;
}

static void the_host_may_not_tick_inside_a_call(void **state)
{
    fixture *f = *state;
    const Probe_vtable functions = { .again = ticks };
    for (unsigned leaf = 0; leaf < 2; leaf++) {
        molt_impl *impl = molt_impl_register(f->h.world, &Probe_trait, "Ticks", &functions, leaf * 3, "call_test.c");
        assert_int_equal(molt_class_use(f->car, NULL, impl), MOLT_OK);
        molt_lua_push(f->h.L, f->object);
        lua_setglobal(f->h.L, "car");
        assert_true(number(f->h.L, "car:again(1) return car.gears") == MOLT_ERR_STATE);
        run(f->h.L, "molt.tick()");
        assert_int_equal(molt_world_tick(f->h.world), MOLT_OK);
    }
}

/* A function of the host, as scripts see it: call(object, x). */
static int call_answer(lua_State *L)
{
    molt_world *world = molt_lua_world(L);
    molt_object *object = molt_lua_object(L, 1);
    if (!object) return luaL_error(L, "%s", molt_last_error(world));
    lua_State *before = molt_lua_use(L, L);
    double result = molt_call(molt_as(object, Probe), answer, luaL_checknumber(L, 2));
    molt_lua_use(L, before);
    lua_pushnumber(L, result);
    return 1;
}

static void a_function_of_the_host_runs_in_a_coroutine(void **state)
{
    fixture *f = *state;
    lua_State *L = f->h.L;
    lua_pushcfunction(L, call_answer);
    lua_setglobal(L, "call");
    run(L,
        "function Car.answer(self, x) ran = coroutine.running(); return x + 1 end\n"
        "local o = Car()\n"
        "for i = 1, 200 do\n"
        "  local co = coroutine.create(function(x) return call(o, x) + coroutine.yield(call(o, x)) end)\n"
        "  local _, a = coroutine.resume(co, i)\n"
        "  assert(a == i + 1 and ran == co)\n"
        "  local _, b = coroutine.resume(co, 0)\n"
        "  assert(b == i + 1 and ran == co and coroutine.status(co) == 'dead')\n"
        "  assert(call(o, 1) == 2 and ran == coroutine.running())\n"
        "end\n");
    lua_gc(L, LUA_GCCOLLECT, 0);
    assert_true(molt_call(f->probe, answer, 4) == 5);
    run(L, "assert(ran == coroutine.running())");
}

static void errors_in_dead_coroutines_leave_the_host_its_state(void **state)
{
    fixture *f = *state;
    lua_State *L = f->h.L;
    assert_int_equal(molt_class_use(f->car, NULL, f->native), MOLT_OK);
    run(L,
        "function Car.answer(self, x) ran = coroutine.running(); if x < 0 then error 'x' end return x + 1 end\n"
        "local o = Car()\n"
        "for i = 1, 50 do\n"
        "  assert(not coroutine.resume(coroutine.create(function() return o:again(-1) end)))\n"
        "  assert(not coroutine.resume(coroutine.create(function() return o:again('x') end)))\n"
        "  assert(not coroutine.resume(coroutine.create(function() molt.attach(o, Probe) end)))\n"
        "  assert(not coroutine.resume(coroutine.create(function() molt.override(Car, 'nobody', print) end)))\n"
        "  coroutine.resume(coroutine.create(function() function Car.describe() end; error 'after' end))\n"
        "end\n");
    for (int i = 0; i < 3; i++) lua_gc(L, LUA_GCCOLLECT, 0);
    assert_true(molt_call(f->probe, answer, 4) == 5);
    run(L, "assert(ran == coroutine.running())");
}

static void a_yield_across_the_host_is_an_error(void **state)
{
    fixture *f = *state;
    lua_State *L = f->h.L;
    const char *text;
    lua_pushcfunction(L, call_answer);
    lua_setglobal(L, "call");
    run(L,
        "function Car.answer(self, x) return coroutine.yield(x) end\n"
        "local o = Car()\n"
        "co = coroutine.create(function() call(o, 1); coroutine.yield 'on'; return 'done' end)\n"
        "assert(select(2, coroutine.resume(co)) == 'on')\n"
        "assert(select(2, coroutine.resume(co)) == 'done')\n");
    assert_int_equal(molt_error_take(f->h.world, &text), MOLT_ERR_YIELD);
    assert_non_null(strstr(text, "'Probe.answer'"));
    assert_non_null(strstr(text, "the host"));
    assert_true(molt_call(f->probe, answer, 1) == 0);   /* no coroutine at all */
    assert_int_not_equal(molt_error_take(f->h.world, &text), MOLT_OK);
}

static double kept_wide;

static double reads_by_name(Probe *self, double x)
{
    (void)x;
    molt_object *object = molt_object_of(self);
    molt_value value;
    assert_int_equal(molt_object_get(object, "gears", &value), MOLT_OK);
    kept_wide = value.as.i32;
    assert_int_equal(molt_object_set(object, "gears", (molt_value){ MOLT_DOUBLE, { .f64 = 0.5 } }), MOLT_ERR_RANGE);
    assert_int_equal(molt_object_set(object, "gears", (molt_value){ MOLT_DOUBLE, { .f64 = 9 } }), MOLT_OK);
    return self->gears;
}

static void fields_are_read_by_name_in_a_leaf_call(void **state)
{
    fixture *f = *state;
    const Probe_vtable functions = { .again = reads_by_name };
    molt_impl *impl = molt_impl_register(f->h.world, &Probe_trait, "Reads", &functions, 3, "call_test.c");
    assert_int_equal(molt_class_use(f->car, NULL, impl), MOLT_OK);
    assert_true(number(f->h.L, "return Car():again(0)") == 9);
    assert_true(kept_wide == 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_handle_reaches_lua_and_native_methods),
        TEST(a_patch_answers_the_host_and_goes_again),
        TEST(a_method_is_called_by_name),
        TEST(an_error_waits_for_the_host),
        TEST(the_first_error_stays_and_others_do_not_see_it),
        TEST(an_error_that_was_taken_is_not_raised_for_the_next),
        TEST(a_method_of_an_ended_object_answers_nothing),
        TEST(objects_go_to_lua_and_come_back),
        TEST(what_the_host_retains_stays_with_its_table),
        TEST(a_body_whose_table_has_died_is_nobodys),
        TEST(traits_that_the_host_attaches_show_in_lua),
        TEST(calls_nest_to_the_limit_from_the_host_too),
        TEST(the_host_may_not_tick_inside_a_call),
        TEST(a_function_of_the_host_runs_in_a_coroutine),
        TEST(errors_in_dead_coroutines_leave_the_host_its_state),
        TEST(a_yield_across_the_host_is_an_error),
        TEST(fields_are_read_by_name_in_a_leaf_call),
    };
    return cmocka_run_group_tests_name("a host and its methods", tests, NULL, NULL);
}
