/* Declarations: every spelling that C has, defaults, methods, and clear errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <limits.h>
#include <locale.h>
#include <sys/types.h>

#include <cmocka.h>

#include <molt/world.h>

#include "declaration.h"
#include "name.h"

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

static molt__declaration parse(void **state, const char *line)
{
    molt__declaration out = { .kind = MOLT_ANY };
    if (molt__declaration_parse(*state, line, &out) != MOLT_OK) {
        fail_msg("%s", molt_last_error(*state));
    }
    return out;
}

/* The line is refused with a caret under `column` (from 1) and this said. */
static void refuse(void **state, const char *line, int column, const char *said)
{
    molt__declaration out = { .kind = MOLT_ANY, .parameter_count = 77 };
    char caret[128];
    snprintf(caret, sizeof caret, "\n  %s\n  %*s^", line, column - 1, "");
    assert_int_equal(molt__declaration_parse(*state, line, &out), MOLT_ERR_DECLARATION);
    const char *text = molt_last_error(*state);
    if (strstr(text, caret) == NULL || strstr(text, said) == NULL) {
        fail_msg("expected %s%s\ngot %s", said, caret, text);
    }
    assert_int_equal(out.parameter_count, 77);
}

static molt_kind integer_kind(size_t size, bool is_signed)
{
    switch (size) {
    case 1:  return is_signed ? MOLT_INT8 : MOLT_UINT8;
    case 2:  return is_signed ? MOLT_INT16 : MOLT_UINT16;
    case 4:  return is_signed ? MOLT_INT32 : MOLT_UINT32;
    default: return is_signed ? MOLT_INT64 : MOLT_UINT64;
    }
}

#define KIND(type) \
    _Generic((type)0, _Bool: MOLT_BOOL, float: MOLT_FLOAT, double: MOLT_DOUBLE, \
             default: integer_kind(sizeof(type), (type)-1 < (type)1))
#define SPELLED(...)                                                                       \
    do {                                                                                   \
        assert_int_equal(parse(state, #__VA_ARGS__ " x").kind, KIND(__VA_ARGS__));         \
        assert_int_equal(parse(state, "void f(" #__VA_ARGS__ ")").parameters[0].kind, KIND(__VA_ARGS__)); \
        assert_int_equal(parse(state, #__VA_ARGS__ "\tf()").kind, KIND(__VA_ARGS__));      \
    } while (0)

static void every_spelling_means_what_the_compiler_says(void **state)
{
    SPELLED(_Bool);
    assert_int_equal(parse(state, "bool x").kind, MOLT_BOOL);
    SPELLED(char); SPELLED(signed char); SPELLED(char signed); SPELLED(unsigned char); SPELLED(char unsigned);
    SPELLED(short); SPELLED(short int); SPELLED(int short); SPELLED(signed short); SPELLED(signed short int);
    SPELLED(short signed int); SPELLED(unsigned short); SPELLED(short unsigned); SPELLED(int unsigned short);
    SPELLED(int); SPELLED(signed); SPELLED(signed int); SPELLED(int signed); SPELLED(unsigned);
    SPELLED(unsigned int); SPELLED(int unsigned);
    SPELLED(long); SPELLED(long int); SPELLED(int long); SPELLED(signed long); SPELLED(long signed int);
    SPELLED(unsigned long); SPELLED(long unsigned); SPELLED(long int unsigned); SPELLED(int unsigned long);
    SPELLED(long long); SPELLED(long long int); SPELLED(long int long); SPELLED(int long long);
    SPELLED(signed long long); SPELLED(long signed long int); SPELLED(unsigned long long);
    SPELLED(long unsigned long); SPELLED(long long unsigned int); SPELLED(int long unsigned long);
    SPELLED(float); SPELLED(double);
    SPELLED(size_t); SPELLED(ssize_t); SPELLED(ptrdiff_t); SPELLED(intptr_t); SPELLED(uintptr_t);
    SPELLED(int8_t); SPELLED(uint8_t); SPELLED(int16_t); SPELLED(uint16_t);
    SPELLED(int32_t); SPELLED(uint32_t); SPELLED(int64_t); SPELLED(uint64_t);
}

static void a_field_has_a_name_and_no_default(void **state)
{
    molt__declaration fuel = parse(state, "double fuel");
    assert_int_equal(fuel.member, MOLT__FIELD);
    assert_ptr_equal(fuel.name, molt__name_find(*state, "fuel"));
    assert_false(fuel.has_default);
    assert_int_equal(fuel.initial.kind, MOLT_DOUBLE);
    assert_true(fuel.initial.as.f64 == 0.0);
}

static void a_field_has_a_default_of_its_own_kind(void **state)
{
    molt__declaration fuel = parse(state, "double fuel = 10;");
    assert_true(fuel.has_default);
    assert_int_equal(fuel.initial.kind, MOLT_DOUBLE);
    assert_true(fuel.initial.as.f64 == 10.0);
    assert_int_equal(parse(state, "int8_t trim = -128").initial.as.i8, -128);
}

static void any_declares_a_field(void **state)
{
    molt__declaration driver = parse(state, "any driver");
    assert_int_equal(driver.kind, MOLT_ANY);
    assert_string_equal(driver.name, "driver");
}

static void names_like_those_of_the_library_are_free(void **state)
{
    assert_string_equal(parse(state, "int object").name, "object");
    assert_string_equal(parse(state, "int vtable").name, "vtable");
    assert_string_equal(parse(state, "int any").name, "any");
    assert_string_equal(parse(state, "int molt").name, "molt");
    assert_string_equal(parse(state, "int _x9").name, "_x9");
}

static void a_method_has_typed_parameters(void **state)
{
    molt__declaration drive = parse(state, "double drive(double load, bool fast, unsigned)");
    assert_int_equal(drive.member, MOLT__METHOD);
    assert_int_equal(drive.kind, MOLT_DOUBLE);
    assert_int_equal(drive.parameter_count, 3);
    assert_int_equal(drive.parameters[0].kind, MOLT_DOUBLE);
    assert_string_equal(drive.parameters[0].name, "load");
    assert_string_equal(drive.parameters[1].name, "fast");
    assert_int_equal(drive.parameters[2].kind, MOLT_UINT32);
    assert_null(drive.parameters[2].name);
}

static void a_method_may_have_no_parameters(void **state)
{
    assert_int_equal(parse(state, "void stop()").parameter_count, 0);
    assert_int_equal(parse(state, "void stop(void);").parameter_count, 0);
    assert_int_equal(parse(state, "void stop(void)").kind, MOLT_VOID);
}

static void a_method_has_at_most_eight_parameters(void **state)
{
    assert_int_equal(parse(state, "void f(int,int,int,int,int,int,int,int)").parameter_count, MOLT__MAX_PARAMETERS);
    refuse(state, "void f(int,int,int,int,int,int,int,int,int)", 40, "at most 8 parameters");
}

static void const_before_a_parameter_means_nothing(void **state)
{
    assert_int_equal(parse(state, "void f(const double load)").parameters[0].kind, MOLT_DOUBLE);
}

static void comments_are_white_space(void **state)
{
    assert_string_equal(parse(state, "/* litres */ double/**/fuel = /* full */ 10 // at first").name, "fuel");
    assert_int_equal(parse(state, "\n\tdouble // of\n range(\n double load // kg\n )\n").parameter_count, 1);
}

static void integer_literals_are_those_of_c(void **state)
{
    assert_int_equal(parse(state, "int x = 42").initial.as.i32, 42);
    assert_int_equal(parse(state, "int x = +42").initial.as.i32, 42);
    assert_int_equal(parse(state, "int x = - 42").initial.as.i32, -42);
    assert_int_equal(parse(state, "int x = 0x2A").initial.as.i32, 42);
    assert_int_equal(parse(state, "int x = 052").initial.as.i32, 42);
    assert_int_equal(parse(state, "int x = 0").initial.as.i32, 0);
    assert_int_equal(parse(state, "int x = 42u").initial.as.i32, 42);
    assert_int_equal(parse(state, "int x = 42LLu").initial.as.i32, 42);
    assert_true(parse(state, "int64_t x = -9223372036854775808").initial.as.i64 == INT64_MIN);
    assert_true(parse(state, "uint64_t x = 0xFFFFFFFFFFFFFFFFull").initial.as.u64 == UINT64_MAX);
}

static void real_literals_are_those_of_c(void **state)
{
    assert_true(parse(state, "double x = 1.5").initial.as.f64 == 1.5);
    assert_true(parse(state, "double x = -.5e1").initial.as.f64 == -5.0);
    assert_true(parse(state, "double x = 1e3L").initial.as.f64 == 1000.0);
    assert_true(parse(state, "double x = 1.").initial.as.f64 == 1.0);
    assert_true(parse(state, "double x = 0x1.8p3").initial.as.f64 == 12.0);
    assert_true(parse(state, "double x = 0xAp-1").initial.as.f64 == 5.0);
    assert_true(parse(state, "float x = 0.1").initial.as.f32 == 0.1f);
    assert_true(parse(state, "double x = 0.1f").initial.as.f64 == (double)0.1f);
    assert_int_equal(parse(state, "int x = 1e3").initial.as.i32, 1000);
}

static void the_decimal_point_is_a_point_in_every_locale(void **state)
{
    static const char *const commas[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR", "ps_AF.UTF-8" };
    bool found = false;
    for (size_t i = 0; !found && i < sizeof commas / sizeof *commas; i++) {
        found = setlocale(LC_NUMERIC, commas[i]) != NULL;
    }
    molt__declaration x = parse(state, "double x = 1.5");
    setlocale(LC_NUMERIC, "C");
    assert_true(x.initial.as.f64 == 1.5);
    if (!found) {
        skip();
    }
}

static void character_literals_are_those_of_c(void **state)
{
    assert_int_equal(parse(state, "char x = 'a'").initial.as.i8, 'a');
    assert_int_equal(parse(state, "char x = '\\n'").initial.as.i8, '\n');
    assert_int_equal(parse(state, "char x = '\\''").initial.as.i8, '\'');
    assert_int_equal(parse(state, "char x = '\"'").initial.as.i8, '"');
    assert_int_equal(parse(state, "char x = '\\\\'").initial.as.i8, '\\');
    assert_int_equal(parse(state, "char x = '\\0'").initial.as.i8, 0);
    assert_int_equal(parse(state, "int x = '\\x41'").initial.as.i32, 'A');
    assert_int_equal(parse(state, "int x = '\\101'").initial.as.i32, 'A');
    assert_int_equal(parse(state, "uint8_t x = '\\xff'").initial.as.u8, 255);
    assert_int_equal(parse(state, "int x = '\\xff'").initial.as.i32, '\xff');
}

static void bool_literals_are_true_and_false(void **state)
{
    assert_true(parse(state, "bool x = true").initial.as.boolean);
    molt__declaration x = parse(state, "_Bool x = false;");
    assert_true(x.has_default);
    assert_false(x.initial.as.boolean);
}

static void a_default_out_of_range_is_refused(void **state)
{
    refuse(state, "uint8_t gears = 300", 17, "number 300 is out of range for uint8_t field 'gears' (0 to 255)");
    refuse(state, "uint32_t x = -1", 14, "out of range");
    refuse(state, "int x = 2147483648", 9, "out of range");
    refuse(state, "int x = 2.5", 9, "not a whole number");
    refuse(state, "float x = 1e39", 11, "out of range");
    refuse(state, "double x = 1e999", 12, "out of range");
    refuse(state, "double x = 1e39f", 12, "out of range for float");
    refuse(state, "double x = 9007199254740993", 12, "cannot be held exactly");
    refuse(state, "uint64_t x = 18446744073709551616", 14, "out of range");
    refuse(state, "int64_t x = -9223372036854775809", 14, "out of range");
}

static void a_default_of_the_wrong_type_is_refused(void **state)
{
    refuse(state, "double fuel = true", 15, "field 'fuel' takes a double, got a bool");
    refuse(state, "bool on = 1", 11, "field 'on' takes a bool, got the number 1");
    refuse(state, "any driver = 1", 12, "takes no default");
}

static void a_malformed_literal_is_refused(void **state)
{
    refuse(state, "int x = ", 9, "expected a number, true, false or a character, found the end of the line");
    refuse(state, "int x = -", 10, "expected a number, found the end of the line");
    refuse(state, "int x = -true", 10, "expected a number, found 'true'");
    refuse(state, "int x = 08", 9, "octal");
    refuse(state, "int x = 0x", 9, "malformed");
    refuse(state, "int x = 12abc", 9, "malformed");
    refuse(state, "int x = 1lul", 9, "malformed");
    refuse(state, "double x = 1.5.2", 12, "malformed");
    refuse(state, "double x = 1e", 12, "malformed");
    refuse(state, "double x = 0x1.8", 12, "without its exponent");
    refuse(state, "char x = ''", 10, "one character");
    refuse(state, "char x = 'ab'", 10, "one character");
    refuse(state, "char x = '\\q'", 10, "one character");
    refuse(state, "char x = '\\777'", 10, "one character");
    refuse(state, "char x = 'a", 10, "a quote that is never closed");
    refuse(state, "int x = INT_MAX", 9, "found 'INT_MAX'");
    refuse(state, "int x = nil", 9, "found 'nil'");
    refuse(state, "int x = 1 + 1", 11, "behind the default, found '+'");
}

static void an_unknown_type_names_a_near_one(void **state)
{
    refuse(state, "duoble fuel", 1, "expected a type such as 'double', found 'duoble'");
    assert_string_equal(molt_last_hint(*state), "did you mean 'double'?");
    refuse(state, "uint fuel", 1, "'int'");
    refuse(state, "void f(unt32_t x)", 8, "'int32_t'");
}

static void a_type_of_lua_names_its_counterpart(void **state)
{
    refuse(state, "number fuel", 1, "such as 'double'");
    refuse(state, "boolean on", 1, "such as 'bool'");
    refuse(state, "integer n", 1, "such as 'int64_t'");
}

static void an_unknown_type_without_a_near_one_lists_the_types(void **state)
{
    refuse(state, "Vehicle target", 1, "the types are bool, char,");
}

static void a_type_that_is_left_out_is_missed(void **state)
{
    refuse(state, "fuel", 1, "expected a type before 'fuel'");
    refuse(state, "fuel = 10", 1, "expected a type before 'fuel'");
    refuse(state, "range(double load)", 1, "expected a type before 'range'");
}

static void types_that_are_not_supported_yet_are_said_to_be_so(void **state)
{
    refuse(state, "double *fuel", 8, "pointers are not supported (yet)");
    refuse(state, "char *name()", 6, "pointers are not supported (yet)");
    refuse(state, "void f(const char *name)", 19, "pointers are not supported (yet)");
    refuse(state, "void f(float pos[3])", 17, "arrays are not supported (yet)");
    refuse(state, "void f(float[3])", 13, "arrays are not supported (yet)");
    refuse(state, "struct vec3 pos", 1, "struct types are not supported (yet)");
    refuse(state, "void f(string name)", 8, "strings are not supported (yet)");
    refuse(state, "long double x", 6, "long double are not supported (yet)");
    refuse(state, "int flag : 1", 10, "bit-fields are not supported (yet)");
    refuse(state, "const int x", 1, "qualifiers are not supported (yet)");
    assert_non_null(strstr(molt_last_error(*state), "the types are bool, char,"));
}

static void words_that_c_does_not_combine_are_refused(void **state)
{
    refuse(state, "int double x", 5, "found 'double'");
    refuse(state, "unsigned float x", 10, "found 'float'");
    refuse(state, "long long long x", 11, "found 'long'");
    refuse(state, "signed unsigned x", 8, "found 'unsigned'");
    refuse(state, "size_t int x", 8, "found 'int'");
}

static void a_keyword_is_no_name(void **state)
{
    refuse(state, "double end", 8, "keyword of Lua");
    refuse(state, "double default", 8, "keyword of C");
    refuse(state, "void repeat()", 6, "keyword of Lua");
    refuse(state, "void f(int local)", 12, "keyword of Lua");
    refuse(state, "int true", 5, "keyword of C");
    refuse(state, "double size_t", 8, "name of a type");
}

static void names_that_begin_with_molt_are_the_librarys(void **state)
{
    refuse(state, "double molt_fuel", 8, "'molt_'");
    refuse(state, "void f(int molt_x)", 12, "'molt_'");
}

static void a_name_must_be_there(void **state)
{
    refuse(state, "double", 7, "expected the name of a field or method, found the end of the line");
    refuse(state, "double = 10", 8, "found '='");
    refuse(state, "double 2fast", 8, "found '2fast'");
    refuse(state, "int (x)", 5, "found '('");
    refuse(state, "", 1, "expected a type, found the end of the line");
    refuse(state, "= 3", 1, "expected a type, found '='");
}

static void void_and_any_have_their_places(void **state)
{
    refuse(state, "void fuel", 1, "a field cannot be void");
    refuse(state, "void f(void x)", 8, "a parameter cannot be void");
    refuse(state, "void f(int, void)", 13, "a parameter cannot be void");
    refuse(state, "void f(any x)", 8, "any is for fields");
    refuse(state, "any f(int x)", 1, "any is for fields");
}

static void two_parameters_of_one_name_are_refused(void **state)
{
    refuse(state, "void f(int a, int b, double a)", 29, "two parameters are called 'a'");
}

static void what_follows_the_declaration_is_refused(void **state)
{
    refuse(state, "double x, y", 9, "found ','");
    refuse(state, "double x; double y", 11, "one declaration for each text");
    refuse(state, "double x y", 10, "found 'y'");
    refuse(state, "void f() = 3", 10, "found '='");
    refuse(state, "void f(int) { }", 13, "found '{'");
}

static void unfinished_parameters_are_refused(void **state)
{
    refuse(state, "void f(", 8, "expected a type, found the end of the line");
    refuse(state, "void f(int", 11, "expected ',' or ')' behind the parameter");
    refuse(state, "void f(int,)", 12, "expected a type, found ')'");
    refuse(state, "void f(int, ...)", 13, "variable number of parameters");
}

static void an_unclosed_comment_is_refused(void **state)
{
    refuse(state, "double fuel /* litres", 13, "a comment that is never closed");
}

static void the_caret_counts_characters_not_bytes(void **state)
{
    refuse(state, "/* \xC3\xA9\xC3\xA9 */ double *x", 17, "pointers");
    refuse(state, "double \xC3\xA9" "clat", 8, "found '\xC3\xA9'");
}

static void a_line_with_line_breaks_is_quoted_as_one(void **state)
{
    molt__declaration out;
    assert_int_equal(molt__declaration_parse(*state, "double\n\tfuel\n= x", &out), MOLT_ERR_DECLARATION);
    assert_non_null(strstr(molt_last_error(*state), "\n  double  fuel = x\n                 ^"));
}

static void a_line_that_is_too_long_is_refused(void **state)
{
    char line[5000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\0';
    memcpy(line, "double ", 7);
    molt__declaration out;
    assert_int_equal(molt__declaration_parse(*state, line, &out), MOLT_ERR_DECLARATION);
    assert_non_null(strstr(molt_last_error(*state), "at most 600 characters, this one has 4999"));
    assert_non_null(strstr(molt_last_error(*state), "double xxxx"));
}

static void canonical(void **state, const char *line, const char *expected)
{
    molt__declaration declaration = parse(state, line);
    char text[100];
    assert_int_equal(molt__declaration_canonical(&declaration, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void the_canonical_text_is_the_same_for_every_spelling(void **state)
{
    canonical(state, "double fuel = 10;", "double fuel");
    canonical(state, "int long unsigned  long x", "uint64_t x");
    canonical(state, "any driver", "any driver");
    canonical(state, "double range( const double load )", "double range(double)");
    canonical(state, "void f(int a, _Bool)", "void f(int32_t, bool)");
    canonical(state, "void stop(void)", "void stop()");
}

static void the_canonical_text_fits_the_room_given(void **state)
{
    molt__declaration range = parse(state, "double range(double load)");
    char text[] = "????????????";
    assert_int_equal(molt__declaration_canonical(&range, NULL, 0), 20);
    assert_int_equal(molt__declaration_canonical(&range, text, 10), 20);
    assert_string_equal(text, "double ra");
    assert_int_equal(text[10], '?');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_means_what_the_compiler_says),
        cmocka_unit_test(a_field_has_a_name_and_no_default),
        cmocka_unit_test(a_field_has_a_default_of_its_own_kind),
        cmocka_unit_test(any_declares_a_field),
        cmocka_unit_test(names_like_those_of_the_library_are_free),
        cmocka_unit_test(a_method_has_typed_parameters),
        cmocka_unit_test(a_method_may_have_no_parameters),
        cmocka_unit_test(a_method_has_at_most_eight_parameters),
        cmocka_unit_test(const_before_a_parameter_means_nothing),
        cmocka_unit_test(comments_are_white_space),
        cmocka_unit_test(integer_literals_are_those_of_c),
        cmocka_unit_test(real_literals_are_those_of_c),
        cmocka_unit_test(the_decimal_point_is_a_point_in_every_locale),
        cmocka_unit_test(character_literals_are_those_of_c),
        cmocka_unit_test(bool_literals_are_true_and_false),
        cmocka_unit_test(a_default_out_of_range_is_refused),
        cmocka_unit_test(a_default_of_the_wrong_type_is_refused),
        cmocka_unit_test(a_malformed_literal_is_refused),
        cmocka_unit_test(an_unknown_type_names_a_near_one),
        cmocka_unit_test(a_type_of_lua_names_its_counterpart),
        cmocka_unit_test(an_unknown_type_without_a_near_one_lists_the_types),
        cmocka_unit_test(a_type_that_is_left_out_is_missed),
        cmocka_unit_test(types_that_are_not_supported_yet_are_said_to_be_so),
        cmocka_unit_test(words_that_c_does_not_combine_are_refused),
        cmocka_unit_test(a_keyword_is_no_name),
        cmocka_unit_test(names_that_begin_with_molt_are_the_librarys),
        cmocka_unit_test(a_name_must_be_there),
        cmocka_unit_test(void_and_any_have_their_places),
        cmocka_unit_test(two_parameters_of_one_name_are_refused),
        cmocka_unit_test(what_follows_the_declaration_is_refused),
        cmocka_unit_test(unfinished_parameters_are_refused),
        cmocka_unit_test(an_unclosed_comment_is_refused),
        cmocka_unit_test(the_caret_counts_characters_not_bytes),
        cmocka_unit_test(a_line_with_line_breaks_is_quoted_as_one),
        cmocka_unit_test(a_line_that_is_too_long_is_refused),
        cmocka_unit_test(the_canonical_text_is_the_same_for_every_spelling),
        cmocka_unit_test(the_canonical_text_fits_the_room_given),
    };
    return cmocka_run_group_tests_name("declaration", tests, open_world, close_world);
}
