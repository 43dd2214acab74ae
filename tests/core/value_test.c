/* Values: sizes, spelling, and conversion that keeps the value or refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <float.h>
#include <math.h>

#include <cmocka.h>

#include <molt/world.h>

#include "value.h"

static int open_world(void **state)
{
    *state = molt_world_open(NULL);
    return *state != NULL ? 0 : -1;
}

static int close_world(void **state)
{
    molt_world_close(*state);
    return 0;
}

static molt_value real(double value)
{
    return (molt_value){ .kind = MOLT_DOUBLE, .as.f64 = value };
}

static molt_value whole(int64_t value)
{
    return (molt_value){ .kind = MOLT_INT64, .as.i64 = value };
}

static molt_value natural(uint64_t value)
{
    return (molt_value){ .kind = MOLT_UINT64, .as.u64 = value };
}

static molt_value truth(bool value)
{
    return (molt_value){ .kind = MOLT_BOOL, .as.boolean = value };
}

static molt_value convert(void **state, molt_kind kind, molt_value from)
{
    molt_value to;
    assert_int_equal(molt__value_convert(*state, kind, from, &to, "field 'x'"), MOLT_OK);
    assert_int_equal(to.kind, kind);
    return to;
}

static void refuse(void **state, molt_kind kind, molt_value from, int code)
{
    molt_value to = real(-77);
    assert_int_equal(molt__value_convert(*state, kind, from, &to, "field 'x'"), code);
    assert_int_equal(molt_last_code(*state), code);
    assert_int_equal(to.kind, MOLT_DOUBLE);
    assert_true(to.as.f64 == -77.0);                 /* untouched */
}

static void says(void **state, molt_kind kind, molt_value from, const char *what, const char *text)
{
    molt_value to;
    assert_true(molt__value_convert(*state, kind, from, &to, what) < 0);
    assert_string_equal(molt_last_error(*state), text);
}

static void each_kind_has_the_size_of_its_c_type(void **state)
{
    (void)state;
#define X(name, type, member) assert_int_equal(molt__kind_size(MOLT_##name), sizeof(type));
    MOLT_SCALARS(X)
#undef X
    assert_int_equal(molt__kind_size(MOLT_VOID), 0);
    assert_int_equal(molt__kind_size(MOLT_ANY), 0);
}

static void the_alignment_of_a_scalar_is_its_size(void **state)
{
    (void)state;
#define X(name, type, member) assert_int_equal(_Alignof(type), molt__kind_size(MOLT_##name));
    MOLT_SCALARS(X)
#undef X
}

static void kinds_are_spelled_as_in_c(void **state)
{
    (void)state;
    assert_string_equal(molt__kind_name(MOLT_BOOL), "bool");
    assert_string_equal(molt__kind_name(MOLT_UINT8), "uint8_t");
    assert_string_equal(molt__kind_name(MOLT_INT64), "int64_t");
    assert_string_equal(molt__kind_name(MOLT_DOUBLE), "double");
    assert_string_equal(molt__kind_name(MOLT_VOID), "void");
    assert_string_equal(molt__kind_name(MOLT_ANY), "any");
}

static void what_is_written_is_read_again(void **state)
{
    unsigned char memory[10] = { 0 };
#define X(name, type, member)                                                       \
    molt__value_write(memory + 1, convert(state, MOLT_##name,                       \
                                          MOLT_##name == MOLT_BOOL ? truth(true) : whole(99)));  \
    assert_true(molt__value_read(MOLT_##name, memory + 1).as.member ==              \
                (type)(MOLT_##name == MOLT_BOOL ? 1 : 99));                         \
    assert_int_equal(memory[0], 0);                                                 \
    assert_int_equal(memory[1 + sizeof(type)], 0);                                  \
    memset(memory, 0, sizeof memory);
    MOLT_SCALARS(X)
#undef X
}

static void any_byte_but_zero_reads_as_true(void **state)
{
    (void)state;
    const unsigned char byte = 0x80;
    assert_true(molt__value_read(MOLT_BOOL, &byte).as.boolean == true);
}

static void a_small_number_fits_every_numeric_kind(void **state)
{
    for (molt_kind kind = MOLT_INT8; kind <= MOLT_DOUBLE; kind++) {
        assert_true(convert(state, MOLT_DOUBLE, convert(state, kind, real(100))).as.f64 == 100.0);
        assert_true(convert(state, MOLT_INT64, convert(state, kind, whole(100))).as.i64 == 100);
    }
}

static void the_ends_of_each_integer_range_fit_and_nothing_beyond(void **state)
{
    const struct { molt_kind kind; double least; double most; } ends[] = {
        { MOLT_INT8, -128, 127 },
        { MOLT_UINT8, 0, 255 },
        { MOLT_INT16, -32768, 32767 },
        { MOLT_UINT16, 0, 65535 },
        { MOLT_INT32, -2147483648.0, 2147483647.0 },
        { MOLT_UINT32, 0, 4294967295.0 },
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        molt_kind kind = ends[i].kind;
        assert_true(convert(state, MOLT_DOUBLE, convert(state, kind, real(ends[i].least))).as.f64 == ends[i].least);
        assert_true(convert(state, MOLT_DOUBLE, convert(state, kind, real(ends[i].most))).as.f64 == ends[i].most);
        convert(state, kind, whole((int64_t)ends[i].least));
        convert(state, kind, whole((int64_t)ends[i].most));
        refuse(state, kind, real(ends[i].least - 1), MOLT_ERR_RANGE);
        refuse(state, kind, real(ends[i].most + 1), MOLT_ERR_RANGE);
        refuse(state, kind, whole((int64_t)ends[i].least - 1), MOLT_ERR_RANGE);
        refuse(state, kind, natural((uint64_t)ends[i].most + 1), MOLT_ERR_RANGE);
    }
}

static void integers_of_64_bits_keep_every_bit(void **state)
{
    assert_true(convert(state, MOLT_INT64, whole(INT64_MIN)).as.i64 == INT64_MIN);
    assert_true(convert(state, MOLT_UINT64, natural(UINT64_MAX)).as.u64 == UINT64_MAX);
    assert_true(convert(state, MOLT_UINT64, whole(INT64_MAX)).as.u64 == INT64_MAX);
    refuse(state, MOLT_UINT64, whole(-1), MOLT_ERR_RANGE);
    refuse(state, MOLT_INT64, natural((uint64_t)INT64_MAX + 1), MOLT_ERR_RANGE);
}

static void doubles_reach_64_bits_only_inside_the_range(void **state)
{
    assert_true(convert(state, MOLT_INT64, real(-0x1p63)).as.i64 == INT64_MIN);
    assert_true(convert(state, MOLT_UINT64, real(0x1p63)).as.u64 == (uint64_t)1 << 63);
    refuse(state, MOLT_INT64, real(0x1p63), MOLT_ERR_RANGE);
    refuse(state, MOLT_UINT64, real(0x1p64), MOLT_ERR_RANGE);
    refuse(state, MOLT_INT64, real(-0x1.0000000000001p63), MOLT_ERR_RANGE);
    refuse(state, MOLT_UINT64, real(-1), MOLT_ERR_RANGE);
}

static void an_integer_that_a_double_would_round_is_refused(void **state)
{
    assert_true(convert(state, MOLT_DOUBLE, whole((int64_t)1 << 53)).as.f64 == 0x1p53);
    assert_true(convert(state, MOLT_DOUBLE, whole(INT64_MIN)).as.f64 == -0x1p63);
    refuse(state, MOLT_DOUBLE, whole(((int64_t)1 << 53) + 1), MOLT_ERR_RANGE);
    refuse(state, MOLT_DOUBLE, whole(-((int64_t)1 << 53) - 1), MOLT_ERR_RANGE);
    refuse(state, MOLT_DOUBLE, whole(INT64_MAX), MOLT_ERR_RANGE);
    refuse(state, MOLT_DOUBLE, natural(UINT64_MAX), MOLT_ERR_RANGE);
}

static void an_integer_that_a_float_would_round_is_refused(void **state)
{
    assert_true(convert(state, MOLT_FLOAT, whole(1 << 24)).as.f32 == 0x1p24f);
    assert_true(convert(state, MOLT_FLOAT, natural((uint64_t)1 << 63)).as.f32 == 0x1p63f);
    refuse(state, MOLT_FLOAT, whole((1 << 24) + 1), MOLT_ERR_RANGE);
    refuse(state, MOLT_FLOAT, natural(UINT64_MAX), MOLT_ERR_RANGE);
}

static void a_fraction_is_no_integer(void **state)
{
    refuse(state, MOLT_INT32, real(2.5), MOLT_ERR_RANGE);
    refuse(state, MOLT_INT8, real(-0.5), MOLT_ERR_RANGE);
    refuse(state, MOLT_UINT8, real(255.5), MOLT_ERR_RANGE);
    refuse(state, MOLT_UINT64, real(0x1p-1074), MOLT_ERR_RANGE);
}

static void negative_zero_is_zero_for_an_integer(void **state)
{
    assert_int_equal(convert(state, MOLT_UINT8, real(-0.0)).as.u8, 0);
    assert_true(signbit(convert(state, MOLT_FLOAT, real(-0.0)).as.f32) != 0);
}

static void nan_and_infinity_are_no_integers(void **state)
{
    for (molt_kind kind = MOLT_INT8; kind <= MOLT_UINT64; kind++) {
        refuse(state, kind, real(NAN), MOLT_ERR_RANGE);
        refuse(state, kind, real(INFINITY), MOLT_ERR_RANGE);
        refuse(state, kind, real(-INFINITY), MOLT_ERR_RANGE);
    }
}

static void nan_and_infinity_stay_what_they_are_as_real_numbers(void **state)
{
    assert_true(isnan(convert(state, MOLT_FLOAT, real(NAN)).as.f32));
    assert_true(isnan(convert(state, MOLT_DOUBLE, real(NAN)).as.f64));
    assert_true(convert(state, MOLT_FLOAT, real(-INFINITY)).as.f32 == -INFINITY);
}

static void a_float_rounds_a_double(void **state)
{
    assert_true(convert(state, MOLT_FLOAT, real(0.1)).as.f32 == 0.1f);
    assert_true(convert(state, MOLT_FLOAT, real(1e-300)).as.f32 == 0.0f);
    assert_true(convert(state, MOLT_FLOAT, real(16777217.0)).as.f32 == 16777216.0f);
}

static void a_double_that_a_float_would_make_infinite_is_refused(void **state)
{
    assert_true(convert(state, MOLT_FLOAT, real((double)FLT_MAX)).as.f32 == FLT_MAX);
    assert_true(convert(state, MOLT_FLOAT, real(0x1.fffffefffffffp127)).as.f32 == FLT_MAX);
    refuse(state, MOLT_FLOAT, real(0x1.ffffffp127), MOLT_ERR_RANGE);
    refuse(state, MOLT_FLOAT, real(-1e39), MOLT_ERR_RANGE);
}

static void only_a_bool_is_a_bool(void **state)
{
    assert_true(convert(state, MOLT_BOOL, truth(true)).as.boolean);
    assert_false(convert(state, MOLT_BOOL, truth(false)).as.boolean);
    refuse(state, MOLT_BOOL, real(1), MOLT_ERR_TYPE);
    refuse(state, MOLT_BOOL, whole(0), MOLT_ERR_TYPE);
    for (molt_kind kind = MOLT_INT8; kind <= MOLT_DOUBLE; kind++) {
        refuse(state, kind, truth(true), MOLT_ERR_TYPE);
    }
}

static void what_is_no_scalar_is_a_wrong_type(void **state)
{
    refuse(state, MOLT_ANY, real(1), MOLT_ERR_TYPE);
    refuse(state, MOLT_VOID, real(1), MOLT_ERR_TYPE);
    refuse(state, MOLT_INT8, (molt_value){ .kind = MOLT_VOID }, MOLT_ERR_TYPE);
    refuse(state, MOLT_VOID, (molt_value){ .kind = MOLT_VOID }, MOLT_ERR_TYPE);
}

static void a_refusal_names_the_number_the_field_and_its_range(void **state)
{
    says(state, MOLT_UINT8, real(300), "field 'gears'",
         "number 300 is out of range for uint8_t field 'gears' (0 to 255)");
    says(state, MOLT_INT64, real(1e19), "field 'gears'",
         "number 1e+19 is out of range for int64_t field 'gears' (-9223372036854775808 to 9223372036854775807)");
    says(state, MOLT_INT8, real(NAN), "field 'gears'",
         "number nan is out of range for int8_t field 'gears' (-128 to 127)");
    says(state, MOLT_FLOAT, real(1e39), "field 'mass'",
         "number 1e+39 is out of range for float field 'mass' (-3.402823e+38 to 3.402823e+38)");
}

static void a_refused_fraction_is_said_to_be_one(void **state)
{
    says(state, MOLT_INT32, real(2.5), "field 'gears'",
         "number 2.5 is not a whole number, as int32_t field 'gears' must be");
}

static void a_number_is_written_so_that_it_reads_back(void **state)
{
    says(state, MOLT_INT32, real(0.1), "field 'x'", "number 0.1 is not a whole number, as int32_t field 'x' must be");
    says(state, MOLT_INT16, real(300.00000000000006), "field 'x'",
         "number 300.00000000000006 is not a whole number, as int16_t field 'x' must be");
    says(state, MOLT_DOUBLE, natural(UINT64_MAX), "field 'x'",
         "number 18446744073709551615 cannot be held exactly by double field 'x'");
}

static void a_wrong_type_names_both_types(void **state)
{
    says(state, MOLT_DOUBLE, truth(true), "field 'fuel'", "field 'fuel' takes a double, got a bool");
    says(state, MOLT_INT8, truth(true), "argument 2", "argument 2 takes an int8_t, got a bool");
    says(state, MOLT_BOOL, real(1), "field 'on'", "field 'on' takes a bool, got the number 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_the_size_of_its_c_type),
        cmocka_unit_test(the_alignment_of_a_scalar_is_its_size),
        cmocka_unit_test(kinds_are_spelled_as_in_c),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(any_byte_but_zero_reads_as_true),
        cmocka_unit_test(a_small_number_fits_every_numeric_kind),
        cmocka_unit_test(the_ends_of_each_integer_range_fit_and_nothing_beyond),
        cmocka_unit_test(integers_of_64_bits_keep_every_bit),
        cmocka_unit_test(doubles_reach_64_bits_only_inside_the_range),
        cmocka_unit_test(an_integer_that_a_double_would_round_is_refused),
        cmocka_unit_test(an_integer_that_a_float_would_round_is_refused),
        cmocka_unit_test(a_fraction_is_no_integer),
        cmocka_unit_test(negative_zero_is_zero_for_an_integer),
        cmocka_unit_test(nan_and_infinity_are_no_integers),
        cmocka_unit_test(nan_and_infinity_stay_what_they_are_as_real_numbers),
        cmocka_unit_test(a_float_rounds_a_double),
        cmocka_unit_test(a_double_that_a_float_would_make_infinite_is_refused),
        cmocka_unit_test(only_a_bool_is_a_bool),
        cmocka_unit_test(what_is_no_scalar_is_a_wrong_type),
        cmocka_unit_test(a_refusal_names_the_number_the_field_and_its_range),
        cmocka_unit_test(a_refused_fraction_is_said_to_be_one),
        cmocka_unit_test(a_number_is_written_so_that_it_reads_back),
        cmocka_unit_test(a_wrong_type_names_both_types),
    };
    return cmocka_run_group_tests_name("value", tests, open_world, close_world);
}
