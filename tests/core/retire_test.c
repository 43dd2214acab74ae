/* What becomes of old images: gone, or kept for a reason that is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <dlfcn.h>
#include <pthread.h>

#include "loader.h"
#include "module.h"
#include "module_fixture.h"
#include "world_state.h"

/* A world in which only Lua could enter native code: every moment outside a call
 * is quiescent. */
static int set_up_inside(void **state)
{
    set_up(state);
    with.world->border->exposed = 0;
    return 0;
}

static void rebuild(const char *text)
{
    native_build(with.folder, "bike", text);
}

static void rebuild_with(const char *text, const char *flags)
{
    char whole[16384];
    native_format(whole, sizeof whole, "#include <molt/native.h>\n%s", text);
    native_write(with.folder, "bike.c", whole, strlen(whole));
    native_compile(with.folder, "bike", flags);
}

#define NEXT BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("1.1.0", BOTH)

static molt_reload_report reload(molt_module *module)
{
    molt_reload_report report = { .size = sizeof report };
    if (molt_module_reload(module, NULL, &report)) fail_msg("%s", molt_last_error(with.world));
    return report;
}

static void expect_reason(const char *reason, const char *expected)
{
    if (!strstr(reason, expected)) fail_msg("expected '%s', got '%s'", expected, reason);
}

/* Loads what was built, exchanges it for something clean, and expects that the
 * first image stays mapped for that reason. */
static void expect_pinned(const char *reason)
{
    molt_module *module = load("bike");
    molt_object *object = new_object(module, "Car");
    rebuild(NEXT);
    molt_reload_report report = reload(module);
    assert_int_equal(report.fate, MOLT_IMAGE_PINNED);
    expect_reason(report.fate_reason, reason);
    expect_reason(with.log, "1 bike g1 stays mapped: ");
    assert_int_equal(molt_module_images(with.world), 2);
    assert_true(range_of(object) == 250);
}

static void at_a_quiescent_point_the_old_image_goes_at_once(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    new_object(module, "Car");
    rebuild(NEXT);
    molt_reload_report report = reload(module);
    assert_int_equal(report.fate, MOLT_IMAGE_UNLOADED);
    assert_string_equal(report.fate_reason, "");
    assert_int_equal(molt_module_images(with.world), 1);
}

static void a_host_that_holds_handles_waits_for_its_tick(void **state)
{
    (void)state;
    with.world->border->exposed = 1;
    molt_module *module = load_bike();
    rebuild(NEXT);
    assert_int_equal(reload(module).fate, MOLT_IMAGE_RETIRED);
    assert_int_equal(molt_module_images(with.world), 2);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void inside_a_call_the_old_image_waits(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    rebuild(NEXT);
    with.world->border->depth = 1;
    assert_int_equal(reload(module).fate, MOLT_IMAGE_RETIRED);
    assert_int_equal(molt_world_tick(with.world), MOLT_ERR_STATE);
    assert_int_equal(molt_module_images(with.world), 2);
    with.world->border->depth = 0;
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void those_that_wait_go_with_the_next_that_may_go(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    rebuild(NEXT);
    with.world->border->depth = 1;
    reload(module);
    with.world->border->depth = 0;
    rebuild(BIKE_TEXT RANGE_TEXT(51) MODULE_TEXT("1.2.0", BOTH));
    assert_int_equal(reload(module).fate, MOLT_IMAGE_UNLOADED);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void a_reload_that_changes_nothing_has_no_fate_to_tell(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_reload_report report = reload(module);
    assert_true(report.unchanged);
    assert_int_equal(report.fate, MOLT_IMAGE_NONE);
    assert_string_equal(report.fate_reason, "");
}

static void nodelete_pins(void **state)
{
    (void)state;
    rebuild_with(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1.0.0", BOTH), "-Wl,-z,nodelete");
    expect_pinned("it was linked with -z nodelete");
}

#define UNIQUE                                                                              \
    "__asm__(\".data\\n.globl molt_one\\n.type molt_one, %gnu_unique_object\\n\"            \
    \".size molt_one, 4\\nmolt_one: .long 7\\n.text\");\n"                                   \
    "extern int molt_one;\n"                                                                \
    "static double range(Bike *self, double load) { return self->fuel * (35 + molt_one) / (1 + load); }\n" \
    "static int32_t wheels(Bike *self) { (void)self; return 2; }\n"

static void a_unique_symbol_pins_and_is_named(void **state)
{
    (void)state;
    rebuild(BIKE_TEXT UNIQUE MODULE_TEXT("1.0.0", BOTH));
    expect_pinned("its symbol 'molt_one' is unique in the process (STB_GNU_UNIQUE)");
}

/* A destructor that the thread which ran setup has still to run. */
#define THREAD_LOCAL                                                                        \
    "extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);\n"              \
    "extern void *__dso_handle;\n"                                                          \
    "static void destroy(void *object) { (void)object; }\n"

static void a_thread_local_destructor_pins(void **state)
{
    (void)state;
    rebuild(BIKE_TEXT RANGE_TEXT(42) THREAD_LOCAL
            MODULE_TEXT("1.0.0", "__cxa_thread_atexit_impl(destroy, (void *)0, &__dso_handle);" BOTH));
    expect_pinned("a thread-local variable of its whose destructor is still to run");
}

/* Calls, and stays until it is told to go. The world is the thread's guest: its
 * owner waits for it. */
typedef struct guest { molt_object *object; pthread_barrier_t called, leave; } guest;

static void *call_wheels(void *user)
{
    guest *g = user;
    molt_call(molt_as(g->object, Bike), wheels);
    pthread_barrier_wait(&g->called);
    pthread_barrier_wait(&g->leave);
    return NULL;
}

static void the_end_of_the_thread_lets_the_image_go(void **state)
{
    (void)state;
    rebuild(BIKE_TEXT THREAD_LOCAL
            "static double range(Bike *self, double load) { return self->fuel * 42 / (1 + load); }\n"
            "static int32_t wheels(Bike *self) { return __cxa_thread_atexit_impl(destroy, self, &__dso_handle); }\n"
            MODULE_TEXT("1.0.0", BOTH));
    molt_module *module = load("bike");
    guest g = { .object = new_object(module, "Car") };
    molt_as(g.object, Bike);                         /* so that the thread only reads */
    pthread_t thread;
    assert_int_equal(pthread_barrier_init(&g.called, NULL, 2), 0);
    assert_int_equal(pthread_barrier_init(&g.leave, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, call_wheels, &g), 0);
    pthread_barrier_wait(&g.called);
    rebuild(NEXT);
    /* What the call left on the thread's stack may look like one under way. */
    molt_image_fate fate = reload(module).fate;
    assert_true(fate == MOLT_IMAGE_PINNED || fate == MOLT_IMAGE_QUARANTINED);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 2);
    pthread_barrier_wait(&g.leave);
    assert_int_equal(pthread_join(thread, NULL), 0);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
    pthread_barrier_destroy(&g.called);
    pthread_barrier_destroy(&g.leave);
}

static void another_object_bound_to_it_pins_and_is_named(void **state)
{
    (void)state;
    rebuild_with(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1.0.0", BOTH), "-Wl,-soname,bike-of-a-test.so");
    native_write(with.folder, "sidecar.c", "int sidecar;\n", 13);
    native_compile(with.folder, "sidecar", "-Wl,--no-as-needed ./bike.so");
    molt_module *module = load("bike");
    char path[PATH_MAX + 16];
    native_format(path, sizeof path, "%s/sidecar.so", with.folder);
    void *sidecar = dlopen(path, RTLD_NOW);
    if (!sidecar) fail_msg("%s", dlerror());
    rebuild(NEXT);
    molt_reload_report report = reload(module);
    assert_int_equal(report.fate, MOLT_IMAGE_PINNED);
    expect_reason(report.fate_reason, "/sidecar.so is bound to it; ");
    dlclose(sidecar);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
    expect_reason(with.log, "2 bike g1 is unloaded after all");
}

static void another_handle_pins_until_it_is_closed(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    void *handle = dlopen(module->generation->copy, RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(handle);
    rebuild(NEXT);
    molt_reload_report report = reload(module);
    assert_int_equal(report.fate, MOLT_IMAGE_PINNED);
    expect_reason(report.fate_reason, "another handle to it is open");
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 2);
    dlclose(handle);
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void what_a_pinned_image_costs_is_told(void **state)
{
    (void)state;
    rebuild_with(BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1.0.0", BOTH), "-Wl,-z,nodelete");
    molt_module *module = load("bike");
    rebuild(NEXT);
    const char *price = strstr(reload(module).fate_reason, "; ");
    int mappings = 0, kilobytes = 0;
    assert_non_null(price);
    assert_int_equal(sscanf(price, "; %d mappings of %d KB stay", &mappings, &kilobytes), 2);
    assert_in_range(mappings, 3, 8);
    assert_in_range(kilobytes, 12, 64);
}

/* The next generation offers a function of the one before it. */
static void an_image_that_a_definition_leads_into_is_quarantined(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_object *object = new_object(module, "Car");
    Bike *bike = molt_as(object, Bike);
    char address[64];
    native_format(address, sizeof address, "%p", *(void *const *)(const void *)&bike->molt_vtable->range);
    char text[4096];
    native_format(text, sizeof text, BIKE_TEXT "static int32_t wheels(Bike *self) { (void)self; return 3; }\n"
                  MODULE_TEXT("2", "MOLT_IMPL(Bike, .range = (double (*)(Bike *, double))%s, .wheels = wheels);"), address);
    rebuild(text);
    molt_reload_report report = reload(module);
    assert_int_equal(report.fate, MOLT_IMAGE_QUARANTINED);
    assert_string_equal(report.fate_reason, "implementation 'Bike' takes its 'range' from it");
    assert_true(range_of(object) == 210);            /* it is still there to be called */
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 2);
    rebuild(NEXT);
    assert_int_equal(reload(module).fate, MOLT_IMAGE_UNLOADED);
    assert_int_equal(molt_module_images(with.world), 1);
}

static void a_module_that_is_kept_is_never_unmapped(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_module_keep(module);
    for (int i = 0; i < 2; i++) {
        char text[4096];
        native_format(text, sizeof text, BIKE_TEXT RANGE_TEXT(%d) MODULE_TEXT("2", BOTH), 50 + i);
        rebuild(text);
        molt_reload_report report = reload(module);
        assert_int_equal(report.fate, MOLT_IMAGE_PINNED);
        assert_string_equal(report.fate_reason, "it was loaded to be kept");
    }
    molt_world_tick(with.world);
    assert_int_equal(molt_module_images(with.world), 3);
    assert_null(strstr(with.log, "stays mapped"));
}

static void a_module_that_is_kept_refuses_to_be_unloaded(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    molt_module_keep(module);
    assert_int_equal(molt_module_unload(module, MOLT_UNLOAD_DETACH), MOLT_ERR_STATE);
    assert_string_equal(molt_last_error(with.world), "module 'bike' was loaded to be kept and cannot be unloaded");
    assert_false(molt_module_unloaded(module));
}

static void a_refused_generation_goes_even_inside_a_call(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    rebuild(BIKE_TEXT RANGE_TEXT(50) MODULE_TEXT("1.1.0", "return molt_fail(molt, \"not today\");" BOTH));
    with.world->border->depth = 1;
    assert_int_equal(molt_module_reload(module, NULL, NULL), MOLT_ERR_MODULE);
    with.world->border->depth = 0;
    assert_int_equal(molt_module_images(with.world), 1);
}

static void images_are_listed_with_what_becomes_of_them(void **state)
{
    (void)state;
    molt_module *module = load_bike();
    rebuild(NEXT);
    with.world->border->depth = 1;
    reload(module);
    with.world->border->depth = 0;
    molt_image_info info;
    assert_true(molt_module_image_at(with.world, 0, &info));
    assert_string_equal(info.module, "bike");
    assert_int_equal(info.generation, 2);
    assert_int_equal(info.fate, MOLT_IMAGE_NONE);
    assert_true(molt_module_image_at(with.world, 1, &info));
    assert_int_equal(info.generation, 1);
    assert_int_equal(info.fate, MOLT_IMAGE_RETIRED);
    assert_string_equal(molt_image_fate_name(info.fate), "retired");
    assert_false(molt_module_image_at(with.world, 2, &info));
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up_inside, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(at_a_quiescent_point_the_old_image_goes_at_once),
        test(a_host_that_holds_handles_waits_for_its_tick),
        test(inside_a_call_the_old_image_waits),
        test(those_that_wait_go_with_the_next_that_may_go),
        test(a_reload_that_changes_nothing_has_no_fate_to_tell),
        test(nodelete_pins),
        test(a_unique_symbol_pins_and_is_named),
        test(a_thread_local_destructor_pins),
        test(the_end_of_the_thread_lets_the_image_go),
        test(another_object_bound_to_it_pins_and_is_named),
        test(another_handle_pins_until_it_is_closed),
        test(what_a_pinned_image_costs_is_told),
        test(an_image_that_a_definition_leads_into_is_quarantined),
        test(a_module_that_is_kept_is_never_unmapped),
        test(a_module_that_is_kept_refuses_to_be_unloaded),
        test(a_refused_generation_goes_even_inside_a_call),
        test(images_are_listed_with_what_becomes_of_them),
    };
    return cmocka_run_group_tests_name("retire", tests, NULL, NULL);
}
