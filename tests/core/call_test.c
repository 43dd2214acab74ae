/* Calls through a trait handle: native, by a closure, by an adaptor, refused. */
#include "world_fixture.h"

#include <pthread.h>

/* A method for each kind of result, two parameters each. */
#define SCALAR_METHODS(METHOD)                              \
    METHOD(bool, a_bool, (bool a, bool b))                  \
    METHOD(int8_t, an_int8, (int8_t a, int8_t b))           \
    METHOD(uint8_t, a_uint8, (uint8_t a, uint8_t b))        \
    METHOD(int16_t, an_int16, (int16_t a, int16_t b))       \
    METHOD(uint16_t, a_uint16, (uint16_t a, uint16_t b))    \
    METHOD(int32_t, an_int32, (int32_t a, int32_t b))       \
    METHOD(uint32_t, a_uint32, (uint32_t a, uint32_t b))    \
    METHOD(int64_t, an_int64, (int64_t a, int64_t b))       \
    METHOD(uint64_t, a_uint64, (uint64_t a, uint64_t b))    \
    METHOD(float, a_float, (float a, float b))              \
    METHOD(double, a_double, (double a, double b))

#define SUMS(FIELD, METHOD) \
    FIELD(int32_t, salt, 0) SCALAR_METHODS(METHOD) \
    METHOD(void, pepper, ()) \
    METHOD(double, eight, (int8_t a, float b, int64_t c, double d, bool e, uint16_t f, float g, int8_t h))
MOLT_TRAIT(Sums, SUMS)

/* The same methods with handles of its own: its slots are filled by adaptors. */
#define SUMS_OF_MIRROR(FIELD, METHOD) \
    SCALAR_METHODS(METHOD) \
    METHOD(void, pepper, ()) \
    METHOD(double, eight, (int8_t a, float b, int64_t c, double d, bool e, uint16_t f, float g, int8_t h))
MOLT_TRAIT(Mirror, SUMS_OF_MIRROR)

#define X(type, name)                                                          \
    static type sum_##name(Sums *self, type a, type b)                         \
    {                                                                          \
        return (type)(a + b + (type)self->salt);                               \
    }
X(int8_t, an_int8) X(uint8_t, a_uint8) X(int16_t, an_int16) X(uint16_t, a_uint16) X(int32_t, an_int32)
X(uint32_t, a_uint32) X(int64_t, an_int64) X(uint64_t, a_uint64) X(float, a_float) X(double, a_double)
#undef X

static bool sum_a_bool(Sums *self, bool a, bool b)
{
    (void)self;
    return a && !b;
}

static void sum_pepper(Sums *self)
{
    self->salt++;
}

static double sum_eight(Sums *self, int8_t a, float b, int64_t c, double d, bool e, uint16_t f, float g, int8_t h)
{
    return self->salt + a + (double)b + (double)c + d + e + f + (double)g + h;
}

static molt_object *adder(void)
{
    const Sums_vtable functions = {
#define METHOD(type, name, parameters) .name = sum_##name,
        SCALAR_METHODS(METHOD)
#undef METHOD
        .pepper = sum_pepper, .eight = sum_eight,
    };
    molt_impl *impl = molt_impl_register(with.world, &Sums_trait, "Sums", &functions, 0, "test.c:9");
    molt_class *cls = new_class("Adder", NULL, TRAITS(c_trait(&Sums_trait), c_trait(&Mirror_trait)));
    must(molt_class_use(cls, NULL, impl));
    return new_object(cls);
}

/* Every signature, on whichever handle. */
#define CHECK_SUMS(handle)                                                     \
    do {                                                                       \
        assert_true(molt_call(handle, a_bool, true, false));                   \
        assert_false(molt_call(handle, a_bool, true, true));                   \
        assert_true(molt_call(handle, an_int8, -100, -28) == INT8_MIN);        \
        assert_true(molt_call(handle, a_uint8, 200, 55) == UINT8_MAX);         \
        assert_true(molt_call(handle, an_int16, -32000, -768) == INT16_MIN);   \
        assert_true(molt_call(handle, a_uint16, 65000, 535) == UINT16_MAX);    \
        assert_true(molt_call(handle, an_int32, INT32_MIN, 0) == INT32_MIN);   \
        assert_true(molt_call(handle, a_uint32, UINT32_MAX, 0) == UINT32_MAX); \
        assert_true(molt_call(handle, an_int64, INT64_MIN, 0) == INT64_MIN);   \
        assert_true(molt_call(handle, a_uint64, UINT64_MAX, 0) == UINT64_MAX); \
        assert_true(molt_call(handle, a_float, 0.25f, 1) == 1.25f);            \
        assert_true(molt_call(handle, a_double, 1e300, 1e300) == 2e300);       \
        assert_true(molt_call(handle, eight, -1, 2.5f, 1ll << 40, 0.25, true, 65535, -3, 4) == \
                    -1 + 2.5 + (double)(1ll << 40) + 0.25 + 1 + 65535 - 3 + 4); \
    } while (0)

static void a_native_method_is_called_with_every_kind(void **state)
{
    (void)state;
    Sums *handle = molt_as(adder(), Sums);
    CHECK_SUMS(handle);
}

static void an_adaptor_takes_every_kind_to_the_other_traits_block(void **state)
{
    (void)state;
    molt_object *object = adder();
    Mirror *handle = molt_as(object, Mirror);
    CHECK_SUMS(handle);
    molt_call(handle, pepper);
    assert_int_equal(molt_as(object, Sums)->salt, 1);
}

/* As many methods as a trait may have, each of which tells its own number. */
#define ROW(METHOD, row)                                                                 \
    METHOD(int32_t, m##row##0, (int32_t a)) METHOD(int32_t, m##row##1, (int32_t a))      \
    METHOD(int32_t, m##row##2, (int32_t a)) METHOD(int32_t, m##row##3, (int32_t a))      \
    METHOD(int32_t, m##row##4, (int32_t a)) METHOD(int32_t, m##row##5, (int32_t a))      \
    METHOD(int32_t, m##row##6, (int32_t a)) METHOD(int32_t, m##row##7, (int32_t a))
#define FULL(FIELD, METHOD)                                                              \
    ROW(METHOD, 0) ROW(METHOD, 1) ROW(METHOD, 2) ROW(METHOD, 3)                          \
    ROW(METHOD, 4) ROW(METHOD, 5) ROW(METHOD, 6) ROW(METHOD, 7)
MOLT_TRAIT(Full, FULL)
MOLT_TRAIT(Reflection, FULL)

#define METHOD(type, name, parameters) \
    static type full_##name(Full *self, int32_t a) { (void)self; return a + (int32_t)strtol(&#name[1], NULL, 8); }
FULL(, METHOD)
#undef METHOD

static void an_adaptor_of_every_slot_finds_its_method(void **state)
{
    (void)state;
#define METHOD(type, name, parameters) .name = full_##name,
    const Full_vtable functions = { FULL(, METHOD) };
#undef METHOD
    molt_impl *impl = molt_impl_register(with.world, &Full_trait, "Full", &functions, 0, "test.c:9");
    molt_class *cls = new_class("Brim", NULL, TRAITS(c_trait(&Full_trait), c_trait(&Reflection_trait)));
    must(molt_class_use(cls, NULL, impl));
    Reflection *handle = molt_as(new_object(cls), Reflection);
    int32_t slot = 0;
#define METHOD(type, name, parameters) assert_int_equal(molt_call(handle, name, 1000), 1000 + slot++);
    FULL(, METHOD)
#undef METHOD
    assert_int_equal(slot, 64);
}

/* More of one kind than there are registers. */
#define CROWD(FIELD, METHOD) \
    METHOD(int32_t, six, (int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f)) \
    METHOD(double, heavy, (double a, double b, double c, double d, double e, double f, double g, double h))
MOLT_TRAIT(Crowd, CROWD)
MOLT_TRAIT(Queue, CROWD)

static int32_t crowd_six(Crowd *self, int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f)
{
    (void)self;
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

static double crowd_heavy(Crowd *self, double a, double b, double c, double d, double e, double f, double g, double h)
{
    (void)self;
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

static void an_adaptor_takes_arguments_from_the_stack_too(void **state)
{
    (void)state;
    const Crowd_vtable functions = { .six = crowd_six, .heavy = crowd_heavy };
    molt_impl *impl = molt_impl_register(with.world, &Crowd_trait, "Crowd", &functions, 0, "test.c:9");
    molt_class *cls = new_class("Many", NULL, TRAITS(c_trait(&Crowd_trait), c_trait(&Queue_trait)));
    must(molt_class_use(cls, NULL, impl));
    Queue *handle = molt_as(new_object(cls), Queue);
    assert_int_equal(molt_call(handle, six, 1, 2, 3, 4, 5, 6), 654321);
    assert_true(molt_call(handle, heavy, 1, 2, 3, 4, 5, 6, 7, 8) == 204);
}

static void a_lua_fill_returns_every_kind(void **state)
{
    (void)state;
    molt_object *object = adder();
    Sums *handle = molt_as(object, Sums);
#define METHOD(type, name, parameters)                                         \
    do {                                                                       \
        if (strcmp(#name, "a_bool") == 0) break;                               \
        molt_fill fill = by_lua(#name, 100);                                   \
        must(molt_class_fill(molt_object_class(object), &fill));               \
        assert_true(molt_call(handle, name, 0, 0) == (type)100);               \
    } while (0);
    SCALAR_METHODS(METHOD)
#undef METHOD
}

static void a_lua_fill_that_raises_returns_zero_and_leaves_the_error(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fill = by_lua("range", -1);
    must(molt_class_fill(car, &fill));
    molt_object *object = new_object(car);
    assert_true(range_of(object) == 0);
    assert_true(molt_error_pending(with.world));
    assert_int_equal(molt_error_take(with.world, NULL), MOLT_ERR_LUA);
}

static void a_slot_that_nothing_can_fill_leaves_an_error(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fill = by_lua("range", 1);
    must(molt_class_fill(car, &fill));
    molt_object *object = new_object(car);
    assert_true(range_of(object) == 0);
    const char *text;
    assert_int_equal(molt_error_take(with.world, &text), MOLT_ERR_MISSING);
    assert_string_equal(text, "method 'Vehicle.range' has no native implementation, and no Lua state is open");
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 4);
}

static void *call_range(void *handle)
{
    static double result;
    result = molt_call((Vehicle *)handle, range, 0);
    return &result;
}

static void another_thread_calls_native_methods(void **state)
{
    (void)state;
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, call_range, molt_as(new_object(car_class()), Vehicle));
    pthread_join(thread, &result);
    assert_true(*(double *)result == 10);
}

static void another_thread_does_not_reach_lua_and_is_reported(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fill = by_lua("range", 42);
    must(molt_class_fill(car, &fill));
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, call_range, molt_as(new_object(car), Vehicle));
    pthread_join(thread, &result);
    assert_true(*(double *)result == 0);
    assert_non_null(strstr(with.log, "method 'Vehicle.range' is filled by Lua"));
}

/* ---- Handles whose object has ended or changed ---- */

static void a_handle_of_an_ended_object_calls_native_methods_until_the_tick(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    Vehicle *handle = molt_as(object, Vehicle);
    must(molt_object_destroy(object));
    assert_true(molt_call(handle, range, 0) == 10);
}

static void an_adaptor_without_the_other_block_returns_zero_and_leaves_an_error(void **state)
{
    (void)state;
    molt_object *object = adder();
    Mirror *handle = molt_as(object, Mirror);
    must(molt_object_destroy(object));
    assert_true(molt_call(handle, a_double, 1, 2) == 0);
    const char *text;
    assert_int_equal(molt_error_take(with.world, &text), MOLT_ERR_STALE);
    assert_non_null(strstr(text, "Mirror.a_double"));
}

static void an_adaptor_of_a_detached_block_returns_zero_and_leaves_an_error(void **state)
{
    (void)state;
    molt_object *object = new_object(new_class("Bare", NULL, NO_TRAITS));
    molt_trait *ship = new_trait("Ship", LINES("double range(double)"));
    must(molt_object_attach(object, NULL, vehicle_impl("Plain", range_plain, wheels_two)));
    must(molt_object_attach(object, ship, NULL));
    molt_block *block = molt_object_as(object, ship);
    must(molt_object_detach(object, ship));
    must(molt_object_detach(object, vehicle()));
    double (*slot)(void *, double);
    *(void **)(void *)&slot = block->vtable[0];
    assert_true(slot(block, 1) == 0);
    assert_int_equal(molt_error_take(with.world, NULL), MOLT_ERR_STALE);
}

/* A method may end its own object. */
static double end_itself(Vehicle *self, double load)
{
    must(molt_object_destroy(molt_object_of(self)));
    return self->fuel + load;
}

static void a_method_may_end_its_own_object(void **state)
{
    (void)state;
    molt_class *car = car_class();
    must(molt_class_use(car, NULL, vehicle_impl("Last", end_itself, NULL)));
    molt_object *object = new_object(car);
    molt_value one = number(1), result;
    must(molt_object_call(object, "range", &one, 1, &result));
    assert_true(result.as.f64 == 11);
    assert_false(molt_object_alive(object));
}

static molt_impl *pulled;

static double pull_the_rug(Vehicle *self, double load)
{
    must(molt_class_drop(molt_object_class(molt_object_of(self)), NULL, pulled));
    return self->fuel + load;
}

static void a_method_may_take_its_own_fill_away(void **state)
{
    (void)state;
    molt_class *car = car_class();
    must(molt_class_use(car, NULL, pulled = vehicle_impl("Rug", pull_the_rug, NULL)));
    molt_object *object = new_object(car);
    assert_true(molt_call(molt_as(object, Vehicle), range, 1) == 11);
    assert_true(molt_call(molt_as(object, Vehicle), range, 1) == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_native_method_is_called_with_every_kind),
        TEST(an_adaptor_takes_every_kind_to_the_other_traits_block),
        TEST(an_adaptor_of_every_slot_finds_its_method),
        TEST(an_adaptor_takes_arguments_from_the_stack_too),
        JOINED_TEST(a_lua_fill_returns_every_kind),
        JOINED_TEST(a_lua_fill_that_raises_returns_zero_and_leaves_the_error),
        TEST(a_slot_that_nothing_can_fill_leaves_an_error),
        TEST(another_thread_calls_native_methods),
        JOINED_TEST(another_thread_does_not_reach_lua_and_is_reported),
        TEST(a_handle_of_an_ended_object_calls_native_methods_until_the_tick),
        TEST(an_adaptor_without_the_other_block_returns_zero_and_leaves_an_error),
        TEST(an_adaptor_of_a_detached_block_returns_zero_and_leaves_an_error),
        TEST(a_method_may_end_its_own_object),
        TEST(a_method_may_take_its_own_fill_away),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
