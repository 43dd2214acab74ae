/* MOLT_TRAIT: one list becomes a struct, a vtable and a text that the world accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <molt/molt.h>

/* Words that an engine's own headers are likely to define. */
#define NONE 0
#define SOME 1
#define END -1
#define MORE +1
#define FIRST 1
#define LAST 2

#define TANK 50
#define RESERVE (TANK / 10)

typedef struct vector { float x, y, z; } vector;

#define VEHICLE(FIELD, METHOD)                    \
    FIELD (double, fuel, TANK)                    \
    FIELD (int8_t, gears, -RESERVE)               \
    FIELD (bool, object, true)                    \
    FIELD (unsigned long long, odometer, 1ull << 40) \
    METHOD(double, range, (double load))          \
    METHOD(void, stop, ())                        \
    METHOD(int, wheels, (void))                   \
    METHOD(float, mix, (float a, int8_t b, bool c)) \
    METHOD(bool, vtable, (uint8_t handle))

MOLT_TRAIT(Vehicle, VEHICLE)

/* A list made of lists, and what the core does not take yet. */
#define AIRCRAFT(FIELD, METHOD)                   \
    VEHICLE(FIELD, METHOD)                        \
    FIELD (float, position[3], {0, 1, 0})         \
    FIELD (uint8_t, flag, 7)                      \
    FIELD (vector, velocity, { .z = -1 })         \
    METHOD(bool, raw, (void *memory))             \
    METHOD(void, two, (void *memory, double x))

MOLT_TRAIT(Aircraft, AIRCRAFT)

#define NOTHING(FIELD, METHOD)
MOLT_TRAIT(Tag, NOTHING)

#define FIELDS_ONLY(FIELD, METHOD) FIELD(double, x, 1) FIELD(double, y, 2)
MOLT_TRAIT(Point, FIELDS_ONLY)

#define FOUR(METHOD, n) \
    METHOD(int, n##a, (int a)) METHOD(int, n##b, ()) METHOD(void, n##c, (void)) METHOD(void, n##d, (int a, int b))
#define SIXTEEN(METHOD, n) FOUR(METHOD, n##a) FOUR(METHOD, n##b) FOUR(METHOD, n##c) FOUR(METHOD, n##d)
#define SIXTY_FOUR(FIELD, METHOD) SIXTEEN(METHOD, a) SIXTEEN(METHOD, b) SIXTEEN(METHOD, c) SIXTEEN(METHOD, d)
MOLT_TRAIT(Widest, SIXTY_FOUR)

static double range(Vehicle *self, double load)
{
    return self->fuel * 10 / (1 + load);
}

static void stop(Vehicle *self)
{
    self->fuel = 0;
}

static int wheels(Vehicle *self)
{
    return self->gears < 0 ? 4 : 2;
}

static float mix(Vehicle *self, float a, int8_t b, bool c)
{
    return a + (float)b + (c ? (float)self->fuel : 0);
}

static bool vtable(Vehicle *self, uint8_t handle)
{
    return self->object && handle == 1;
}

static const Vehicle_vtable functions = {
    .range = range, .stop = stop, .wheels = wheels, .mix = mix, .vtable = vtable,
};

static molt_world *world;

static int open_world(void **state)
{
    (void)state;
    world = molt_world_open(NULL);
    return world ? 0 : -1;
}

static int close_world(void **state)
{
    (void)state;
    molt_world_close(world);
    return 0;
}

static void block_begins_like_molt_block(void **state)
{
    (void)state;
    assert_int_equal(offsetof(Vehicle, molt_vtable), offsetof(molt_block, vtable));
    assert_int_equal(offsetof(Vehicle, molt_owner), offsetof(molt_block, object));
    assert_int_equal(offsetof(Vehicle, fuel), sizeof(molt_block));
    assert_int_equal(sizeof(Tag), sizeof(molt_block));
}

static void slots_lie_in_order(void **state)
{
    (void)state;
    assert_int_equal(offsetof(Vehicle_vtable, range), 0);
    assert_int_equal(offsetof(Vehicle_vtable, vtable), 4 * sizeof(void *));
    assert_int_equal(offsetof(Widest_vtable, ddd), 63 * sizeof(void *));
}

static void text_is_what_the_list_says(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "double fuel", "int8_t gears", "bool object", "unsigned long long odometer", "double range(double load)",
        "void stop()", "int wheels(void)", "float mix(float a, int8_t b, bool c)", "bool vtable(uint8_t handle)",
    };
    assert_string_equal(Vehicle_trait.name, "Vehicle");
    assert_int_equal(Vehicle_trait.member_count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < Vehicle_trait.member_count; i++) {
        assert_string_equal(Vehicle_trait.members[i].declaration, expected[i]);
    }
    assert_int_equal(Vehicle_trait.members[0].size, 8);
    assert_int_equal(Vehicle_trait.members[1].size, 1);
    assert_int_equal(Vehicle_trait.members[4].size, 0);
    assert_int_equal(Vehicle_trait.block_size, sizeof(Vehicle));
    assert_non_null(strstr(Vehicle_trait.where, "declare_test.c:"));
    assert_int_equal(Tag_trait.member_count, 0);
}

static void macros_as_defaults_are_values(void **state)
{
    (void)state;
    assert_true(Vehicle_defaults.fuel == 50);
    assert_int_equal(Vehicle_defaults.gears, -5);
    assert_true(Vehicle_defaults.object);
    assert_true(Vehicle_defaults.odometer == 1ull << 40);
}

static void arrays_and_structs_have_their_place(void **state)
{
    (void)state;
    const molt_member_text *member = Aircraft_trait.members + Vehicle_trait.member_count;
    assert_string_equal(member[0].declaration, "float position[3]");
    assert_int_equal(member[0].size, 3 * sizeof(float));
    assert_int_equal(member[0].align, sizeof(float));
    assert_int_equal(member[2].size, sizeof(vector));
    assert_int_equal(member[2].align, sizeof(float));
    /* Sizes and alignments alone lead to the offsets that C chose. */
    size_t offset = sizeof(molt_block);
    for (size_t i = 0; i < Aircraft_trait.member_count; i++) {
        const molt_member_text *field = &Aircraft_trait.members[i];
        if (!field->size) continue;
        offset = (offset + field->align - 1) / field->align * field->align;
        if (strstr(field->declaration, "position")) assert_int_equal(offset, offsetof(Aircraft, position));
        if (strstr(field->declaration, "velocity")) assert_int_equal(offset, offsetof(Aircraft, velocity));
        offset += field->size;
    }
    assert_true(Aircraft_defaults.position[1] == 1 && Aircraft_defaults.position[2] == 0);
    assert_true(Aircraft_defaults.velocity.z == -1);
    assert_null(molt_trait_declare_text(world, &Aircraft_trait)); /* for now */
}

static bool takes_pointer(Aircraft *self, void *memory)
{
    return self->flag == 7 && memory;
}

static void takes_two(Aircraft *self, void *memory, double x)
{
    (void)memory;
    self->fuel = x;
}

static void a_void_pointer_is_a_parameter(void **state)
{
    (void)state;
    const Aircraft_vtable slots = { .raw = takes_pointer, .two = takes_two };
    Aircraft plane = Aircraft_defaults;
    plane.molt_vtable = &slots;
    assert_true(molt_call(&plane, raw, &plane));
    molt_call(&plane, two, NULL, 3);
    assert_true(plane.fuel == 3);
}

static void a_call_evaluates_its_handle_once(void **state)
{
    (void)state;
    Vehicle vehicles[2] = { Vehicle_defaults, Vehicle_defaults };
    vehicles[0].molt_vtable = vehicles[1].molt_vtable = &functions;
    Vehicle *next = vehicles;
    molt_call(next++, stop);
    assert_ptr_equal(next, vehicles + 1);
    assert_true(vehicles[0].fuel == 0 && vehicles[1].fuel == 50);
}

static void calls_nest(void **state)
{
    (void)state;
    Vehicle v = Vehicle_defaults;
    v.molt_vtable = &functions;
    assert_true(molt_call(&v, range, molt_call(&v, range, molt_call(&v, wheels))) == 500 / (1 + 500 / 5.0));
    assert_true(molt_call(&v, mix, 1, (int8_t)molt_call(&v, wheels), molt_call(&v, vtable, 1)) == 55);
}

static void the_world_takes_the_declaration(void **state)
{
    (void)state;
    molt_trait *trait = molt_trait_declare_text(world, &Vehicle_trait);
    assert_non_null(trait);
    assert_true(Vehicle_trait.identity != 0);
    assert_non_null(molt_trait_declare_text(world, &Tag_trait));
    assert_non_null(molt_trait_declare_text(world, &Point_trait));
    assert_non_null(molt_trait_declare_text(world, &Widest_trait));
    static const char *const lines[] = {
        "double fuel = 1", "int8_t gears", "bool object", "uint64_t odometer", "double range(double)",
        "void stop(void)", "int wheels()", "float mix(float, int8_t, bool)", "bool vtable(uint8_t)",
    };
    molt_trait_lines same = { .size = sizeof same, .name = "Vehicle", .lines = lines, .line_count = 9 };
    assert_ptr_equal(molt_trait_declare(world, &same), trait);
}

static molt_object *new_car(void)
{
    molt_trait *trait = molt_trait_declare_text(world, &Vehicle_trait);
    molt_impl *impl = molt_impl_register(world, &Vehicle_trait, "Car", &functions, 0, "declare_test.c");
    assert_non_null(impl);
    molt_class_lines lines = { .size = sizeof lines, .name = "Car", .traits = &trait, .trait_count = 1 };
    molt_class *cls = molt_class_declare(world, &lines);
    assert_non_null(cls);
    assert_int_equal(molt_class_use(cls, trait, impl), MOLT_OK);
    molt_object *car = molt_object_new(world, cls);
    assert_non_null(car);
    return car;
}

static void an_object_is_called_through_its_handle(void **state)
{
    (void)state;
    molt_object *car = new_car();
    Vehicle *v = molt_as(car, Vehicle);
    assert_non_null(v);
    assert_ptr_equal(molt_object_of(v), car);
    assert_true(v->fuel == 50 && v->gears == -5 && v->object && v->odometer == 1ull << 40);
    assert_true(molt_call(v, range, 1) == 250);
    molt_call(v, stop);
    assert_true(molt_call(v, range, 1) == 0);
    assert_int_equal(molt_call(molt_as(car, Vehicle), wheels), 4);
    assert_null(molt_as(car, Point));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_begins_like_molt_block),
        cmocka_unit_test(slots_lie_in_order),
        cmocka_unit_test(text_is_what_the_list_says),
        cmocka_unit_test(macros_as_defaults_are_values),
        cmocka_unit_test_setup_teardown(arrays_and_structs_have_their_place, open_world, close_world),
        cmocka_unit_test(a_void_pointer_is_a_parameter),
        cmocka_unit_test(a_call_evaluates_its_handle_once),
        cmocka_unit_test(calls_nest),
        cmocka_unit_test_setup_teardown(the_world_takes_the_declaration, open_world, close_world),
        cmocka_unit_test_setup_teardown(an_object_is_called_through_its_handle, open_world, close_world),
    };
    return cmocka_run_group_tests_name("declare", tests, NULL, NULL);
}
