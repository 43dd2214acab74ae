/*
 * world_fixture.h: for tests of the object model: a world whose allocator counts
 * and can be told to fail, two traits, and a stand-in for Lua.
 *
 * In the stand-in, a Lua function is a number, its reference: called, it returns
 * that number. A patch of an object is such a number too.
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
    int ended, changed, reshaped, pinned, unpinned, forgotten, closings, quiets;
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

/* ---- The stand-in for Lua --------------------------------------------------- */

static inline void stand_in_changed(void *user)
{
    (void)user;
    with.changed++;
    with.world->change_count = 0;
}

static inline void stand_in_forget_patches(const molt_object *object)
{
    size_t kept = 0;
    for (size_t i = 0; i < with.patch_count; i++) {
        if (with.patches[i].object != object) with.patches[kept++] = with.patches[i];
    }
    with.patch_count = kept;
}

static inline void stand_in_ended(void *user, molt_object *object)
{
    (void)user;
    with.ended++;
    stand_in_forget_patches(object);
}

/* New blocks know nothing of the patches that the object's table has. */
static inline void stand_in_patch_again(const molt_object *only)
{
    long left = with.allocations_left;
    with.allocations_left = -1;
    for (size_t i = 0; i < with.patch_count; i++) {
        if (only && with.patches[i].object != only) continue;
        molt_object *object = molt_ref_object(with.world, molt_object_ref(with.patches[i].object));
        assert_int_equal(molt__vtable_patch(object, molt__name(with.world, with.patches[i].name)), MOLT_OK);
    }
    with.allocations_left = left;
}

static inline int stand_in_ready(void *user, molt_shape *to)
{
    (void)user;
    assert_non_null(to);
    return MOLT_OK;
}

static inline void stand_in_reshaped(void *user, molt_object *object)
{
    (void)user;
    with.reshaped++;
    stand_in_patch_again(object);
}

static inline void stand_in_quiet(void *user, bool on)
{
    (void)user;
    with.quiets += on ? 1 : -1;
    assert_true(with.quiets == 0 || with.quiets == 1);
}

static inline int stand_in_stage(void *user, molt_object *object, molt_object *body)
{
    (void)user;
    (void)object;
    (void)body;
    return MOLT_OK;
}

static inline void stand_in_relaid(void *user, bool commit)
{
    (void)user;
    if (commit) stand_in_patch_again(NULL);
}

static inline int stand_in_pin(void *user, molt_object *object)
{
    (void)user;
    (void)object;
    with.pinned++;
    return MOLT_OK;
}

static inline void stand_in_unpin(void *user, molt_object *object)
{
    (void)user;
    (void)object;
    with.unpinned++;
}

static inline void stand_in_forget(void *user, intptr_t foreign)
{
    (void)user;
    (void)foreign;
    with.forgotten++;
}

static inline int stand_in_patch_of(const molt_object *object, const char *name)
{
    for (size_t i = 0; i < with.patch_count; i++) {
        if (with.patches[i].object == object && strcmp(with.patches[i].name, name) == 0) return with.patches[i].number;
    }
    return 0;
}

static inline void stand_in_answer(const molt__call *call, int number)
{
    molt_value value = { .kind = MOLT_INT32, .as.i32 = number }, result;
    molt_kind kind = call->method->declaration.kind;
    if (kind == MOLT_VOID) return;
    if (molt__value_convert(with.world, kind, value, &result, "the result") == MOLT_OK) {
        molt__closure_result(call->result, result);
    }
}

static inline void stand_in_call(void *user, const molt__call *call)
{
    (void)user;
    int patch = call->patched ? stand_in_patch_of(call->self->object, call->method->name) : 0;
    if (patch) stand_in_answer(call, patch);
    else if (!call->definition) molt__set_pending(with.world, MOLT_ERR_MISSING, "nothing to call");
    else if (call->definition->foreign < 0) molt__set_pending(with.world, MOLT_ERR_LUA, "raised on purpose");
    else if (call->definition->foreign) stand_in_answer(call, (int)call->definition->foreign);
    else molt__closure_native(call);
}

static inline void stand_in_closing(void *user)
{
    (void)user;
    with.closings++;
}

static const molt__bridge stand_in = {
    .changed = stand_in_changed,
    .ended = stand_in_ended,
    .ready = stand_in_ready,
    .reshaped = stand_in_reshaped,
    .quiet = stand_in_quiet,
    .stage = stand_in_stage,
    .relaid = stand_in_relaid,
    .pin = stand_in_pin,
    .unpin = stand_in_unpin,
    .forget = stand_in_forget,
    .call = stand_in_call,
    .closing = stand_in_closing,
};

static inline int set_up_joined(void **state)
{
    if (set_up(state)) return -1;
    molt__world_join(with.world, &stand_in, NULL, &with.border);
    return 0;
}

#define JOINED_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_joined, tear_down)

/* A patch as molt.override makes it: the table's entry, then the slot. */
static inline int patch(molt_object *object, const char *name, int number)
{
    const char *known = molt__name(with.world, name);
    if (!known) return MOLT_ERR_MEMORY;
    int err = molt__vtable_patch(object, known);
    if (err) return err;
    stand_in_patch *entry = &with.patches[with.patch_count++];
    *entry = (stand_in_patch){ .object = object, .number = number };
    snprintf(entry->name, sizeof entry->name, "%s", name);
    return MOLT_OK;
}

static inline void unpatch(molt_object *object, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < with.patch_count; i++) {
        if (with.patches[i].object != object || strcmp(with.patches[i].name, name) != 0) {
            with.patches[kept++] = with.patches[i];
        }
    }
    with.patch_count = kept;
    molt__vtable_unpatch(object, molt__name(with.world, name));
}

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
