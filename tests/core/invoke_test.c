/* Whatever the order of a native function's parameters, each finds its argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <molt/molt.h>

#include "invoke.h"

static char seen[200];

static double mixed(void *self, int8_t a, double b, uint16_t c, float d, bool e, int32_t f, double g)
{
    snprintf(seen, sizeof seen, "%d %g %u %g %d %d %g", a, b, c, (double)d, e, f, g);
    return *(double *)self;
}

static int16_t narrow(void *self, int64_t a, uint8_t b)
{
    (void)self;
    return (int16_t)(a + b);
}

static float single(void *self, float a)
{
    (void)self;
    return a / 2;
}

static bool truth(void *self)
{
    return self != NULL;
}

static void eight(void *self, double a, double b, double c, double d, double e, double f, double g, double h)
{
    *(double *)self = a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

static molt__declaration parsed(molt_world *world, const char *line)
{
    molt__declaration declaration;
    assert_int_equal(molt__declaration_parse(world, line, &declaration), MOLT_OK);
    return declaration;
}

static void every_parameter_finds_its_argument(void **state)
{
    molt_world *world = *state;
    molt__declaration d = parsed(world, "double f(int8_t, double, uint16_t, float, bool, int32_t, double)");
    int8_t a = -3;
    double b = 2.5, g = 7.5, self = 42, result = 0;
    uint16_t c = 60000;
    float x = 1.25f;
    bool e = true;
    int32_t f = -100000;
    void *arguments[] = { &a, &b, &c, &x, &e, &f, &g };
    if (!molt__invoke((molt_function)mixed, &self, &d, arguments, &result)) skip();
    assert_string_equal(seen, "-3 2.5 60000 1.25 1 -100000 7.5");
    assert_true(result == 42);
}

static void small_results_are_widened(void **state)
{
    molt_world *world = *state;
    int64_t a = -300;
    uint8_t b = 200;
    int64_t whole = 0;
    molt__declaration d = parsed(world, "int16_t f(int64_t, uint8_t)");
    if (!molt__invoke((molt_function)narrow, NULL, &d, (void *[]){ &a, &b }, &whole)) skip();
    assert_true(whole == -100);
    uint64_t flag = 77;
    d = parsed(world, "bool f()");
    assert_true(molt__invoke((molt_function)truth, &a, &d, NULL, &flag));
    assert_true(flag == 1);
}

static void a_float_stays_a_float(void **state)
{
    molt__declaration d = parsed(*state, "float f(float)");
    float a = 3, half[2] = { 0 };
    if (!molt__invoke((molt_function)single, NULL, &d, (void *[]){ &a }, half)) skip();
    assert_true(half[0] == 1.5f);
}

static void eight_doubles_fit_and_six_integers_do_not(void **state)
{
    molt_world *world = *state;
    double one = 1, self = 0;
    int64_t whole = 1;
    void *doubles[] = { &one, &one, &one, &one, &one, &one, &one, &one };
    void *wholes[] = { &whole, &whole, &whole, &whole, &whole, &whole };
    molt__declaration d = parsed(world, "void f(double, double, double, double, double, double, double, double)");
    if (!molt__invoke((molt_function)eight, &self, &d, doubles, NULL)) skip();
    assert_true(self == 36);
    d = parsed(world, "void f(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)");
    assert_false(molt__invoke((molt_function)eight, &self, &d, wholes, NULL));
}

static int open_world(void **state)
{
    *state = molt_world_open(NULL);
    return *state ? 0 : -1;
}

static int close_world(void **state)
{
    molt_world_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_parameter_finds_its_argument, open_world, close_world),
        cmocka_unit_test_setup_teardown(small_results_are_widened, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_float_stays_a_float, open_world, close_world),
        cmocka_unit_test_setup_teardown(eight_doubles_fit_and_six_integers_do_not, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
