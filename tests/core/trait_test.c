/* Traits: declared by lines and by text, found, compared, laid out as C does. */
#include "world_fixture.h"

#include "trait.h"

/* Every kind, in an order that needs padding everywhere. */
#define EVERY(FIELD, METHOD)                  \
    FIELD (bool, flag, true)                  \
    FIELD (double, real, 0.5)                 \
    FIELD (int8_t, tiny, -8)                  \
    FIELD (int16_t, small, -16)               \
    FIELD (uint8_t, byte, 200)                \
    FIELD (int64_t, large, -64)               \
    FIELD (uint16_t, port, 65535)             \
    FIELD (float, half, 1.5f)                 \
    FIELD (uint8_t, odd, 1)                   \
    FIELD (uint32_t, mask, 0xFFFFFFFFu)       \
    FIELD (int32_t, whole, -32)               \
    FIELD (uint64_t, huge, UINT64_MAX)        \
    FIELD (bool, last, false)
MOLT_TRAIT(Every, EVERY)

static void a_trait_is_declared_by_lines(void **state)
{
    (void)state;
    molt_trait *trait = new_trait("Boat", LINES("double draught = 1.5", "any captain", "double sail(double wind)"));
    assert_string_equal(molt_trait_name(trait), "Boat");
    assert_ptr_equal(molt_trait_find(with.world, "Boat"), trait);
    assert_int_equal(trait->field_count, 2);
    assert_int_equal(trait->method_count, 1);
}

static void a_trait_without_members_is_lawful(void **state)
{
    (void)state;
    molt_trait *tag = new_trait("Tag", NO_LINES);
    molt_object *object = new_object(new_class("Tagged", NULL, TRAITS(tag)));
    assert_true(molt_object_is(object, tag));
    assert_non_null(molt_object_as(object, tag));
}

static void a_text_in_c_lays_fields_out_as_the_compiler_did(void **state)
{
    (void)state;
    const molt_trait *trait = c_trait(&Every_trait);
    assert_int_equal(trait->block_size, sizeof(Every));
#define FIELD(type, member, initial) \
    assert_int_equal(molt__trait_field(trait, molt__name(with.world, #member))->offset, offsetof(Every, member));
#define METHOD(...)
    EVERY(FIELD, METHOD)
#undef FIELD
#undef METHOD
}

static void a_new_object_has_the_defaults_that_c_wrote(void **state)
{
    (void)state;
    const Every *every = molt_as(new_object(new_class("Thing", NULL, TRAITS(c_trait(&Every_trait)))), Every);
#define FIELD(type, member, initial) assert_true(every->member == (type)(initial));
#define METHOD(...)
    EVERY(FIELD, METHOD)
#undef FIELD
#undef METHOD
}

static void an_equal_declaration_is_the_same_trait(void **state)
{
    (void)state;
    molt_trait *trait = vehicle();
    assert_ptr_equal(new_trait("Vehicle", LINES("double fuel", "int gears", "double range(double)", "int32_t wheels()")),
                     trait);
    assert_ptr_equal(molt__trait_by_text(with.world, &Vehicle_trait), trait);
}

static void defaults_do_not_count_and_the_first_stay(void **state)
{
    (void)state;
    molt_trait *trait = new_trait("Tank", LINES("double fuel = 3"));
    assert_ptr_equal(new_trait("Tank", LINES("double fuel = 4")), trait);
    assert_true(field_of(new_object(new_class("T", NULL, TRAITS(trait))), "fuel") == 3);
}

static void a_later_declaration_may_add_lua_valued_fields(void **state)
{
    (void)state;
    molt_trait *trait = vehicle();
    size_t fields = trait->field_count;
    assert_ptr_equal(new_trait("Vehicle", LINES("any driver", "double fuel", "any owner", "int gears",
                                                "double range(double)", "int32_t wheels()")), trait);
    assert_int_equal(trait->field_count, fields + 2);
    assert_int_equal(trait->block_size, sizeof(Vehicle));
    assert_ptr_equal(vehicle(), trait);
    assert_int_equal(trait->field_count, fields + 2);
}

static void an_unequal_declaration_is_refused_naming_both_places(void **state)
{
    (void)state;
    molt_trait *trait = vehicle();
    assert_null(try_trait("Vehicle", LINES("float fuel", "int gears", "double range(double)", "int32_t wheels()")));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_DECLARATION);
    assert_said("test.lua:1");
    assert_said(Vehicle_trait.where);
    assert_said("double fuel");
    assert_said("float fuel");
    assert_ptr_equal(molt_trait_find(with.world, "Vehicle"), trait);
}

static void each_kind_of_difference_is_told(void **state)
{
    (void)state;
    vehicle();
    assert_null(try_trait("Vehicle", LINES("double fuel", "int gears", "double range(float)", "int32_t wheels()")));
    assert_said("'double range(double)'");
    assert_said("'double range(float)'");
    assert_null(try_trait("Vehicle", LINES("double fuel", "int gears", "double range(double)")));
    assert_said("int32_t wheels()");
    assert_null(try_trait("Vehicle", LINES("double fuel", "int gears", "double range(double)", "int wheels()", "int more")));
    assert_said("int32_t more");
    assert_null(try_trait("Vehicle", LINES("int gears", "double fuel", "double range(double)", "int wheels()")));
    assert_said("double fuel");
}

static void an_unequal_text_is_refused(void **state)
{
    (void)state;
    new_trait("Vehicle", LINES("double fuel"));
    assert_null(molt_trait_declare_text(with.world, &Vehicle_trait));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_DECLARATION);
    assert_said("test.lua:1");
    assert_said(Vehicle_trait.where);
}

static void a_text_of_another_abi_is_refused(void **state)
{
    (void)state;
    molt_trait_text text = Vehicle_trait;
    text.abi = MOLT_ABI + 1;
    assert_null(molt_trait_declare_text(with.world, &text));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_VERSION);
    assert_null(molt_trait_find(with.world, "Vehicle"));
}

static void a_struct_of_another_size_is_refused_and_nothing_stays(void **state)
{
    (void)state;
    molt_trait_text text = Vehicle_trait;
    text.block_size += 8;
    assert_null(molt_trait_declare_text(with.world, &text));
    assert_said("has 40 bytes");
    assert_null(molt_trait_find(with.world, "Vehicle"));
    assert_int_equal(with.world->methods.count, 0);
    vehicle();
}

static void a_field_of_another_size_is_refused(void **state)
{
    (void)state;
    molt_member_text members[4];
    memcpy(members, Vehicle_trait.members, sizeof members);
    members[1].size = 2;
    molt_trait_text text = Vehicle_trait;
    text.members = members;
    assert_null(molt_trait_declare_text(with.world, &text));
    assert_said("'gears'");
    assert_null(molt_trait_find(with.world, "Vehicle"));
}

static void a_malformed_line_is_quoted_and_declares_nothing(void **state)
{
    (void)state;
    assert_null(try_trait("Bad", LINES("double fuel", "double range(doubel load)")));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_DECLARATION);
    assert_said("double range(doubel load)");
    assert_null(molt_trait_find(with.world, "Bad"));
}

static void a_name_declared_twice_is_refused(void **state)
{
    (void)state;
    assert_null(try_trait("Twice", LINES("double fuel", "int fuel")));
    assert_said("declares 'fuel' twice");
    assert_null(try_trait("Twice", LINES("double fuel", "int fuel()")));
    assert_said("declares 'fuel' twice");
}

static void more_methods_than_a_patch_mask_has_bits_are_refused(void **state)
{
    (void)state;
    char texts[MOLT__MAX_METHODS + 1][32];
    const char *lines[MOLT__MAX_METHODS + 1];
    for (int i = 0; i <= MOLT__MAX_METHODS; i++) {
        snprintf(texts[i], sizeof texts[i], "void m%d()", i);
        lines[i] = texts[i];
    }
    assert_null(try_trait("Wide", lines, MOLT__MAX_METHODS + 1));
    assert_said("the most is 64");
    assert_non_null(try_trait("Wide", lines, MOLT__MAX_METHODS));
}

static void lines_need_their_size_and_a_name(void **state)
{
    (void)state;
    molt_trait_lines lines = { .size = sizeof lines - 8, .name = "Odd" };
    assert_null(molt_trait_declare(with.world, &lines));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_ARGUMENT);
    assert_null(try_trait("", NO_LINES));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_ARGUMENT);
    assert_null(try_trait(NULL, NO_LINES));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_ARGUMENT);
}

static void a_near_name_is_suggested(void **state)
{
    (void)state;
    vehicle();
    assert_null(molt_trait_find(with.world, "Vehcile"));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_UNKNOWN);
    assert_string_equal(molt_last_error(with.world), "no trait 'Vehcile'");
    assert_string_equal(molt_last_hint(with.world), "did you mean 'Vehicle'?");
    assert_null(molt_trait_find(with.world, "Submarine"));
    assert_string_equal(molt_last_hint(with.world), "");
}

static void a_fill_of_an_unknown_method_suggests_a_near_one(void **state)
{
    (void)state;
    molt_fill fill = by_c("rnage", (molt_function)range_plain);
    refused(molt_trait_fill(vehicle(), &fill), MOLT_ERR_UNKNOWN, "no typed method 'rnage'");
    assert_string_equal(molt_last_hint(with.world), "did you mean 'range'?");
}

static void a_fill_needs_one_of_function_and_reference(void **state)
{
    (void)state;
    molt_fill fill = by_c("range", (molt_function)range_plain);
    fill.foreign = 3;
    refused(molt_trait_fill(vehicle(), &fill), MOLT_ERR_ARGUMENT, "one of function and foreign");
    fill.function = NULL;
    fill.foreign = 0;
    refused(molt_trait_fill(vehicle(), &fill), MOLT_ERR_ARGUMENT, "one of function and foreign");
    fill = by_lua("range", 1);
    fill.size--;
    refused(molt_trait_fill(vehicle(), &fill), MOLT_ERR_ARGUMENT, "needs its size");
}

static void a_traits_own_definition_answers_when_no_layer_above_does(void **state)
{
    (void)state;
    molt_trait *trait = vehicle();
    molt_fill range = by_c("range", (molt_function)range_plain), wheels = by_c("wheels", (molt_function)wheels_two);
    must(molt_trait_fill(trait, &range));
    must(molt_trait_fill(trait, &wheels));
    molt_class *car = new_class("Car", NULL, TRAITS(trait));
    molt_object *object = new_object(car);
    assert_true(range_of(object) == 10);
    must(molt_class_use(car, NULL, vehicle_impl("Double", range_double, NULL)));
    assert_true(range_of(object) == 20);
    assert_int_equal(molt_call(molt_as(object, Vehicle), wheels), 2);
}

static void a_traits_own_definition_can_be_replaced_under_live_objects(void **state)
{
    (void)state;
    molt_trait *trait = new_trait("Clock", LINES("int32_t now()"));
    molt_fill one = by_lua("now", 1), two = by_lua("now", 2);
    must(molt_trait_fill(trait, &one));
    molt_object *object = new_object(new_class("C", NULL, TRAITS(trait)));
    must(molt_trait_fill(trait, &two));
    molt_value result;
    must(molt_object_call(object, "now", NULL, 0, &result));
    assert_int_equal(result.as.i32, 2);
    assert_int_equal(with.forgotten, 1);
}

static void an_implementation_starts_its_fields_differently(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_impl *thirsty = vehicle_impl("Thirsty", range_double, NULL);
    must(molt_impl_set(thirsty, "fuel", number(99)));
    molt_object *before = new_object(car);
    must(molt_class_use(car, NULL, thirsty));
    molt_object *after = new_object(car);
    assert_true(field_of(before, "fuel") == 10);
    assert_true(field_of(after, "fuel") == 99);
    must(molt_impl_set(thirsty, "fuel", number(98)));
    assert_true(field_of(new_object(car), "fuel") == 98);
    must(molt_class_drop(car, NULL, thirsty));
    assert_true(field_of(new_object(car), "fuel") == 10);
}

static void an_implementation_refuses_a_value_that_does_not_fit(void **state)
{
    (void)state;
    molt_impl *impl = vehicle_impl("Odd", NULL, NULL);
    refused(molt_impl_set(impl, "gears", number(5.5)), MOLT_ERR_RANGE, "field 'gears'");
    refused(molt_impl_set(impl, "gear", number(5)), MOLT_ERR_UNKNOWN, "no typed field 'gear'");
    assert_string_equal(molt_last_hint(with.world), "did you mean 'gears'?");
}

static void a_lua_valued_field_is_not_suggested_for_itself(void **state)
{
    (void)state;
    molt_impl *impl = molt_impl_new(new_trait("Taxi", LINES("any driver")), "Taxi", NULL);
    refused(molt_impl_set(impl, "driver", number(5)), MOLT_ERR_UNKNOWN, "no typed field 'driver'");
    assert_string_equal(molt_last_hint(with.world), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_trait_is_declared_by_lines),
        TEST(a_trait_without_members_is_lawful),
        TEST(a_text_in_c_lays_fields_out_as_the_compiler_did),
        TEST(a_new_object_has_the_defaults_that_c_wrote),
        TEST(an_equal_declaration_is_the_same_trait),
        TEST(defaults_do_not_count_and_the_first_stay),
        TEST(a_later_declaration_may_add_lua_valued_fields),
        TEST(an_unequal_declaration_is_refused_naming_both_places),
        TEST(each_kind_of_difference_is_told),
        TEST(an_unequal_text_is_refused),
        TEST(a_text_of_another_abi_is_refused),
        TEST(a_struct_of_another_size_is_refused_and_nothing_stays),
        TEST(a_field_of_another_size_is_refused),
        TEST(a_malformed_line_is_quoted_and_declares_nothing),
        TEST(a_name_declared_twice_is_refused),
        TEST(more_methods_than_a_patch_mask_has_bits_are_refused),
        TEST(lines_need_their_size_and_a_name),
        TEST(a_near_name_is_suggested),
        TEST(a_fill_of_an_unknown_method_suggests_a_near_one),
        TEST(a_fill_needs_one_of_function_and_reference),
        TEST(a_traits_own_definition_answers_when_no_layer_above_does),
        JOINED_TEST(a_traits_own_definition_can_be_replaced_under_live_objects),
        TEST(an_implementation_starts_its_fields_differently),
        TEST(an_implementation_refuses_a_value_that_does_not_fit),
        TEST(a_lua_valued_field_is_not_suggested_for_itself),
    };
    return cmocka_run_group_tests_name("trait", tests, NULL, NULL);
}
