/*
 * Out of memory: each verb is tried with an allocator that fails on its first,
 * second, … allocation, in a fresh world each time, until it needs no more. Every
 * failure is an error that changes nothing, and the verb then works after all.
 */
#include "world_dump.h"

#include "evolve.h"
#include "recompose.h"
#include "redraft.h"
#include "roster.h"

typedef struct stage {
    molt_trait *tag, *other;
    molt_class *car, *taxi;
    molt_object *object, *plain, *cab;
    molt_impl *ten, *doubled, *open;
    int64_t fill;
} stage;

static stage on;

/* Two classes, three objects, a fill by Lua, a patch, an attached trait. */
static void furnish(void)
{
    on.tag = new_trait("Tag", LINES("int32_t mark = 3"));
    on.other = new_trait("Other", LINES("double other", "double range(double)"));
    on.car = car_class();
    on.taxi = new_class("Taxi", on.car, TRAITS(on.other));
    on.ten = engine_impl("Ten", thrust_ten);
    on.doubled = vehicle_impl("Double", range_double, wheels_two);
    on.open = vehicle_impl("Open", NULL, NULL);
    molt_fill fill = by_lua("wheels", 9);
    must(on.fill = molt_class_fill(on.car, &fill));
    on.object = new_object(on.car);
    on.plain = new_object(on.car);
    on.cab = new_object(on.taxi);
    must(molt_object_set(on.object, "fuel", number(77)));
    must(molt_object_attach(on.object, on.tag, NULL));
    must(patch(on.object, "range", 5));
}

static void nothing(void)
{
}

/* A pointer's absence is an error too. */
static int made(const void *pointer)
{
    return pointer ? MOLT_OK : molt_last_code(with.world);
}

static void try_at(void (*prepare)(void), int (*act)(void), long n, bool *done)
{
    static dump before, after;
    assert_int_equal(set_up_joined(NULL), 0);
    prepare();
    dump_world(&before);
    size_t promised = with.world->limbo.promised;
    with.allocations_left = n;
    with.refused = false;
    int err = act();
    with.allocations_left = -1;
    *done = !with.refused;
    if (err < 0) {
        if (!with.refused) fail_msg("allocation %ld: %s", n, molt_last_error(with.world));
        assert_int_equal(err, MOLT_ERR_MEMORY);
        assert_int_equal(molt_last_code(with.world), MOLT_ERR_MEMORY);
        assert_said("memory");
        dump_world(&after);
        if (strcmp(before.text, after.text) != 0) {
            fail_msg("refused allocation %ld changed\n%s to\n%s", n, before.text, after.text);
        }
        assert_int_equal(with.world->limbo.promised, promised);
        must(act());
    }
    must(molt_world_tick(with.world));
    dump_world(&after);
    assert_int_equal(tear_down(NULL), 0);
}

static void try_everywhere(void (*prepare)(void), int (*act)(void))
{
    bool done = false;
    for (long n = 0; !done; n++) {
        assert_true(n < 500);
        try_at(prepare, act, n, &done);
    }
}

#define OUT_OF_MEMORY(name, prepare, ...)                                      \
    static int act_##name(void) { __VA_ARGS__ }                                \
    static void name(void **state)                                             \
    {                                                                          \
        (void)state;                                                           \
        try_everywhere(prepare, act_##name);                                   \
    }

OUT_OF_MEMORY(declaring_a_trait_by_lines, furnish,
    molt_trait *required[] = { on.tag };
    const char *needs[] = { "double fuel", "describe", "void start()" }, *excluded[] = { "trait Plane" };
    const char *lines[] = { "double draught = 1", "any captain", "double sail(double wind)", "void stop()" };
    molt_trait_lines boat = { .size = sizeof boat, .name = "Boat", .lines = lines, .line_count = 4,
                              .required = required, .required_count = 1, .excluded_lines = excluded, .excluded_line_count = 1, .required_lines = needs, .required_line_count = 3,
                              .where = "boat.lua:1" };
    return made(molt_trait_declare(with.world, &boat));)

OUT_OF_MEMORY(declaring_a_trait_in_a_new_world, nothing,
    return made(try_trait("Boat", LINES("double draught = 1", "int a()", "int b(int c)", "any d")));)

OUT_OF_MEMORY(declaring_a_trait_by_text, nothing,
    return made(molt_trait_declare_text(with.world, &Vehicle_trait));)

static void know_boats(void)
{
    furnish();
    new_trait("Boat", LINES("double draught = 1"));
}

static size_t fields_of_boat(void)
{
    return molt_trait_find(with.world, "Boat")->field_count;
}

OUT_OF_MEMORY(declaring_a_trait_again_with_more_lua_fields, know_boats,
    size_t before = fields_of_boat();
    molt_trait *boat = try_trait("Boat", LINES("double draught", "any a1", "any a2", "any a3", "any a4", "any a5", "any a6",
                                               "any a7", "any a8", "any a9", "any a10", "any a11", "any a12", "any a13",
                                               "any a14", "any a15", "any a16", "any a17"));
    long left = with.allocations_left;
    with.allocations_left = -1;
    int err = made(boat);
    if (!boat) assert_int_equal(fields_of_boat(), before);
    with.allocations_left = left;
    return err;)

OUT_OF_MEMORY(declaring_a_class, furnish, return made(try_class("New", on.car, TRAITS(on.tag)));)

OUT_OF_MEMORY(declaring_a_class_in_a_new_world, nothing, return made(try_class("New", NULL, NO_TRAITS));)

OUT_OF_MEMORY(filling_a_trait, furnish,
    molt_fill fill = by_c("range", (molt_function)range_double);
    return molt_trait_fill(molt_trait_find(with.world, "Vehicle"), &fill);)

OUT_OF_MEMORY(making_an_implementation, furnish, return made(molt_impl_new(on.tag, "Mine", "here"));)

OUT_OF_MEMORY(registering_an_implementation, furnish,
    size_t impls = with.world->impls.count;
    Engine_vtable functions = { .thrust = thrust_ten };
    molt_impl *impl = molt_impl_register(with.world, &Engine_trait, "Mine", &functions, 0, "test.c:7");
    if (!impl) assert_int_equal(with.world->impls.count, impls);
    return made(impl);)

OUT_OF_MEMORY(setting_an_implementations_field, furnish, return molt_impl_set(on.doubled, "fuel", number(3));)

static void use_the_open_one(void)
{
    furnish();
    must(molt_class_use(on.car, NULL, on.open));
}

OUT_OF_MEMORY(filling_an_implementation_with_c, use_the_open_one,
    molt_fill fill = by_c("range", (molt_function)range_double);
    return molt_impl_fill(on.open, &fill);)

OUT_OF_MEMORY(filling_an_implementation_with_lua, use_the_open_one,
    molt_fill fill = by_lua("range", 6);
    return molt_impl_fill(on.open, &fill);)

OUT_OF_MEMORY(filling_a_class, furnish,
    molt_fill fill = by_lua("range", 6);
    int64_t number = molt_class_fill(on.car, &fill);
    return number < 0 ? (int)number : MOLT_OK;)

OUT_OF_MEMORY(using_an_implementation, furnish, return molt_class_use(on.car, NULL, on.doubled);)

OUT_OF_MEMORY(taking_a_fill_away, furnish, return molt_class_unfill(on.car, on.fill);)

OUT_OF_MEMORY(dropping_an_implementation, use_the_open_one, return molt_class_drop(on.car, NULL, on.open);)

static void declare_a_class(void)
{
    new_class("Racer", car_class(), TRAITS(engine()));
    must(molt_class_use(molt_class_find(with.world, "Racer"), NULL, engine_impl("Ten", thrust_ten)));
}

OUT_OF_MEMORY(the_first_object_of_a_class, declare_a_class,
    return made(molt_object_new(with.world, molt_class_find(with.world, "Racer")));)

/* 9,000 doubles: each body and block has a slab of its own. */
static void declare_large_ones(void)
{
    enum { FIELDS = 9000 };
    static char texts[FIELDS][16];
    static const char *lines[FIELDS];
    for (int i = 0; i < FIELDS; i++) {
        snprintf(texts[i], sizeof texts[i], "double c%d", i);
        lines[i] = texts[i];
    }
    new_class("New", NULL, TRAITS(new_trait("Cargo", lines, FIELDS)));
    furnish();
}

OUT_OF_MEMORY(an_object_in_a_slab_of_its_own, declare_large_ones,
    return made(molt_object_new(with.world, molt_class_find(with.world, "New")));)

OUT_OF_MEMORY(a_hundred_more_objects, furnish,
    molt_object *objects[100];
    for (size_t i = 0; i < 100; i++) {
        objects[i] = molt_object_new(with.world, on.taxi);
        if (objects[i]) continue;
        int code = molt_last_code(with.world);
        while (i > 0) must(molt_object_destroy(objects[--i]));
        return code;
    }
    return MOLT_OK;)

OUT_OF_MEMORY(attaching_a_trait, furnish, return molt_object_attach(on.plain, on.tag, NULL);)

OUT_OF_MEMORY(attaching_a_second_trait_with_an_implementation, furnish, return molt_object_attach(on.object, NULL, on.ten);)

OUT_OF_MEMORY(attaching_an_implementation_of_the_classes_trait, furnish,
    return molt_object_attach(on.object, NULL, on.doubled);)

OUT_OF_MEMORY(attaching_a_large_trait, declare_large_ones,
    return molt_object_attach(on.object, molt_trait_find(with.world, "Cargo"), NULL);)

OUT_OF_MEMORY(attaching_a_set, furnish,
    return molt_object_attach_set(on.plain, (molt_piece[]){ { on.tag, NULL }, { NULL, on.ten } }, 2);)

static void declare_a_choir(void)
{
    furnish();
    must(molt_trait_fill(new_trait("High", LINES("all void sing()")), &(molt_fill){ .size = sizeof(molt_fill), .name = "sing", .foreign = 71 }));
    must(molt_trait_fill(new_trait("Low", LINES("all void sing()")), &(molt_fill){ .size = sizeof(molt_fill), .name = "sing", .foreign = 72 }));
}

OUT_OF_MEMORY(attaching_traits_that_sing_together, declare_a_choir,
    molt_piece both[] = { { molt_trait_find(with.world, "High"), NULL }, { molt_trait_find(with.world, "Low"), NULL } };
    return molt_object_attach_set(on.plain, both, 2);)

static void attach_two(void)
{
    furnish();
    must(molt_object_attach(on.object, NULL, on.ten));
    must(patch(on.object, "thrust", 4));
}

OUT_OF_MEMORY(detaching_a_trait, attach_two, return molt_object_detach(on.object, on.tag);)

OUT_OF_MEMORY(detaching_a_patched_trait, attach_two,
    return molt_object_detach(on.object, molt_trait_find(with.world, "Engine"));)

static int try_patch(molt_object *object, const char *name)
{
    const char *known = molt__name(with.world, name);
    return known ? molt__vtable_patch(object, known) : MOLT_ERR_MEMORY;
}

OUT_OF_MEMORY(patching_an_object, furnish, return try_patch(on.plain, "wheels");)

OUT_OF_MEMORY(patching_two_traits_at_once, furnish,
    int err = try_patch(on.cab, "range");
    assert_int_equal(on.cab->shape->privates != NULL, err == MOLT_OK);
    return err;)

OUT_OF_MEMORY(patching_a_patched_object, furnish, return try_patch(on.object, "wheels");)

OUT_OF_MEMORY(giving_a_trait_to_a_class_with_objects, furnish, return molt_class_use(on.car, NULL, on.ten);)

OUT_OF_MEMORY(giving_a_class_the_trait_that_an_object_has_attached, furnish, return molt_class_use(on.car, on.tag, NULL);)

OUT_OF_MEMORY(taking_a_trait_from_a_class_with_objects, furnish, return molt_class_drop(on.taxi, on.other, NULL);)

OUT_OF_MEMORY(a_request_of_a_leaf, furnish,
    with.world->border->leaf = 1;
    int err = molt_object_retain(on.plain);
    with.world->border->leaf = 0;
    molt__pending_drain(with.world);
    return err;)

/* ---- What cannot fail ---- */

static void ending_needs_no_memory(void **state)
{
    (void)state;
    attach_two();
    with.allocations_left = 0;
    must(molt_object_destroy(on.object));
    must(molt_object_destroy(on.plain));
    must(molt_object_destroy(on.cab));
    must(molt_world_tick(with.world));
    assert_false(with.refused);
    with.allocations_left = -1;
}

static void a_way_taken_before_needs_memory_for_the_block_only(void **state)
{
    (void)state;
    furnish();
    for (int i = 0; i < 2; i++) {
        must(molt_object_attach(on.plain, on.tag, NULL));
        must(molt_object_detach(on.plain, on.tag));
        must(molt_world_tick(with.world));
    }
    with.allocations_left = 0;
    must(molt_object_attach(on.plain, on.tag, NULL));
    must(molt_object_detach(on.plain, on.tag));
    assert_false(with.refused);
    with.allocations_left = -1;
}

static void unpatching_needs_no_memory(void **state)
{
    (void)state;
    attach_two();
    with.allocations_left = 0;
    molt__vtable_unpatch(on.object, molt__name_find(with.world, "range"));
    molt__vtable_unpatch(on.object, molt__name_find(with.world, "thrust"));
    assert_false(with.refused);
    with.allocations_left = -1;
}

#define ALONE(name) cmocka_unit_test(name)

/* `was` is declared again with these lines, and with a method by Lua. */
static int redefine(molt_trait *was, const char *const *lines, size_t count, const char *method)
{
    molt_trait *required[] = { molt_trait_find(with.world, "Vehicle") };
    molt_trait_lines again = { .size = sizeof again, .name = molt_trait_name(was), .lines = lines, .line_count = count,
                               .required = required, .required_count = 1, .where = "again.lua:1" };
    molt_fill fill = by_lua(method, 4);
    const char *dropped[] = { "hello" };
    molt_trait *current = molt_trait_find(with.world, molt_trait_name(was));
    molt_trait *draft = molt__redraft_lines(current, &again);
    if (!draft) return molt_last_code(with.world);
    molt__rewriting rewriting = { .current = current, .draft = draft, .fills = &fill, .fill_count = 1,
                                  .dropped = dropped, .dropped_count = 1 };
    molt__evolution evolution = { .world = with.world, .rewritings = &rewriting, .count = 1, .every = true };
    int err = molt__evolution_prepare(&evolution);
    if (!err) molt__evolution_commit(&evolution);
    molt__redraft_drop(with.world, draft);
    return err;
}

static void have_values(void)
{
    furnish();
    molt_impl *marked = molt_impl_new(on.tag, "Marked", "here");
    must(molt_impl_set(marked, "mark", number(6)));
    must(molt_object_set(on.object, "mark", number(12)));
    molt_fill fill = by_lua("hello", 3);
    must(molt_trait_fill(on.tag, &fill));
    assert_non_null(molt__roster_of(with.world, NULL, on.tag));
}

OUT_OF_MEMORY(redefining_an_attached_trait, have_values,
    const char *lines[] = { "double draught = 5", "int64_t mark = 4", "double range(double)", "any more" };
    return redefine(on.tag, lines, 4, "range");)

OUT_OF_MEMORY(redefining_a_trait_of_a_class, have_values,
    const char *lines[] = { "double draught = 5", "double range(double)", "double other" };
    return redefine(on.other, lines, 3, "greet");)

OUT_OF_MEMORY(redefining_what_lua_sees_of_a_trait, have_values,
    const char *lines[] = { "int32_t mark = 9", "any more" };
    return redefine(on.tag, lines, 2, "greet");)

OUT_OF_MEMORY(redefining_a_class, have_values,
    molt_trait *traits[] = { on.tag, molt_trait_find(with.world, "Vehicle") };
    molt_fill fill = by_lua("wheels", 8);
    molt_impl *impls[] = { on.doubled };
    int64_t number = 0;
    molt__recomposition to = { .traits = traits, .trait_count = 2, .declared = 2, .impls = impls, .impl_count = 1, .fills = &fill,
                               .fill_count = 1, .numbers = &number, .dropped = &on.fill, .dropped_count = 1,
                               .where = "again.lua:2" };
    return molt__class_recompose(on.car, &to);)

OUT_OF_MEMORY(giving_a_class_another_base, have_values,
    molt__recomposition to = { .base = on.car, .where = "again.lua:3" };
    return molt__class_recompose(on.taxi, &to);)

OUT_OF_MEMORY(becoming_one_of_another_class, have_values, return molt__object_become(on.object, on.taxi, false, true);)

OUT_OF_MEMORY(listing_the_objects_of_a_class, furnish, return made(molt__roster_of(with.world, on.car, NULL));)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(declaring_a_trait_by_lines),
        ALONE(declaring_a_trait_in_a_new_world),
        ALONE(declaring_a_trait_by_text),
        ALONE(declaring_a_trait_again_with_more_lua_fields),
        ALONE(declaring_a_class),
        ALONE(declaring_a_class_in_a_new_world),
        ALONE(filling_a_trait),
        ALONE(making_an_implementation),
        ALONE(registering_an_implementation),
        ALONE(setting_an_implementations_field),
        ALONE(filling_an_implementation_with_c),
        ALONE(filling_an_implementation_with_lua),
        ALONE(filling_a_class),
        ALONE(using_an_implementation),
        ALONE(taking_a_fill_away),
        ALONE(dropping_an_implementation),
        ALONE(the_first_object_of_a_class),
        ALONE(an_object_in_a_slab_of_its_own),
        ALONE(a_hundred_more_objects),
        ALONE(attaching_a_trait),
        ALONE(attaching_a_second_trait_with_an_implementation),
        ALONE(attaching_an_implementation_of_the_classes_trait),
        ALONE(attaching_a_set),
        ALONE(attaching_traits_that_sing_together),
        ALONE(attaching_a_large_trait),
        ALONE(detaching_a_trait),
        ALONE(detaching_a_patched_trait),
        ALONE(patching_an_object),
        ALONE(patching_two_traits_at_once),
        ALONE(patching_a_patched_object),
        ALONE(giving_a_trait_to_a_class_with_objects),
        ALONE(giving_a_class_the_trait_that_an_object_has_attached),
        ALONE(taking_a_trait_from_a_class_with_objects),
        ALONE(a_request_of_a_leaf),
        ALONE(redefining_an_attached_trait),
        ALONE(redefining_a_trait_of_a_class),
        ALONE(redefining_what_lua_sees_of_a_trait),
        ALONE(redefining_a_class),
        ALONE(giving_a_class_another_base),
        ALONE(becoming_one_of_another_class),
        ALONE(listing_the_objects_of_a_class),
        JOINED_TEST(ending_needs_no_memory),
        JOINED_TEST(a_way_taken_before_needs_memory_for_the_block_only),
        JOINED_TEST(unpatching_needs_no_memory),
    };
    return cmocka_run_group_tests_name("out_of_memory", tests, NULL, NULL);
}
