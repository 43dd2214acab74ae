/* Workers run native methods of a module while the owner reloads it. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_fixture.h"
#include "object.h"
#include "world_state.h"
#include "worker.h"

enum { WORKERS = 2, RELOADS = 1000, VARIANTS = 2 };

/* Each generation answers with its own number, from code, data and text of its
 * image: a call that saw two of them would not add up. */
#define GENERATION_TEXT(number)                                                \
    "static volatile int counter = " #number ";\n"                             \
    "static const char *volatile name = \"generation " #number "\";\n"         \
    "__attribute__((noinline)) static int first(void) { return counter; }\n"   \
    "__attribute__((noinline)) static int second(void) { return name[11] - '0'; }\n" \
    "static double range(Bike *self, double load)\n"                           \
    "{\n"                                                                      \
    "    int a = first();\n"                                                   \
    "    for (volatile int i = 0; i < 100; i++) a += 0;\n"                     \
    "    return self->fuel == 10 && load == 1 && a == second() && a == " #number " ? a : -1;\n" \
    "}\n"                                                                      \
    "static int32_t wheels(Bike *self) { (void)self; return 10 * second(); }\n"

typedef struct variant {
    unsigned char *bytes;
    size_t length;
} variant;

static void make_variants(variant *variants)
{
    native_build(with.folder, "bike", BIKE_TEXT GENERATION_TEXT(1) MODULE_TEXT("1.0.0", BOTH));
    variants[0].bytes = native_read(with.folder, "bike.so", &variants[0].length);
    native_build(with.folder, "bike", BIKE_TEXT GENERATION_TEXT(2) MODULE_TEXT("2.0.0", BOTH));
    variants[1].bytes = native_read(with.folder, "bike.so", &variants[1].length);
}

static void offer(const variant *variants, size_t i)
{
    native_write(with.folder, "bike.so", variants[i % VARIANTS].bytes, variants[i % VARIANTS].length);
}

/* The trait's text in this file is one that the module never saw: the owner looks first. */
static molt_object *car_of(molt_module *module)
{
    molt_object *object = new_object(module, "Car");
    assert_non_null(molt_as(object, Bike));
    return object;
}

static void call_without_pause(worker *w)
{
    molt_object *object = w->data;
    for (size_t i = 1; !worker_over(w); i++) {
        Bike *bike = molt_as(object, Bike);
        expect(w, bike && bike->fuel == 10);
        if (!bike) return;
        double range = molt_call(bike, range, 1);
        expect(w, range == 1 || range == 2);
        int32_t wheels = molt_call(bike, wheels);
        expect(w, wheels == 10 || wheels == 20);
        worker_count(w);
        if (i % 8 == 0) expect(w, molt_thread_quiescent(w->world) == MOLT_OK);
        if (i % 64 == 0) sched_yield();          /* the owner has something to do, too */
    }
}

static void start_all(worker *workers, molt_object *object)
{
    static const char *const names[WORKERS] = { "one", "two" };
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (worker){ .world = with.world, .name = names[i], .work = call_without_pause, .data = object };
        worker_start(&workers[i]);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        while (worker_calls(&workers[i]) == 0 && !worker_failed(&workers[i])) sched_yield();
    }
}

static unsigned long join_all(worker *workers)
{
    unsigned long calls = 0;
    for (size_t i = 0; i < WORKERS; i++) {
        worker_join(&workers[i]);
        calls += workers[i].calls;
    }
    return calls;
}

static molt_trait *lamp(void)
{
    const char *const line = "double light = 3";
    molt_trait_lines lines = { .size = sizeof lines, .name = "Lamp", .lines = &line, .line_count = 1, .where = "x:1" };
    return molt_trait_declare(with.world, &lines);
}

static void ok(int err)
{
    if (err) fail_msg("%s", molt_last_error(with.world));
}

/* Beside the reloads: bodies come and go and change their layout. */
static void change_something(molt_object *object, molt_trait *trait, size_t i)
{
    molt_class *cls = molt_object_class(object);
    switch (i % 4) {
    case 1: ok(molt_class_use(cls, trait, NULL)); break;
    case 2: ok(molt_object_destroy(molt_object_new(with.world, cls))); break;
    case 3: ok(molt_class_drop(cls, trait, NULL)); break;
    default: break;
    }
}

static void a_thousand_reloads_under_running_workers(void **state)
{
    (void)state;
    variant variants[VARIANTS];
    make_variants(variants);
    offer(variants, 0);
    molt_module *module = load("bike");
    molt_module_probe(with.world, false);        /* a child for each takes most of the time */
    molt_object *object = car_of(module);
    molt_trait *trait = lamp();
    worker workers[WORKERS];
    start_all(workers, object);
    size_t most = 0;
    for (size_t i = 1; i <= RELOADS; i++) {
        offer(variants, i);
        molt_reload_report report = { .size = sizeof report };
        ok(molt_module_reload(module, NULL, &report));
        assert_false(report.unchanged);
        change_something(object, trait, i);
        ok(molt_world_tick(with.world));
        if (molt_module_images(with.world) > most) most = molt_module_images(with.world);
    }
    unsigned long calls = join_all(workers);
    ok(molt_world_tick(with.world));
    ok(molt_world_tick(with.world));
    print_message("%d reloads, %lu looks of two calls, %zu images at most\n", RELOADS, calls, most);
    assert_int_equal(molt_module_generation(module), RELOADS + 1);
    assert_int_equal(molt_module_images(with.world), 1);
    assert_true(most < 100);
    for (size_t i = 0; i < VARIANTS; i++) free(variants[i].bytes);
}

static void stay_in(worker *w)
{
    Bike *bike = molt_as((molt_object *)w->data, Bike);
    double (*range)(Bike *, double) = bike->molt_vtable->range;      /* what a call under way has in its registers */
    worker_step(w);                              /* reloaded, and ticked */
    expect(w, range(bike, 1) == 1);
    expect(w, molt_call(bike, range, 1) == 2);
    expect(w, molt_thread_quiescent(w->world) == MOLT_OK);
    worker_step(w);
}

/* Bike as this file knows it has the first layout: where an object has it, the code
 * of that layout answers, on a body of it. */
static void call_the_first_layout(worker *w)
{
    for (size_t i = 1; !worker_over(w); i++) {
        Bike *bike = molt_as((molt_object *)w->data, Bike);
        if (bike) {
            expect(w, bike->fuel == 10);
            double range = molt_call(bike, range, 1);
            expect(w, range == 1);
            worker_count(w);
        }
        expect(w, molt_thread_quiescent(w->world) == MOLT_OK);
        if (i % 64 == 0) sched_yield();
    }
}

static void reloads_that_change_the_layout_under_running_workers(void **state)
{
    (void)state;
    variant variants[VARIANTS];
    make_variants(variants);
    free(variants[1].bytes);
    native_build(with.folder, "bike",
                 "#define BIKE(FIELD, METHOD) FIELD(double, bell, 7) FIELD(double, fuel, 10) "
                 "METHOD(double, range, (double load)) METHOD(int32_t, wheels, ())\n"
                 "MOLT_TRAIT(Bike, BIKE)\n" GENERATION_TEXT(2) MODULE_TEXT("2.0.0", BOTH));
    variants[1].bytes = native_read(with.folder, "bike.so", &variants[1].length);
    offer(variants, 0);
    molt_module *module = load("bike");
    molt_module_probe(with.world, false);
    worker w = { .world = with.world, .name = "one", .work = call_the_first_layout, .data = car_of(module) };
    worker_start(&w);
    for (size_t i = 1; i <= 50 || (worker_calls(&w) < 100 && !worker_failed(&w)); i++) {
        offer(variants, i);
        molt_reload_report report = { .size = sizeof report };
        ok(molt_module_reload(module, NULL, &report));
        assert_int_equal(report.instances, 1);
        ok(molt_world_tick(with.world));
    }
    worker_join(&w);
    for (size_t i = 0; i < VARIANTS; i++) free(variants[i].bytes);
}

/* Of the image that does not serve. */
static void assert_fate(molt_image_fate fate)
{
    molt_image_info image;
    for (size_t i = 0; molt_module_image_at(with.world, i, &image); i++) {
        if (image.fate == MOLT_IMAGE_NONE) continue;
        assert_string_equal(molt_image_fate_name(image.fate), molt_image_fate_name(fate));
        return;
    }
    fail_msg("there is no such image");
}

static void an_image_stays_until_each_worker_has_been_quiescent(void **state)
{
    (void)state;
    variant variants[VARIANTS];
    make_variants(variants);
    offer(variants, 0);
    molt_module *module = load("bike");
    worker w = { .world = with.world, .name = "slow", .work = stay_in, .data = car_of(module) };
    worker_start(&w);
    await(&w);
    offer(variants, 1);
    ok(molt_module_reload(module, NULL, NULL));
    for (int i = 0; i < 3; i++) ok(molt_world_tick(with.world));
    assert_int_equal(molt_module_images(with.world), 2);
    assert_fate(MOLT_IMAGE_RETIRED);
    assert_null(strstr(with.log, "stays mapped"));
    with.world->threads.limit = 0;
    ok(molt_world_tick(with.world));
    assert_fate(MOLT_IMAGE_QUARANTINED);
    assert_non_null(strstr(with.log, "bike g1 stays mapped: no quiescent point since then of thread 'slow'"));
    let_on(&w);
    await(&w);
    ok(molt_world_tick(with.world));
    assert_int_equal(molt_module_images(with.world), 1);
    let_on(&w);
    worker_join(&w);
    for (size_t i = 0; i < VARIANTS; i++) free(variants[i].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_thousand_reloads_under_running_workers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reloads_that_change_the_layout_under_running_workers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image_stays_until_each_worker_has_been_quiescent, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("threads_reload", tests, NULL, NULL);
}
