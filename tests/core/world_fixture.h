/*
 * world_fixture.h: for tests of the object model: a world whose allocator counts
 * and can be told to fail, two traits, and a stand-in for Lua.
 */
#ifndef MOLT_TEST_WORLD_FIXTURE_H
#define MOLT_TEST_WORLD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <molt/molt.h>

#include "bridge.h"
#include "closure.h"
#include "object.h"
#include "partner.h"
#include "shape.h"
#include "value.h"
#include "vtable.h"
#include "world_state.h"

typedef struct stand_in_patch {
    const molt_object *object;
    char name[32];
    int number;
} stand_in_patch;

typedef struct fixture {
    molt_world *world;
    molt_border border;              /* of a joined world */
    size_t bytes;                    /* that the world has from the host */
    size_t asked;                    /* allocations so far */
    long allocations_left;           /* the ones after these fail; -1: none does */
    bool refused;                    /* one was */
    char log[4096];
    stand_in_patch patches[64];
    size_t patch_count;
    int ended, changed, reshaped, pinned, unpinned, forgotten, closings, quiets, calls;
} fixture;

static fixture with;

#define ENGINE(FIELD, METHOD)                 \
    FIELD (double, power, 90)                 \
    METHOD(double, thrust, (double gas))

#define VEHICLE(FIELD, METHOD)                \
    FIELD (double, fuel, 10)                  \
    FIELD (int32_t, gears, 5)                 \
    METHOD(double, range, (double load))      \
    METHOD(int32_t, wheels, ())

MOLT_TRAIT(Engine, ENGINE)
MOLT_TRAIT(Vehicle, VEHICLE)

static inline double thrust_ten(Engine *self, double gas)
{
    return self->power * gas * 10;
}

static inline double range_plain(Vehicle *self, double load)
{
    return self->fuel / (1 + load);
}

static inline double range_double(Vehicle *self, double load)
{
    return 2 * self->fuel / (1 + load);
}

static inline int32_t wheels_two(Vehicle *self)
{
    (void)self;
    return 2;
}

static inline int32_t wheels_four(Vehicle *self)
{
    (void)self;
    return 4;
}

/* ---- The host ------------------------------------------------------------- */

static inline void *fixture_allocate(void *user, size_t size, size_t align)
{
    (void)user;
    with.asked++;
    if (with.allocations_left == 0) {
        with.refused = true;
        return NULL;
    }
    if (with.allocations_left > 0) with.allocations_left--;
    void *memory = molt_config_default().allocate(NULL, size, align);
    if (memory) with.bytes += size;
    return memory ? memset(memory, 0xA5, size) : NULL;
}

static inline void fixture_free(void *user, void *memory, size_t size)
{
    (void)user;
    with.bytes -= size;
    free(memory);
}

static inline void fixture_log(void *user, molt_log_level level, const char *text)
{
    (void)user;
    snprintf(with.log, sizeof with.log, "%d %s", (int)level, text);
}

static inline molt_world *open_world(void)
{
    molt_config config = molt_config_default();
    config.allocate = fixture_allocate;
    config.free = fixture_free;
    config.log = fixture_log;
    return molt_world_open(&config);
}

static inline int set_up(void **state)
{
    (void)state;
    memset(&with, 0, sizeof with);
    with.allocations_left = -1;
    with.world = open_world();
    return with.world ? 0 : -1;
}

/* Everything comes back, by the size it went out with. */
static inline int tear_down(void **state)
{
    (void)state;
    molt_world_close(with.world);
    if (with.bytes) print_error("%zu bytes did not come back\n", with.bytes);
    return with.bytes == 0 ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#include "stand_in.h"

/* ---- Short forms ------------------------------------------------------------ */

#define must(call)                                                             \
    do {                                                                       \
        if ((call) < 0) fail_msg("%s: %s", #call, molt_last_error(with.world)); \
    } while (0)

#define refused(call, err, text)                                               \
    do {                                                                       \
        assert_int_equal((call), (err));                                       \
        assert_int_equal(molt_last_code(with.world), (err));                   \
        assert_said(text);                                                     \
    } while (0)

#define assert_said(text)                                                      \
    do {                                                                       \
        if (!strstr(molt_last_error(with.world), (text)))                      \
            fail_msg("'%s' is not in '%s'", (text), molt_last_error(with.world)); \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define ARRAY(...) (__VA_ARGS__), sizeof(__VA_ARGS__) / sizeof *(__VA_ARGS__)
#define TRAITS(...) ARRAY((molt_trait *[]){ __VA_ARGS__ })
#define LINES(...) ARRAY((const char *[]){ __VA_ARGS__ })
#define NO_TRAITS NULL, 0
#define NO_LINES NULL, 0

static inline molt_trait *try_trait(const char *name, const char *const *lines, size_t count)
{
    molt_trait_lines declared = { .size = sizeof declared, .name = name, .lines = lines, .line_count = count,
                                  .where = "test.lua:1" };
    return molt_trait_declare(with.world, &declared);
}

static inline molt_trait *new_trait(const char *name, const char *const *lines, size_t count)
{
    molt_trait *trait = try_trait(name, lines, count);
    if (!trait) fail_msg("%s", molt_last_error(with.world));
    return trait;
}

static inline molt_trait *c_trait(molt_trait_text *text)
{
    molt_trait *trait = molt_trait_declare_text(with.world, text);
    if (!trait) fail_msg("%s", molt_last_error(with.world));
    return trait;
}

static inline molt_trait *vehicle(void)
{
    return c_trait(&Vehicle_trait);
}

static inline molt_trait *engine(void)
{
    return c_trait(&Engine_trait);
}

static inline molt_class *try_class(const char *name, molt_class *base, molt_trait *const *traits, size_t count)
{
    molt_class_lines lines = { .size = sizeof lines, .name = name, .base = base, .traits = traits,
                               .trait_count = count, .where = "test.lua:2" };
    return molt_class_declare(with.world, &lines);
}

static inline molt_class *new_class(const char *name, molt_class *base, molt_trait *const *traits, size_t count)
{
    molt_class *cls = try_class(name, base, traits, count);
    if (!cls) fail_msg("%s", molt_last_error(with.world));
    return cls;
}

static inline molt_object *new_object(molt_class *cls)
{
    molt_object *object = molt_object_new(with.world, cls);
    if (!object) fail_msg("%s", molt_last_error(with.world));
    return object;
}

static inline molt_impl *vehicle_impl(const char *name, double (*range)(Vehicle *, double), int32_t (*wheels)(Vehicle *))
{
    Vehicle_vtable functions = { .range = range, .wheels = wheels };
    molt_impl *impl = molt_impl_register(with.world, &Vehicle_trait, name, &functions, 0, "test.c:1");
    if (!impl) fail_msg("%s", molt_last_error(with.world));
    return impl;
}

static inline molt_impl *engine_impl(const char *name, double (*thrust)(Engine *, double))
{
    Engine_vtable functions = { .thrust = thrust };
    molt_impl *impl = molt_impl_register(with.world, &Engine_trait, name, &functions, 0, "test.c:2");
    if (!impl) fail_msg("%s", molt_last_error(with.world));
    return impl;
}

/* A class Car of Vehicle, whole: range_plain and wheels_four. */
static inline molt_class *car_class(void)
{
    molt_class *car = new_class("Car", NULL, TRAITS(vehicle()));
    must(molt_class_use(car, NULL, vehicle_impl("Plain", range_plain, wheels_four)));
    return car;
}

/* A fill by a Lua function: its name and the number that it returns. */
static inline molt_fill by_lua(const char *name, int number)
{
    return (molt_fill){ .size = sizeof(molt_fill), .name = name, .foreign = number, .where = "test.lua:3" };
}

static inline molt_fill by_c(const char *name, molt_function function)
{
    return (molt_fill){ .size = sizeof(molt_fill), .name = name, .function = function, .where = "test.c:3" };
}

static inline molt_value number(double value)
{
    return (molt_value){ .kind = MOLT_DOUBLE, .as.f64 = value };
}

static inline double field_of(const molt_object *object, const char *field)
{
    molt_value value, real;
    must(molt_object_get(object, field, &value));
    must(molt__value_convert(with.world, MOLT_DOUBLE, value, &real, field));
    return real.as.f64;
}

/* Calls `range` with no load through the trait's handle. */
static inline double range_of(const molt_object *object)
{
    Vehicle *handle = molt_as(object, Vehicle);
    assert_non_null(handle);
    return molt_call(handle, range, 0);
}

#endif
