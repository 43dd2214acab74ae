/* Fields and typed methods by name. */
#include "world_fixture.h"

#include <math.h>

static molt_object *with_every_kind(void)
{
    molt_trait *every = new_trait("Every", LINES("bool a_bool", "int8_t an_int8", "uint8_t a_uint8", "int16_t an_int16",
                                                 "uint16_t a_uint16", "int32_t an_int32", "uint32_t a_uint32",
                                                 "int64_t an_int64", "uint64_t a_uint64", "float a_float",
                                                 "double a_double", "any a_lua_value"));
    return new_object(new_class("Thing", NULL, TRAITS(every)));
}

static const char *const number_fields[] = {
    "an_int8", "a_uint8", "an_int16", "a_uint16", "an_int32", "a_uint32", "an_int64", "a_uint64", "a_float", "a_double",
};

static void a_field_of_every_kind_comes_back_as_it_was_set(void **state)
{
    (void)state;
    molt_object *object = with_every_kind();
    const molt_value values[] = {
        { MOLT_BOOL, { .boolean = true } }, { MOLT_INT8, { .i8 = INT8_MIN } }, { MOLT_UINT8, { .u8 = UINT8_MAX } },
        { MOLT_INT16, { .i16 = INT16_MIN } }, { MOLT_UINT16, { .u16 = UINT16_MAX } }, { MOLT_INT32, { .i32 = INT32_MIN } },
        { MOLT_UINT32, { .u32 = UINT32_MAX } }, { MOLT_INT64, { .i64 = INT64_MIN } }, { MOLT_UINT64, { .u64 = UINT64_MAX } },
        { MOLT_FLOAT, { .f32 = 1e-40f } }, { MOLT_DOUBLE, { .f64 = -1e308 } },
    };
    const char *const names[] = { "a_bool", "an_int8", "a_uint8", "an_int16", "a_uint16", "an_int32", "a_uint32",
                                  "an_int64", "a_uint64", "a_float", "a_double" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) must(molt_object_set(object, names[i], values[i]));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        molt_value value;
        must(molt_object_get(object, names[i], &value));
        assert_int_equal(value.kind, values[i].kind);
        assert_memory_equal(&value.as, &values[i].as, molt__kind_size(value.kind));
    }
}

static void a_number_is_converted_to_the_fields_type(void **state)
{
    (void)state;
    molt_object *object = with_every_kind();
    for (size_t i = 0; i < sizeof number_fields / sizeof *number_fields; i++) {
        must(molt_object_set(object, number_fields[i], number(42)));
        assert_true(field_of(object, number_fields[i]) == 42);
        must(molt_object_set(object, number_fields[i], (molt_value){ MOLT_UINT8, { .u8 = 43 } }));
        assert_true(field_of(object, number_fields[i]) == 43);
    }
}

static void a_number_out_of_range_is_refused_and_the_old_stays(void **state)
{
    (void)state;
    molt_object *object = with_every_kind();
    const struct { const char *name; double low, high; } ranges[] = {
        { "an_int8", -129, 128 }, { "a_uint8", -1, 256 }, { "an_int16", -32769, 32768 }, { "a_uint16", -1, 65536 },
        { "an_int32", -2147483649.0, 2147483648.0 }, { "a_uint32", -1, 4294967296.0 },
        { "an_int64", -9223372036854777856.0, 9223372036854775808.0 }, { "a_uint64", -1, 18446744073709551616.0 },
        { "a_float", -1e39, 1e39 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        must(molt_object_set(object, ranges[i].name, number(7)));
        refused(molt_object_set(object, ranges[i].name, number(ranges[i].low)), MOLT_ERR_RANGE, ranges[i].name);
        refused(molt_object_set(object, ranges[i].name, number(ranges[i].high)), MOLT_ERR_RANGE, ranges[i].name);
        assert_true(field_of(object, ranges[i].name) == 7);
        if (i < 8) refused(molt_object_set(object, ranges[i].name, number(1.5)), MOLT_ERR_RANGE, "not a whole number");
        if (i < 8) refused(molt_object_set(object, ranges[i].name, number(NAN)), MOLT_ERR_RANGE, ranges[i].name);
        assert_true(field_of(object, ranges[i].name) == 7);
    }
}

static void a_value_of_another_type_is_refused_and_the_old_stays(void **state)
{
    (void)state;
    molt_object *object = with_every_kind();
    must(molt_object_set(object, "a_double", number(7)));
    refused(molt_object_set(object, "a_double", (molt_value){ MOLT_BOOL, { .boolean = true } }), MOLT_ERR_TYPE,
            "field 'a_double' takes a double, got a bool");
    refused(molt_object_set(object, "a_bool", number(1)), MOLT_ERR_TYPE, "field 'a_bool' takes a bool");
    refused(molt_object_set(object, "a_double", (molt_value){ .kind = MOLT_VOID }), MOLT_ERR_TYPE, "got a void");
    refused(molt_object_set(object, "a_double", (molt_value){ .kind = MOLT_ANY }), MOLT_ERR_TYPE, "got an any");
    assert_true(field_of(object, "a_double") == 7);
}

static void an_unknown_field_suggests_a_near_one(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    molt_value value;
    refused(molt_object_get(object, "feul", &value), MOLT_ERR_UNKNOWN, "has no typed field 'feul'");
    assert_string_equal(molt_last_hint(with.world), "did you mean 'fuel'?");
    refused(molt_object_set(object, "range", number(1)), MOLT_ERR_UNKNOWN, "has no typed field 'range'");
}

static void a_lua_valued_field_is_not_suggested_for_itself(void **state)
{
    (void)state;
    molt_object *object = with_every_kind();
    molt_value value;
    refused(molt_object_get(object, "a_lua_value", &value), MOLT_ERR_UNKNOWN, "has no typed field 'a_lua_value'");
    assert_null(strstr(molt_last_hint(with.world), "a_lua_value"));
}

static void a_field_of_an_attached_trait_is_found(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    must(molt_object_attach(object, NULL, engine_impl("Ten", thrust_ten)));
    must(molt_object_set(object, "power", number(3)));
    assert_true(molt_as(object, Engine)->power == 3);
    must(molt_object_detach(object, engine()));
    molt_value value;
    refused(molt_object_get(object, "power", &value), MOLT_ERR_UNKNOWN, "has no typed field 'power'");
}

/* ---- Methods ---- */

static void a_method_is_called_by_name_with_converted_arguments(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    molt_value load = { MOLT_INT8, { .i8 = 4 } }, result;
    must(molt_object_call(object, "range", &load, 1, &result));
    assert_int_equal(result.kind, MOLT_DOUBLE);
    assert_true(result.as.f64 == 2);
    must(molt_object_call(object, "wheels", NULL, 0, &result));
    assert_int_equal(result.kind, MOLT_INT32);
    assert_int_equal(result.as.i32, 4);
    must(molt_object_call(object, "wheels", NULL, 0, NULL));
}

static void a_lua_method_is_called_by_name(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fill = by_lua("range", 12);
    must(molt_class_fill(car, &fill));
    molt_value load = number(1), result;
    must(molt_object_call(new_object(car), "range", &load, 1, &result));
    assert_true(result.as.f64 == 12);
}

static void wrong_arguments_are_refused_before_the_call(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    molt_value loads[9] = { number(1) }, result = { .kind = MOLT_VOID };
    refused(molt_object_call(object, "range", NULL, 0, &result), MOLT_ERR_ARGUMENT,
            "method 'range' takes 1 arguments ('double range(double)'), got 0");
    refused(molt_object_call(object, "range", loads, 9, &result), MOLT_ERR_ARGUMENT, "got 9");
    loads[0] = (molt_value){ MOLT_BOOL, { .boolean = true } };
    refused(molt_object_call(object, "range", loads, 1, &result), MOLT_ERR_TYPE, "argument 1 of method 'range'");
    assert_int_equal(result.kind, MOLT_VOID);
}

static void an_argument_out_of_range_is_refused(void **state)
{
    (void)state;
    molt_trait *trait = new_trait("Gear", LINES("void shift(int8_t gear, uint8_t speed)"));
    molt_fill fill = by_lua("shift", 1);
    must(molt_trait_fill(trait, &fill));
    molt_object *object = new_object(new_class("Box", NULL, TRAITS(trait)));
    molt_value arguments[2] = { number(3), number(300) };
    refused(molt_object_call(object, "shift", arguments, 2, NULL), MOLT_ERR_RANGE, "argument 2 of method 'shift'");
    arguments[1] = number(255);
    must(molt_object_call(object, "shift", arguments, 2, NULL));
}

static void an_unknown_method_suggests_a_near_one(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    refused(molt_object_call(object, "wheel", NULL, 0, NULL), MOLT_ERR_UNKNOWN, "has no typed method 'wheel'");
    assert_string_equal(molt_last_hint(with.world), "did you mean 'wheels'?");
    assert_int_equal(molt_object_call(object, "never_heard_of", NULL, 0, NULL), MOLT_ERR_UNKNOWN);
    assert_int_equal(molt_object_call(object, "fuel", NULL, 0, NULL), MOLT_ERR_UNKNOWN);
}

static void an_error_raised_in_lua_is_the_calls_error(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fill = by_lua("wheels", -1);
    must(molt_class_fill(car, &fill));
    refused(molt_object_call(new_object(car), "wheels", NULL, 0, NULL), MOLT_ERR_LUA, "raised on purpose");
    assert_true(molt_error_pending(with.world));
    assert_int_equal(molt_error_take(with.world, NULL), MOLT_ERR_LUA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_field_of_every_kind_comes_back_as_it_was_set),
        TEST(a_number_is_converted_to_the_fields_type),
        TEST(a_number_out_of_range_is_refused_and_the_old_stays),
        TEST(a_value_of_another_type_is_refused_and_the_old_stays),
        TEST(an_unknown_field_suggests_a_near_one),
        TEST(a_lua_valued_field_is_not_suggested_for_itself),
        TEST(a_field_of_an_attached_trait_is_found),
        TEST(a_method_is_called_by_name_with_converted_arguments),
        JOINED_TEST(a_lua_method_is_called_by_name),
        TEST(wrong_arguments_are_refused_before_the_call),
        JOINED_TEST(an_argument_out_of_range_is_refused),
        TEST(an_unknown_method_suggests_a_near_one),
        JOINED_TEST(an_error_raised_in_lua_is_the_calls_error),
    };
    return cmocka_run_group_tests_name("member", tests, NULL, NULL);
}
