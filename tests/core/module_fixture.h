/* module_fixture.h: for tests: a world that listens, and modules of the trait Bike. */
#ifndef MOLT_TEST_MODULE_FIXTURE_H
#define MOLT_TEST_MODULE_FIXTURE_H

#include "native_build.h"

#include <dirent.h>

#include <molt/molt.h>

typedef struct fixture {
    molt_world *world;
    char folder[PATH_MAX];           /* of the modules */
    char temp[PATH_MAX + 8];         /* TMPDIR: where the copies go */
    char log[4096];                  /* all that was logged */
    size_t log_length;
    long allocations_left;           /* the one after these fails; -1: none does */
} fixture;

static fixture with;

#define BIKE(FIELD, METHOD)               \
    FIELD (double, fuel, 10)              \
    METHOD(double, range, (double load))  \
    METHOD(int32_t, wheels, ())
MOLT_TRAIT(Bike, BIKE)

/* The same for a module's text. */
#define BIKE_TEXT \
    "#define BIKE(FIELD, METHOD) FIELD(double, fuel, 10) " \
    "METHOD(double, range, (double load)) METHOD(int32_t, wheels, ())\n" \
    "MOLT_TRAIT(Bike, BIKE)\n"

#define RANGE_TEXT(factor) \
    "static double range(Bike *self, double load) { return self->fuel * " #factor " / (1 + load); }\n" \
    "static int32_t wheels(Bike *self) { (void)self; return 2; }\n"

#define MODULE_TEXT(version, body) "MOLT_MODULE(bike, \"" version "\") { " body " return MOLT_OK; }\n"

#define BOTH "MOLT_IMPL(Bike, .range = range, .wheels = wheels);"

static void hear(void *user, molt_log_level level, const char *text)
{
    (void)user;
    with.log_length += (size_t)snprintf(with.log + with.log_length, sizeof with.log - with.log_length, "%d %s\n",
                                        (int)level, text);
    if (with.log_length >= sizeof with.log) with.log_length = sizeof with.log - 1;
}

static void *allocate(void *user, size_t size, size_t align)
{
    (void)user;
    if (with.allocations_left == 0) return NULL;
    if (with.allocations_left > 0) with.allocations_left--;
    return align <= _Alignof(max_align_t) ? malloc(size) : aligned_alloc(align, (size + align - 1) / align * align);
}

static molt_world *open_world(void)
{
    molt_config config = molt_config_default();
    config.log = hear;
    config.allocate = allocate;
    return molt_world_open(&config);
}

static int set_up(void **state)
{
    (void)state;
    memset(&with, 0, sizeof with);
    with.allocations_left = -1;
    with.world = open_world();
    native_folder(with.folder, sizeof with.folder);
    native_format(with.temp, sizeof with.temp, "%s/temp", with.folder);
    mkdir(with.temp, 0700);
    setenv("TMPDIR", with.temp, 1);
    assert_int_equal(molt_module_path(with.world, with.folder), MOLT_OK);
    return 0;
}

static int copies_left(void)
{
    int count = 0;
    DIR *entries = opendir(with.temp);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

static int tear_down(void **state)
{
    (void)state;
    molt_world_close(with.world);
    int left = copies_left();
    native_remove(with.folder);
    unsetenv("TMPDIR");
    return left;
}

static molt_module *load(const char *name)
{
    molt_module *module = molt_module_load(with.world, name);
    if (!module) fail_msg("%s", molt_last_error(with.world));
    return module;
}

static inline molt_module *load_bike(void)
{
    native_build(with.folder, "bike", BIKE_TEXT RANGE_TEXT(42) MODULE_TEXT("1.0.0", BOTH));
    return load("bike");
}

/* An object of a new class whose Bike is what the module provides. */
static inline molt_object *new_object(molt_module *module, const char *cls_name)
{
    molt_impl *impl = molt_module_impl(module, "Bike");
    assert_non_null(impl);
    molt_trait *trait = molt_impl_trait(impl);
    molt_class_lines lines = { .size = sizeof lines, .name = cls_name, .traits = &trait, .trait_count = 1 };
    molt_class *cls = molt_class_declare(with.world, &lines);
    assert_non_null(cls);
    assert_int_equal(molt_class_use(cls, trait, impl), MOLT_OK);
    molt_object *object = molt_object_new(with.world, cls);
    if (!object) fail_msg("%s", molt_last_error(with.world));
    return object;
}

static inline double range_of(molt_object *object)
{
    Bike *bike = molt_as(object, Bike);
    assert_non_null(bike);
    return molt_call(bike, range, 1);
}

#endif
