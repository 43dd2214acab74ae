/* The modules that come with Molt, and the corners of declarations, by their results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

#include <molt/molt.h>

static molt_world *world;

static int set_up(void **state)
{
    (void)state;
    world = molt_world_open(NULL);
    return molt_module_path(world, MOLT_BINARY_DIR "/natives:" MOLT_BINARY_DIR "/tests/natives");
}

static int tear_down(void **state)
{
    (void)state;
    molt_world_close(world);
    return 0;
}

static molt_impl *provided(const char *module_name, const char *impl_name)
{
    molt_module *module = molt_module_load(world, module_name);
    molt_impl *impl = module ? molt_module_impl(module, impl_name) : NULL;
    if (!impl) fail_msg("%s", molt_last_error(world));
    return impl;
}

/* An object of a new class that uses the implementation, and a second one beside it. */
static molt_object *object_with(const char *cls_name, molt_impl *impl, molt_impl *beside)
{
    molt_trait *trait = molt_impl_trait(impl);
    molt_class_lines lines = { .size = sizeof lines, .name = cls_name, .traits = &trait, .trait_count = 1 };
    molt_class *cls = molt_class_declare(world, &lines);
    assert_non_null(cls);
    assert_int_equal(molt_class_use(cls, trait, impl), MOLT_OK);
    if (beside) assert_int_equal(molt_class_use(cls, trait, beside), MOLT_OK);
    molt_object *object = molt_object_new(world, cls);
    if (!object) fail_msg("%s", molt_last_error(world));
    return object;
}

static molt_value number(double x)
{
    return (molt_value){ MOLT_DOUBLE, { .f64 = x } };
}

static double as_double(molt_value value)
{
    switch (value.kind) {
#define X(name, type, member) case MOLT_##name: return (double)value.as.member;
        MOLT_SCALARS(X)
#undef X
    default: return 0;
    }
}

static double call(molt_object *object, const char *method, size_t count, double a, double b, double c)
{
    const molt_value arguments[] = { number(a), number(b), number(c) };
    molt_value result = { MOLT_VOID, { .f64 = 0 } };
    if (molt_object_call(object, method, arguments, count, &result)) fail_msg("%s", molt_last_error(world));
    return as_double(result);
}

static double get(molt_object *object, const char *field)
{
    molt_value value;
    if (molt_object_get(object, field, &value)) fail_msg("%s", molt_last_error(world));
    return as_double(value);
}

static void set(molt_object *object, const char *field, double x)
{
    if (molt_object_set(object, field, number(x))) fail_msg("%s", molt_last_error(world));
}

static void near(double actual, double expected)
{
    if (fabs(actual - expected) > 1e-9) fail_msg("expected %.12g, got %.12g", expected, actual);
}

static void steering_seeks_and_flees(void **state)
{
    (void)state;
    molt_object *sheep = object_with("Sheep", provided("steering", "Steering"), NULL);
    for (int i = 0; i < 60; i++) {
        call(sheep, "seek", 2, 300, 400, 0);
        call(sheep, "update", 1, 1 / 60.0, 0, 0);
    }
    near(get(sheep, "x") / get(sheep, "y"), 0.75);
    assert_true(call(sheep, "speed", 0, 0, 0, 0) <= 100 + 1e-9);
    double x = get(sheep, "x");
    for (int i = 0; i < 120; i++) {
        call(sheep, "flee", 2, 300, 400, 0);
        call(sheep, "update", 1, 1 / 60.0, 0, 0);
    }
    assert_true(get(sheep, "x") < x);
    assert_true(get(sheep, "vx") < 0);
}

static void steering_arrives_and_rests(void **state)
{
    (void)state;
    molt_object *sheep = object_with("Sheep", provided("steering", "Steering"), NULL);
    for (int i = 0; i < 1200; i++) {
        call(sheep, "arrive", 3, -50, 20, 30);
        call(sheep, "update", 1, 1 / 60.0, 0, 0);
    }
    assert_true(fabs(get(sheep, "x") + 50) < 1 && fabs(get(sheep, "y") - 20) < 1);
    assert_true(call(sheep, "speed", 0, 0, 0, 0) < 1);
    call(sheep, "seek", 2, get(sheep, "x"), get(sheep, "y"), 0); /* no direction: no NaN */
    call(sheep, "update", 1, 0.1, 0, 0);
    assert_true(isfinite(get(sheep, "x")));
}

static void steering_wanders_the_same_way_from_the_same_seed(void **state)
{
    (void)state;
    molt_object *a = object_with("Sheep", provided("steering", "Steering"), NULL);
    molt_object *b = molt_object_new(world, molt_object_class(a));
    set(b, "seed", 0);                               /* the same as 1: a zero would stand still */
    for (int i = 0; i < 100; i++) {
        call(a, "wander", 1, 0.5, 0, 0);
        call(a, "update", 1, 0.1, 0, 0);
        call(b, "wander", 1, 0.5, 0, 0);
        call(b, "update", 1, 0.1, 0, 0);
    }
    assert_true(fabs(get(a, "x")) + fabs(get(a, "y")) > 1);
    near(get(a, "x"), get(b, "x"));
    near(get(a, "heading"), get(b, "heading"));
}

static void particles_are_born_at_a_rate_and_end_with_their_life(void **state)
{
    (void)state;
    molt_object *torch = object_with("Torch", provided("particles", "Emitter"), NULL);
    set(torch, "rate", 10);
    set(torch, "burst", 5);
    set(torch, "life", 2);
    call(torch, "start", 0, 0, 0, 0);
    near(call(torch, "alive", 0, 0, 0, 0), 6);       /* the burst, and the first of the stream */
    call(torch, "advance", 1, 1.05, 0, 0);
    near(call(torch, "alive", 0, 0, 0, 0), 16);
    near(call(torch, "age", 1, 0, 0, 0), 1.05 / 2);
    near(call(torch, "age", 1, 15, 0, 0), 0.05 / 2);
    near(call(torch, "age", 1, 16, 0, 0), 1);        /* there is none */
    near(call(torch, "offset_x", 1, 16, 0, 0), 0);
    call(torch, "advance", 1, 1, 0, 0);              /* the burst has ended, and one of the stream */
    near(call(torch, "alive", 0, 0, 0, 0), 20);
    call(torch, "stop", 0, 0, 0, 0);
    assert_false(call(torch, "done", 0, 0, 0, 0));
    call(torch, "advance", 1, 2.01, 0, 0);
    near(call(torch, "alive", 0, 0, 0, 0), 0);
    assert_true(call(torch, "done", 0, 0, 0, 0));
}

static void particles_fly_within_their_cone_and_fall(void **state)
{
    (void)state;
    molt_object *torch = object_with("Torch", provided("particles", "Emitter"), NULL);
    set(torch, "direction", 0);
    set(torch, "gravity", 10);
    call(torch, "advance", 1, 0.999, 0, 0);
    int count = (int)call(torch, "alive", 0, 0, 0, 0);
    assert_int_equal(count, 50);
    double spread = 0;
    for (int i = 0; i < count; i++) {
        double time = call(torch, "age", 1, i, 0, 0);  /* life is one second */
        double x = call(torch, "offset_x", 1, i, 0, 0);
        double y = call(torch, "offset_y", 1, i, 0, 0) - 5 * time * time;
        double speed_squared = (x * x + y * y) / (time * time), slope = fabs(y / x);
        assert_true(speed_squared <= 60 * 60 + 1e-6 && speed_squared >= 42 * 42 - 1e-6);
        assert_true(x > 0 && slope <= 0.546302490);  /* the tangent of 0.5 */
        if (slope > spread) spread = slope;
    }
    assert_true(spread > 0.2);
}

static void a_tween_goes_from_one_value_to_another_on_every_curve(void **state)
{
    (void)state;
    static const struct { const char *name; double half; } curves[] = {
        { "Linear", 0.5 }, { "QuadIn", 0.25 }, { "QuadOut", 0.75 }, { "QuadInOut", 0.5 }, { "Back", 1.0876975 },
        { "Elastic", 1.015625 }, { "Bounce", 0.765625 },
    };
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        molt_object *door = object_with(curves[i].name, provided("tween", curves[i].name), NULL);
        set(door, "from", 10);
        set(door, "to", 110);
        set(door, "duration", 2);
        near(call(door, "value", 0, 0, 0, 0), 10);
        call(door, "update", 1, 1, 0, 0);
        near(call(door, "value", 0, 0, 0, 0), 10 + 100 * curves[i].half);
        assert_false(call(door, "done", 0, 0, 0, 0));
        call(door, "update", 1, 1.5, 0, 0);
        near(call(door, "value", 0, 0, 0, 0), 110);
        assert_true(call(door, "done", 0, 0, 0, 0));
        call(door, "restart", 0, 0, 0, 0);
        near(call(door, "value", 0, 0, 0, 0), 10);
    }
}

#define TIMER(FIELD, METHOD)                  \
    FIELD (double, left, 0)                   \
    FIELD (double, interval, 0)               \
    FIELD (int32_t, count, 0)                 \
    FIELD (bool, running, false)              \
    METHOD(void, after, (double seconds))     \
    METHOD(void, every, (double seconds))     \
    METHOD(void, cancel, ())                  \
    METHOD(int32_t, update, (double dt))      \
    METHOD(void, fired, (int32_t count))

MOLT_TRAIT(Timer, TIMER)

static int firings;
static int32_t cancel_at;

static void fired(Timer *self, int32_t count)
{
    firings++;
    assert_int_equal(count, self->count);
    if (count == cancel_at) molt_call(self, cancel);
    if (count == -cancel_at) assert_int_equal(molt_object_destroy(molt_object_of(self)), MOLT_OK);
}

static molt_object *new_timer(void)
{
    static const Timer_vtable functions = { .fired = fired };
    firings = 0;
    cancel_at = 0;
    molt_impl *here = molt_impl_register(world, &Timer_trait, "Here", &functions, 0, "natives_test.c");
    assert_non_null(here);
    molt_object *bomb = object_with("Bomb", provided("timer", "Timer"), here);
    assert_ptr_equal(molt_impl_trait(here), molt_impl_trait(provided("timer", "Timer")));
    return bomb;
}

static void a_timer_fires_once_after_a_while(void **state)
{
    (void)state;
    Timer *bomb = molt_as(new_timer(), Timer);
    molt_call(bomb, after, 3);
    assert_int_equal(molt_call(bomb, update, 2.9), 0);
    assert_int_equal(molt_call(bomb, update, 0.2), 1);
    assert_int_equal(molt_call(bomb, update, 100), 0);
    assert_int_equal(firings, 1);
}

static void a_timer_fires_again_and_again_and_keeps_the_rest(void **state)
{
    (void)state;
    Timer *bomb = molt_as(new_timer(), Timer);
    molt_call(bomb, every, 0.5);
    assert_int_equal(molt_call(bomb, update, 1.25), 2);
    assert_int_equal(molt_call(bomb, update, 0.25), 1);
    assert_int_equal(molt_call(bomb, update, 1e6), 16); /* not two million */
    assert_int_equal(molt_call(bomb, update, 0), 1);
    assert_int_equal(molt_call(bomb, update, 0.25), 0);
    cancel_at = bomb->count + 2;
    assert_int_equal(molt_call(bomb, update, 10), 2);
    assert_int_equal(molt_call(bomb, update, 10), 0);
}

static void a_timer_that_ends_its_object_stops(void **state)
{
    (void)state;
    Timer *bomb = molt_as(new_timer(), Timer);
    molt_call(bomb, every, 1);
    cancel_at = -2;
    assert_int_equal(molt_call(bomb, update, 10), 2);
    molt_world_tick(world);
    assert_int_equal(molt_world_live(world), 0);
}

static void corners_of_declarations_arrive_whole(void **state)
{
    (void)state;
    molt_object *object = object_with("Corner", provided("corners", "Corners"), NULL);
    near(get(object, "object"), 1);
    near(get(object, "vtable"), -9.81);
    near(get(object, "self"), -16);
    near(get(object, "u8"), 16);
    near(get(object, "i16"), -32768);
    near(get(object, "u16"), 65535);
    near(get(object, "i32"), -2147483648.0);
    near(get(object, "u32"), 4294967295.0);
    near(get(object, "i64"), -9007199254740992.0);
    near(get(object, "u64"), 9007199254740992.0);
    near(get(object, "f32"), 0.5);
    call(object, "none", 0, 0, 0, 0);
    near(get(object, "object"), 0);
    near(call(object, "nothing", 0, 0, 0, 0), -2147483648.0);
    const molt_value arguments[] = {
        { MOLT_BOOL, { .boolean = true } }, number(-2), number(3), number(-4), number(5), number(0.5),
        number(0.25), number(8),
    };
    molt_value result;
    assert_int_equal(molt_object_call(object, "all", arguments, 8, &result), MOLT_OK);
    near(result.as.f64, -9.81 + 1 - 2 + 3 - 4 + 5 + 0.5 + 0.25 + 8);
    assert_string_equal(molt_module_version(molt_module_find(world, "corners")), "1.0.0-corners+1");
}

static void a_module_that_refuses_is_heard(void **state)
{
    (void)state;
    assert_null(molt_module_load(world, "refuses"));
    assert_int_equal(molt_last_code(world), MOLT_ERR_MODULE);
    assert_non_null(strstr(molt_last_error(world), "refuses.so: refused: needs a GPU with 512 MB"));
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(steering_seeks_and_flees),
        test(steering_arrives_and_rests),
        test(steering_wanders_the_same_way_from_the_same_seed),
        test(particles_are_born_at_a_rate_and_end_with_their_life),
        test(particles_fly_within_their_cone_and_fall),
        test(a_tween_goes_from_one_value_to_another_on_every_curve),
        test(a_timer_fires_once_after_a_while),
        test(a_timer_fires_again_and_again_and_keeps_the_rest),
        test(a_timer_that_ends_its_object_stops),
        test(corners_of_declarations_arrive_whole),
        test(a_module_that_refuses_is_heard),
    };
    return cmocka_run_group_tests_name("natives", tests, NULL, NULL);
}
