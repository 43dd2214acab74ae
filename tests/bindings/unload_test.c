/* A module that a host unloads leaves nothing behind, whatever the hooks that this runs raise. */
#include "host.h"

#include "../core/native_build.h"

static host with;
static char folder[PATH_MAX];
static molt_module *module;
static molt_trait *bike, *bell;

#define TEXT \
    "#define BIKE(FIELD, METHOD) FIELD(double, fuel, 10) METHOD(double, range, ())\nMOLT_TRAIT(Bike, BIKE)\n" \
    "#define BELL(FIELD, METHOD) METHOD(int32_t, ring, ())\nMOLT_TRAIT(Bell, BELL)\n" \
    "static double range(Bike *self) { return self->fuel; }\nstatic int32_t ring(Bell *self) { (void)self; return 1; }\n" \
    "MOLT_MODULE(leaving, \"1\") { MOLT_IMPL(Bike, .range = range); MOLT_IMPL(Bell, .ring = ring); return MOLT_OK; }\n"

static void script(const char *text)
{
    if (!luaL_dostring(with.L, text)) return;
    lua_getglobal(with.L, "tostring");
    lua_insert(with.L, -2);
    lua_call(with.L, 1, 1);
    fail_msg("%s", lua_tostring(with.L, -1));
}

static int set_up(void **state)
{
    (void)state;
    host_open(&with);
    native_folder(folder, sizeof folder);
    native_build(folder, "leaving", TEXT);
    assert_int_equal(molt_module_path(with.world, folder), MOLT_OK);
    script("molt = require 'molt'\n"
        "leaving, told = assert(molt.load 'leaving'), {}\n"
        "Bike, Bell = molt.find 'Bike', molt.find 'Bell'\n"
        "Plain = molt.class('Plain', {})\n"
        "Car = molt.class('Car', { leaving.Bike, leaving.Bell })\n"
        "function Bike:detached() told[#told + 1] = molt.name(self) error('never ' .. #told, 0) end\n");
    module = molt_module_find(with.world, "leaving");
    bike = molt_trait_find(with.world, "Bike");
    bell = molt_trait_find(with.world, "Bell");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_close_world_first(&with);
    native_remove(folder);
    return 0;
}

static size_t told(void)
{
    lua_getglobal(with.L, "told");
    size_t count = lua_objlen(with.L, -1);
    lua_pop(with.L, 1);
    return count;
}

static molt_object *plain(molt_trait *first, molt_trait *second)
{
    molt_object *object = molt_object_new(with.world, molt_class_find(with.world, "Plain"));
    molt_impl *impls[] = { molt_module_impl(module, molt_trait_name(first)),
                           second ? molt_module_impl(module, molt_trait_name(second)) : NULL };
    for (size_t i = 0; i < 2 && impls[i]; i++) assert_int_equal(molt_object_attach(object, NULL, impls[i]), MOLT_OK);
    return object;
}

static void an_unload_whose_hooks_fail_completes(void **state)
{
    (void)state;
    molt_object *objects[] = { plain(bike, bell), plain(bike, NULL), plain(bell, bike) };
    script("car = Car {}");
    assert_int_equal(molt_module_unload(module, MOLT_UNLOAD_DETACH), MOLT_ERR_LUA);
    assert_string_equal(molt_last_error(with.world), "never 1");
    assert_int_equal(told(), 3);
    for (size_t i = 0; i < 3; i++) assert_false(molt_object_is(objects[i], bike) || molt_object_is(objects[i], bell));
    assert_true(molt_module_unloaded(module));
    assert_int_equal(molt_world_tick(with.world), MOLT_OK);
    assert_int_equal(molt_module_images(with.world), 0);
    script("assert(not molt.is(car, Bike) and not molt.is(car, Bell))");
}

/* Before any hook has run. */
static void an_unload_that_a_class_forbids_changes_nothing(void **state)
{
    (void)state;
    molt_object *object = plain(bike, bell);
    script("Needs = molt.trait('Needs', { requires = { Bike } })\n"
        "van = molt.class('Van', { leaving.Bike, Needs }) {}\n"
        "rock = Plain() molt.attach(rock, { leaving.Bell, molt.trait('Loud', { requires = { Bell } }) })");
    assert_int_equal(molt_module_unload(module, MOLT_UNLOAD_DETACH), MOLT_ERR_IN_USE);
    size_t count;
    const molt_reason *reasons = molt_last_reasons(with.world, &count);
    if (count != 2) fail_msg("%s", molt_last_error(with.world));
    assert_non_null(strstr(reasons[0].message, "cannot detach 'Bell': Loud requires Bell"));
    assert_non_null(strstr(reasons[1].message, "Needs requires Bike"));
    assert_true(told() == 0 && !molt_module_unloaded(module));
    assert_true(molt_object_is(object, bike) && molt_object_is(object, bell));
}

/* What a hook brings back each time is not chased for ever. */
static void an_unload_that_a_hook_frustrates_is_refused_in_the_end(void **state)
{
    (void)state;
    plain(bike, NULL);
    script("local one, two = Plain(), Plain()\n"
        "molt.attach(one, leaving.Bike)\n"
        "function Bike:detached()\n"
        "  local other = self == one and two or one\n"
        "  if not molt.is(other, Bike) then molt.attach(other, leaving.Bike) end\n"
        "end");
    assert_int_equal(molt_module_unload(module, MOLT_UNLOAD_DETACH), MOLT_ERR_IN_USE);
    assert_non_null(strstr(molt_last_error(with.world), "leaving.Bike is used by"));
    assert_false(molt_module_unloaded(module));
    script("function Bike:detached() end");
    assert_int_equal(molt_module_unload(module, MOLT_UNLOAD_DETACH), MOLT_OK);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(an_unload_whose_hooks_fail_completes),
        test(an_unload_that_a_class_forbids_changes_nothing),
        test(an_unload_that_a_hook_frustrates_is_refused_in_the_end),
    };
    return cmocka_run_group_tests_name("unload", tests, NULL, NULL);
}
