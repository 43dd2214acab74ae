/*
 * Random reloads and rollbacks to builds with other fields, slots and signatures, beside
 * a model that knows who should answer and nothing of slots.
 *
 * MOLT_SEED replays a run, MOLT_ACTS sets its length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

enum { BUILDS = 24, OBJECTS = 8, NONE = 0, OPEN = 9 };

static const char *const fields[] = {
    "FIELD(double, fuel, 10)", "FIELD(int8_t, gears, 5) FIELD(double, fuel, 10)",
    "FIELD(double, fuel, 10) FIELD(double, oil, 3)", "FIELD(double, oil, 3) FIELD(int8_t, gears, 5) FIELD(double, fuel, 10)",
};

/* A method under its name: declared not at all, one way or another, or but declared. */
typedef struct method {
    const char *name;
    const char *declared[3], *made[3];
} method;

static const method methods[] = {
    { "range", { "", "METHOD(double, range, (double load))", "METHOD(int64_t, range, (float load))" },
      { "", "static double range(Bike *self, double load) { (void)self; return load + NUMBER; }\n",
        "static int64_t range(Bike *self, float load) { (void)self; return (int64_t)load + NUMBER; }\n" } },
    { "bell", { "", "METHOD(int32_t, bell, (double a))", "METHOD(void, bell, (double a))" },
      { "", "static int32_t bell(Bike *self, double a) { (void)self; return NUMBER + (int32_t)a; }\n",
        "static void bell(Bike *self, double a) { (void)a; self->fuel += 1; }\n" } },
};

typedef struct build {
    int has[2];                      /* NONE, 1 or 2: the signature; OPEN: declared by the first, and not filled */
    unsigned char *bytes;
    size_t length;
} build;

/* What should be so. */
typedef struct model {
    const build *serves, *before, *file;
    int answers[2], buried[2];       /* the signature that does, or that is a tombstone; NONE */
    double fuel[OBJECTS];
    molt_object *object[OBJECTS];
} model;

static build builds[BUILDS];
static uint64_t seed;

static unsigned any(unsigned limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % limit;
}

static void make_build(build *b, int number)
{
    static const int choices[] = { NONE, 1, 1, 2, OPEN };
    char text[4096];
    const char *declared[2], *made[2], *fill[2];
    for (int m = 0; m < 2; m++) {
        b->has[m] = choices[any(number ? 5 : 4)];      /* the first can be loaded as it is */
        bool open = b->has[m] == OPEN;
        declared[m] = methods[m].declared[open ? 1 : b->has[m]];
        made[m] = open ? "" : methods[m].made[b->has[m]];
        fill[m] = open || b->has[m] == NONE ? "" : m ? ", .bell = bell" : ", .range = range";
    }
    unsigned first = any(2), wheels = any(3);
    native_format(text, sizeof text, "#define NUMBER %d\n#define BIKE(FIELD, METHOD) %s %s %s %s %s %s\nMOLT_TRAIT(Bike, BIKE)\n%s%s"
                  "static int32_t wheels(Bike *self) { (void)self; return NUMBER; }\n"
                  "MOLT_MODULE(bike, \"1\") { MOLT_IMPL(Bike, .wheels = wheels%s%s); return MOLT_OK; }\n", number * 100,
                  fields[any(4)], wheels == 0 ? "METHOD(int32_t, wheels, ())" : "", declared[first],
                  wheels == 1 ? "METHOD(int32_t, wheels, ())" : "", declared[1 - first],
                  wheels == 2 ? "METHOD(int32_t, wheels, ())" : "", made[0], made[1], fill[0], fill[1]);
    native_build(with.folder, "bike", text);
    b->bytes = native_read(with.folder, "bike.so", &b->length);
}

static void put_file(model *m, const build *b)
{
    char from[PATH_MAX + 16], to[PATH_MAX + 16];
    m->file = b;
    native_write(with.folder, "bike.new", b->bytes, b->length);
    native_format(from, sizeof from, "%s/bike.new", with.folder);
    native_format(to, sizeof to, "%s/bike.so", with.folder);
    assert_int_equal(rename(from, to), 0);
}

/* What a transaction to `to` should come to: the class has the implementation always. */
static bool expect_change(model *m, const build *to, bool tombstones)
{
    int answers[2], buried[2];
    for (int i = 0; i < 2; i++) {
        int wanted = m->answers[i] ? m->answers[i] : m->buried[i], has = to->has[i];
        answers[i] = has != OPEN && (!wanted || has == wanted) ? has : NONE;
        buried[i] = answers[i] ? NONE : wanted;
        if (m->answers[i] && buried[i] && !tombstones) return false;
        if (has == OPEN && !buried[i]) return false;         /* the class would not be complete */
    }
    memcpy(m->answers, answers, sizeof answers);
    memcpy(m->buried, buried, sizeof buried);
    m->serves = to;
    return true;
}

static void act(model *m, molt_module *module)
{
    bool tombstones = any(3) > 0, back = any(4) == 0;
    molt_reload_options options = { .size = sizeof options, .flags = MOLT_RELOAD_NO_PROBE | (tombstones ? MOLT_RELOAD_TOMBSTONES : 0) };
    const build *served = m->serves, *to = back ? m->before : m->file;
    int err = back ? molt_module_rollback(module, &options, NULL) : molt_module_reload(module, &options, NULL);
    bool good = to && (to == served ? !back || expect_change(m, to, tombstones) : expect_change(m, to, tombstones));
    if (!err != good) fail_msg("expected %s, got '%s'", good ? "a change" : "a refusal", err ? molt_last_error(with.world) : "ok");
    if (good && (back || to != served)) m->before = back ? NULL : served;
}

static void check_method(const model *m, molt_object *object, int i)
{
    const molt_value one = { .kind = MOLT_DOUBLE, .as.f64 = 1 };
    molt_value result = { 0 };
    int err = molt_object_call(object, methods[i].name, &one, 1, &result);
    int expected = m->answers[i] ? MOLT_OK : m->buried[i] ? MOLT_ERR_MISSING : MOLT_ERR_UNKNOWN;
    if (err != expected) fail_msg("%s: expected %s, got %s: %s", methods[i].name, molt_err_name(expected), molt_err_name(err), molt_last_error(with.world));
    if (err == MOLT_ERR_MISSING) assert_non_null(strstr(molt_last_error(with.world), "is gone since generation"));
    if (err) molt_error_take(with.world, NULL);
    double number = 100.0 * (double)(m->serves - builds) + 1, is = result.kind == MOLT_DOUBLE ? result.as.f64
                  : result.kind == MOLT_INT64 ? (double)result.as.i64 : result.as.i32;
    if (!err && (i == 0 || m->answers[1] == 1)) assert_true(is == number);
}

static void check(model *m)
{
    for (int o = 0; o < OBJECTS; o++) {
        molt_value value;
        molt_object *object = m->object[o];
        for (int i = 0; object && i < 2; i++) check_method(m, object, i);
        if (object && m->answers[1] == 2) m->fuel[o]++;      /* the bell did that */
        if (object) assert_int_equal(molt_object_get(object, "fuel", &value), MOLT_OK);
        if (object) assert_true(value.as.f64 == m->fuel[o]);
    }
}

static void renew(model *m)
{
    unsigned o = any(OBJECTS);
    if (m->object[o]) assert_int_equal(molt_object_destroy(m->object[o]), MOLT_OK);
    m->object[o] = any(4) ? molt_object_new(with.world, molt_class_find(with.world, "Car")) : NULL;
    m->fuel[o] = any(1000);
    if (m->object[o]) assert_int_equal(molt_object_set(m->object[o], "fuel", (molt_value){ .kind = MOLT_DOUBLE, .as.f64 = m->fuel[o] }), MOLT_OK);
}

static void whoever_should_answer_does(void **state)
{
    (void)state;
    seed = getenv("MOLT_SEED") ? strtoull(getenv("MOLT_SEED"), NULL, 10) : 5;
    int acts = getenv("MOLT_ACTS") ? atoi(getenv("MOLT_ACTS")) : 400;
    for (int i = 0; i < BUILDS; i++) make_build(&builds[i], i);
    model m = { .serves = builds, .answers = { builds->has[0], builds->has[1] } };
    put_file(&m, builds);
    molt_module *module = load("bike");
    m.object[0] = new_object(module, "Car");
    m.fuel[0] = 10;
    for (int i = 0; i < acts; i++) {
        if (any(3)) put_file(&m, &builds[any(BUILDS)]);
        if (any(3)) renew(&m);
        act(&m, module);
        check(&m);
        if (any(2)) molt_world_tick(with.world);
    }
    for (int i = 0; i < BUILDS; i++) free(builds[i].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_should_answer_does, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("tombstone_model", tests, NULL, NULL);
}
