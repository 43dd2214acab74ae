/*
 * Random reloads, rollbacks, unloads and uses beside a model that knows the rules
 * of docs/reload/plan.md and nothing of how they are kept.
 *
 * MOLT_SEED replays a run, MOLT_ACTS sets its length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "module_fixture.h"

enum { METHODS = 2, FACTORS = 2, BUILDS = FACTORS << METHODS };

/* A build: bit m says that method m is provided. */
typedef struct build {
    unsigned provides;
    int factor;
    unsigned char *bytes;
    size_t length;
} build;

/* What should be so. */
typedef struct model {
    bool loaded;
    const build *serves, *before, *file;
    unsigned buried;                 /* methods that are tombstones */
    uint32_t number;
    bool used;                       /* the class has the implementation, and so the object */
    bool hidden;                     /* another implementation lies over it */
} model;

static build builds[BUILDS];
static uint64_t seed;

static unsigned any(unsigned limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % limit;
}

static void make_builds(void)
{
    for (int i = 0; i < BUILDS; i++) {
        build *b = &builds[i];
        char text[2048];
        *b = (build){ .provides = (unsigned)i % (1u << METHODS), .factor = 10 * (1 + i / (1 << METHODS)) };
        native_format(text, sizeof text, BIKE_TEXT "static double range(Bike *self, double load) { return self->fuel * %d / (1 + load); }\n"
                      "static int32_t wheels(Bike *self) { (void)self; return %d; }\n"
                      "MOLT_MODULE(bike, \"1.%d\") { (void)range; (void)wheels; MOLT_IMPL(Bike, .range = %s, .wheels = %s); return MOLT_OK; }\n",
                      b->factor, b->factor, i, b->provides & 1 ? "range" : "NULL", b->provides & 2 ? "wheels" : "NULL");
        native_build(with.folder, "bike", text);
        b->bytes = native_read(with.folder, "bike.so", &b->length);
    }
}

/* Is the method one that the module's functions answer for? */
static bool reached(const model *m)
{
    return m->used && !m->hidden;
}

/* What a transaction to `to` should come to. */
static bool expect_change(model *m, const build *to, bool tombstones)
{
    unsigned had = m->loaded ? m->serves->provides : 0;
    unsigned missing = (had | m->buried) & ~to->provides;
    if (!reached(m)) missing = 0;
    if (missing & ~m->buried && !tombstones) return false;
    m->buried = missing;
    m->serves = to;
    m->loaded = true;
    m->number++;
    return true;
}

static void put_file(model *m)
{
    m->file = &builds[any(BUILDS)];
    native_write(with.folder, "bike.new", m->file->bytes, m->file->length);
    char from[PATH_MAX + 16], to[PATH_MAX + 16];
    native_format(from, sizeof from, "%s/bike.new", with.folder);
    native_format(to, sizeof to, "%s/bike.so", with.folder);
    assert_int_equal(rename(from, to), 0);
}

static void act_reload(model *m, molt_module *module)
{
    bool tombstones = any(2);
    molt_reload_options options = { .size = sizeof options, .flags = MOLT_RELOAD_NO_PROBE | (tombstones ? MOLT_RELOAD_TOMBSTONES : 0) };
    int err = molt_module_reload(module, &options, NULL);
    if (!m->loaded) {
        assert_int_equal(err, MOLT_ERR_STATE);
    } else if (m->file == m->serves) {
        assert_int_equal(err, MOLT_OK);
    } else {
        const build *served = m->serves;
        bool good = expect_change(m, m->file, tombstones);
        assert_int_equal(err, good ? MOLT_OK : MOLT_ERR_IN_USE);
        if (good) m->before = served;
    }
}

static void act_rollback(model *m, molt_module *module)
{
    bool tombstones = any(2);
    molt_reload_options options = { .size = sizeof options, .flags = MOLT_RELOAD_NO_PROBE | (tombstones ? MOLT_RELOAD_TOMBSTONES : 0) };
    int err = molt_module_rollback(module, &options, NULL);
    if (!m->loaded || !m->before) {
        assert_int_equal(err, MOLT_ERR_STATE);
        return;
    }
    bool good = expect_change(m, m->before, tombstones);
    assert_int_equal(err, good ? MOLT_OK : MOLT_ERR_IN_USE);
    if (good) m->before = NULL;
}

static void act_unload(model *m, molt_module *module)
{
    int err = molt_module_unload(module, 0);
    assert_int_equal(err, !m->loaded ? MOLT_ERR_STATE : m->used ? MOLT_ERR_IN_USE : MOLT_OK);
    if (err) return;
    m->loaded = false;
    m->before = NULL;
    m->buried = 0;
}

static void act_load(model *m, molt_module *module)
{
    assert_ptr_equal(molt_module_load(with.world, "bike"), module);
    if (!m->loaded) assert_true(expect_change(m, m->file, false));
}

/* The class takes the implementation up, or lets go of it with the trait. */
static void act_use(model *m, molt_class *cls, molt_impl *impl, molt_impl *other)
{
    if (m->used) {
        assert_int_equal(molt_class_drop(cls, molt_impl_trait(impl), NULL), MOLT_OK);
        m->used = m->hidden = false;
        return;
    }
    int err = molt_class_use(cls, NULL, impl);
    bool whole = m->loaded && (m->serves->provides | m->buried) == 3;
    assert_int_equal(err, !m->loaded ? MOLT_ERR_STATE : whole ? MOLT_OK : MOLT_ERR_MISSING);
    m->used = err == MOLT_OK;
    if (m->used && any(3) == 0) {
        assert_int_equal(molt_class_use(cls, NULL, other), MOLT_OK);
        m->hidden = true;
    }
}

/* What is hidden may have lost methods meanwhile: then it cannot come to light. */
static void act_hide(model *m, molt_class *cls, molt_impl *other)
{
    if (!m->used) return;
    if (!m->hidden) {
        assert_int_equal(molt_class_use(cls, NULL, other), MOLT_OK);
        m->hidden = true;
        return;
    }
    int err = molt_class_drop(cls, NULL, other);
    bool whole = m->loaded && (m->serves->provides | m->buried) == 3;
    assert_int_equal(err, whole ? MOLT_OK : MOLT_ERR_MISSING);
    m->hidden = err != MOLT_OK;
}

static void check_method(const model *m, unsigned method, double got, double expected)
{
    bool buried = m->buried >> method & 1 && !m->hidden;
    assert_int_equal(molt_error_take(with.world, NULL), buried ? MOLT_ERR_MISSING : MOLT_OK);
    assert_true(got == (buried ? 0 : m->hidden ? 7 : expected));
}

static void check(const model *m, const molt_module *module, molt_object *object)
{
    assert_int_equal(molt_module_generation(module), m->number);
    assert_int_equal(molt_module_unloaded(module), !m->loaded);
    Bike *bike = molt_as(object, Bike);
    assert_int_equal(bike != NULL, m->used);
    if (!bike) return;
    bike->fuel = 10;
    check_method(m, 0, molt_call(bike, range, 1), m->serves->factor * 5);
    check_method(m, 1, molt_call(bike, wheels), m->serves->factor);
}

static double range_seven(Bike *self, double load)
{
    (void)self;
    (void)load;
    return 7;
}

static int32_t wheels_seven(Bike *self)
{
    (void)self;
    return 7;
}

static long number_of(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : otherwise;
}

static void random_acts_come_to_what_the_rules_say(void **state)
{
    (void)state;
    long first = number_of("MOLT_SEED", (long)getpid()), acts = number_of("MOLT_ACTS", 1500);
    seed = (uint64_t)first;
    printf("MOLT_SEED=%ld\n", first);
    make_builds();
    model m = { .loaded = true, .number = 1 };
    do put_file(&m); while (m.file->provides != 3);
    m.serves = m.file;
    molt_module *module = load("bike");
    molt_impl *impl = molt_module_impl(module, "Bike");
    molt_class_lines lines = { .size = sizeof lines, .name = "Car" };
    molt_class *cls = molt_class_declare(with.world, &lines);
    molt_object *object = molt_object_new(with.world, cls);
    const Bike_vtable sevens = { .range = range_seven, .wheels = wheels_seven };
    molt_impl *other = molt_impl_register(with.world, &Bike_trait, "Sevens", &sevens, 0, "test");
    assert_non_null(other);
    for (long i = 0; i < acts; i++) {
        switch (any(9)) {
        case 0: case 1: put_file(&m); break;
        case 2: case 3: act_reload(&m, module); break;
        case 4: act_rollback(&m, module); break;
        case 5: act_unload(&m, module); break;
        case 6: act_load(&m, module); break;
        case 7: act_use(&m, cls, impl, other); break;
        case 8: act_hide(&m, cls, other); break;
        }
        check(&m, module, object);
        if (any(4) == 0) molt_world_tick(with.world);
        if (any(4) == 0) check(&m, module, object);
        with.log_length = 0;
    }
    molt_world_tick(with.world);
    assert_in_range(molt_module_images(with.world), 0, 1);
    for (int i = 0; i < BUILDS; i++) free(builds[i].bytes);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(random_acts_come_to_what_the_rules_say),
    };
    return cmocka_run_group_tests_name("reload_model", tests, NULL, NULL);
}
