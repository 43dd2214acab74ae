/* A world and a Lua state part, in either order, while much is alive. */
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

static molt_impl *register_probe(molt_world *world)
{
    const Probe_vtable functions = { .answer = native_answer, .again = native_again };
    molt_impl *impl = molt_impl_register(world, &Probe_trait, "Native", &functions, 0, "close_test.c");
    const Extra_vtable extra = { .warm = native_warm };
    assert_non_null(molt_impl_register(world, &Extra_trait, "Warm", &extra, 1, "close_test.c"));
    return impl;
}

/* use(class name): fills the class with the native implementation. */
static int use(lua_State *L)
{
    molt_world *world = molt_lua_world(L);
    molt_class *cls = molt_class_find(world, luaL_checkstring(L, 1));
    if (molt_class_use(cls, NULL, lua_touserdata(L, lua_upvalueindex(1)))) return luaL_error(L, "%s", molt_last_error(world));
    return 0;
}

static molt_impl *prepare(const host *h)
{
    molt_impl *impl = register_probe(h->world);
    teach(h->L);
    lua_pushlightuserdata(h->L, impl);
    lua_pushcclosure(h->L, use, 1);
    lua_setglobal(h->L, "use");
    return impl;
}

static const char *const everything_alive =
    "Probe, Extra = molt.find 'Probe', molt.find 'Extra'\n"
    "function Extra.warm(self, by) self.heat = self.heat + by; return self.heat end\n"
    "Car = molt.class('Car', { Probe, 'x' and Extra })\n"
    "function Car.answer(self, x) return x end\n"
    "function Car.again(self, x) return x end\n"
    "function Car.describe(self) return self.count end\n"
    "Plain = molt.class('Plain', { Probe, answer = Car.answer, again = Car.again })\n"
    "cars = {}\n"
    "for i = 1, 100 do cars[i] = Car { count = i }; cars[i].note = { i } end\n"
    "car, plain = cars[7], Plain()\n"
    "molt.attach(plain, Extra)\n"
    "view, extra = molt.as(car, Probe), molt.as(plain, Extra)\n"
    "Hybrid = molt.class('Hybrid', { Probe, answer = Car.answer, again = Car.again })\n"
    "if use then use 'Hybrid' end\n"
    "hybrid = Hybrid()\n"
    "bound, describe, viewed = hybrid.answer, car.describe, molt.as(hybrid, Probe).answer\n"
    "for i = 1, 100 do bound(hybrid, i); viewed(molt.as(hybrid, Probe), i) end\n"
    "patch = molt.override(car, 'answer', function() return -1 end)\n"
    "each = molt.each(Car)\n"
    "each()\n"
    "loop = function() local sum = 0; for i = 1, 300 do local c = cars[i % 50 + 1]; sum = sum + c.count + c:answer(i) end return sum end\n"
    "loop()\n"
    "made = function() for i = 1, 200 do cars[i] = Car() end end\n"
    "made()\n"
    "swapped = Car(); swapped[0] = nil\n"
    "one, two = Car(), Car()\n"
    "rawset(one, 0, two[0])\n"
    "late = molt.as(Car(), Probe)\n";

static const char *const everything_raises =
    "for _, o in ipairs { car, plain, one, two } do\n"
    "  if o ~= one then expect('destroyed', function() return o.count end) end\n"
    "  expect('destroyed', function() o.count = 1 end)\n"
    "  expect('destroyed', function() o.anything = 1 end)\n"
    "  assert(not molt.alive(o))\n"
    "end\n"
    "assert(rawget(car, 'note') == nil and tostring(car):find 'destroyed')\n"
    "expect(use and 'closed' or 'destroyed', bound, hybrid, 1)\n"
    "assert(fails(describe, car) == 'destroyed')\n"
    "expect('stale', function() return view.count end)\n"
    "expect('stale', function() view.count = 1 end)\n"
    "expect('stale', function() return extra.heat end)\n"
    "expect('stale', function() return late.count end)\n"
    "assert(fails(viewed, view, 1) == 'stale' or fails(viewed, view, 1) == 'closed')\n"
    "assert(tostring(view) and tostring(extra))\n"
    "expect('closed', each)\n"
    "expect('closed', function() for o in molt.each(Car) do return o end end)\n"
    "expect('closed', molt.count, Car)\n"
    "expect('closed', Car)\n"
    "expect('closed', made)\n"
    "assert(fails(loop) == 'destroyed' or fails(loop) == 'closed')\n"
    "expect('closed', function() function Car.answer() end end)\n"
    "expect('closed', molt.override, Car, 'answer', print)\n"
    "for _, verb in ipairs { 'attach', 'detach', 'destroy', 'clone', 'class_of', 'traits_of', 'fields', 'as' } do\n"
    "  local code = fails(molt[verb], car, Probe)\n"
    "  assert(code == 'destroyed' or code == 'closed', verb .. ': ' .. code)\n"
    "end\n"
    "assert(fails(function() patch:remove() end))\n"
    "expect('closed', molt.trait, 'New', { 'double x' })\n"
    "expect('closed', molt.class, 'New', {})\n"
    "expect('closed', molt.find, 'Car')\n"
    "expect('closed', molt.tick)\n"
    "assert(fails(molt.load, 'steering') == 'closed')\n"
    "collectgarbage(); collectgarbage()\n";

static void a_world_closes_while_lua_holds_everything(void **state)
{
    (void)state;
    host h;
    host_open(&h);
    prepare(&h);
    run(h.L, everything_alive);
    molt_world_close(h.world);
    assert_int_equal(h.world_memory.live, 0);
    assert_null(molt_lua_world(h.L));
    run(h.L, everything_raises);
    assert_int_equal(molt_lua_open(h.L, (h.world = open_world(&h.world_memory))), MOLT_ERR_STATE);
    molt_world_close(h.world);
    lua_close(h.L);
    host_check_empty(&h);
}

static void a_world_closes_in_a_lua_function_of_the_host(void **state)
{
    (void)state;
    host h;
    host_open(&h);
    prepare(&h);
    run(h.L, everything_alive);
    lua_newthread(h.L);
    lua_State *coroutine = lua_tothread(h.L, -1);
    run(coroutine, "return car:answer(1), plain.count");
    molt_world_close(h.world);
    run(coroutine, everything_raises);
    lua_close(h.L);
    host_check_empty(&h);
}

static int finalize(lua_State *L)
{
    lua_getglobal(L, "last_words");
    if (lua_isfunction(L, -1)) lua_call(L, 0, 0);
    return 0;
}

/* A userdata whose finalizer runs among the last: newest first, this is the oldest. */
static void leave_a_finalizer(lua_State *L)
{
    lua_newuserdata(L, 1);
    lua_newtable(L);
    lua_pushcfunction(L, finalize);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "oldest");
}

static const char *const last_words =
    "last_words = function()\n"
    "  local n = 0\n"
    "  local function try(fn, ...) n = n + 1; pcall(fn, ...) end\n"
    "  try(Car); try(made); try(loop); try(each)\n"
    "  try(bound, car, 1); try(viewed, view, 1)\n"
    "  try(function() return car.count end); try(function() car.count = 1 end)\n"
    "  try(function() return view.count end); try(function() return extra.heat end)\n"
    "  try(molt.destroy, car); try(molt.attach, car, Extra); try(molt.tick); try(molt.count, Car)\n"
    "  try(function() function Car.answer() end end)\n"
    "  try(molt.each); try(molt.as, car, Probe); try(tostring, car); try(tostring, view)\n"
    "end\n";

static void finalizers_use_objects_while_the_lua_state_closes(void **state)
{
    for (int closed_before = 0; closed_before < 2; closed_before++) {
        (void)state;
        host h = { 0 };
        h.world = open_world(&h.world_memory);
        h.L = open_lua(&h.lua_memory);
        leave_a_finalizer(h.L);
        assert_int_equal(molt_lua_open(h.L, h.world), MOLT_OK);
        prepare(&h);
        run(h.L, everything_alive);
        run(h.L, last_words);
        run(h.L, "newest = newproxy(true); getmetatable(newest).__gc = last_words");
        if (closed_before) host_close_world_first(&h);
        else host_close_lua_first(&h);
    }
}

static void finalizers_use_objects_of_a_world_that_lua_owns(void **state)
{
    (void)state;
    memory m = { 0 };
    lua_State *L = open_lua(&m);
    leave_a_finalizer(L);
    lua_pushcfunction(L, luaopen_molt);
    lua_setglobal(L, "open");
    run(L, "package.preload.molt = open");
    teach(L);
    run(L,
        "Probe = molt.trait('Probe', { 'double count', 'int32_t gears = 5', 'double answer(double)', 'double again(double)' })\n"
        "Extra = molt.trait('Extra', { 'double heat = 20', 'double warm(double)' })\n");
    run(L, everything_alive);
    run(L, last_words);
    lua_close(L);
    assert_int_equal(m.live, 0);
}

static void host_objects_outlive_the_lua_state(void **state)
{
    (void)state;
    host h;
    host_open(&h);
    molt_impl *native = prepare(&h);
    run(h.L, everything_alive);
    molt_class *car = molt_class_find(h.world, "Car");
    molt_object *mine = molt_object_new(h.world, car);
    molt_lua_push(h.L, mine);
    lua_setglobal(h.L, "mine");
    molt_lua_push(h.L, molt_object_new(h.world, molt_class_find(h.world, "Plain")));
    run(h.L, "mine.note = 'lost'; molt.override(mine, 'again', function() return 77 end)\n"
             "return cars[3]");
    molt_object *kept = molt_lua_object(h.L, -1);
    assert_non_null(kept);
    assert_int_equal(molt_object_retain(kept), MOLT_OK);
    molt_ref gone = molt_object_ref(molt_lua_object(h.L, (run(h.L, "return cars[4]"), -1)));
    Probe *probe = molt_as(mine, Probe);
    assert_true(molt_call(probe, again, 1) == 77);
    lua_close(h.L);
    assert_int_equal(h.lua_memory.live, 0);

    assert_int_equal(molt_world_live(h.world), 3);
    assert_null(molt_ref_object(h.world, gone));
    assert_true(molt_object_alive(mine) && molt_object_alive(kept));
    assert_false(molt_error_pending(h.world));
    assert_true(molt_call(probe, answer, 1) == 0);
    const char *text;
    assert_int_equal(molt_error_take(h.world, &text), MOLT_ERR_MISSING);
    assert_non_null(strstr(text, "Probe.answer"));
    assert_true(molt_call(probe, again, 1) == 0);
    assert_int_equal(molt_error_take(h.world, NULL), MOLT_ERR_MISSING);
    assert_int_equal(molt_class_use(car, NULL, native), MOLT_OK);
    assert_true(molt_call(probe, answer, 1) == 2);
    assert_true(molt_call(molt_as(kept, Probe), again, 1) == 4);
    assert_int_equal(molt_world_tick(h.world), MOLT_OK);
    assert_int_equal(molt_object_attach(mine, molt_trait_find(h.world, "Extra"), NULL), MOLT_ERR_STATE);
    assert_int_equal(molt_object_release(kept), MOLT_OK);
    assert_int_equal(molt_object_destroy(mine), MOLT_OK);
    assert_int_equal(molt_world_tick(h.world), MOLT_OK);

    /* Its Lua fills name functions of the state that is gone: no other may join. */
    lua_State *L = open_lua(&h.lua_memory);
    assert_int_equal(molt_lua_open(L, h.world), MOLT_ERR_STATE);
    lua_close(L);
    molt_world_close(h.world);
    host_check_empty(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_world_closes_while_lua_holds_everything),
        cmocka_unit_test(a_world_closes_in_a_lua_function_of_the_host),
        cmocka_unit_test(finalizers_use_objects_while_the_lua_state_closes),
        cmocka_unit_test(finalizers_use_objects_of_a_world_that_lua_owns),
        cmocka_unit_test(host_objects_outlive_the_lua_state),
    };
    return cmocka_run_group_tests_name("a world and a Lua state part", tests, NULL, NULL);
}
