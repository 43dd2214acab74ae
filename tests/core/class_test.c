/* Classes: declared, filled, completed, composed. */
#include "world_fixture.h"

static molt_trait *excluding_trait(const char *name, molt_trait *required, molt_trait *excluded)
{
    molt_trait_lines lines = { .size = sizeof lines, .name = name, .where = "test.lua:4",
                               .required = &required, .required_count = required != NULL,
                               .excluded = &excluded, .excluded_count = excluded != NULL };
    molt_trait *trait = molt_trait_declare(with.world, &lines);
    if (!trait) fail_msg("%s", molt_last_error(with.world));
    return trait;
}

/* ---- Declaring ---- */

static void a_class_is_found_by_its_name(void **state)
{
    (void)state;
    molt_class *car = new_class("Car", NULL, TRAITS(vehicle()));
    assert_ptr_equal(molt_class_find(with.world, "Car"), car);
    assert_string_equal(molt_class_name(car), "Car");
}

static void a_near_name_is_suggested(void **state)
{
    (void)state;
    new_class("Lorry", NULL, NO_TRAITS);
    assert_null(molt_class_find(with.world, "Lory"));
    assert_string_equal(molt_last_error(with.world), "no class 'Lory'");
    assert_string_equal(molt_last_hint(with.world), "did you mean 'Lorry'?");
}

static void an_equal_declaration_is_the_same_class(void **state)
{
    (void)state;
    molt_trait *v = vehicle(), *e = engine();
    molt_class *base = new_class("Base", NULL, NO_TRAITS);
    molt_class *car = new_class("Car", base, TRAITS(v, e));
    assert_ptr_equal(new_class("Car", base, TRAITS(v, e)), car);
    assert_int_equal(with.world->classes.count, 2);
}

static void an_unequal_declaration_is_refused_naming_both_places(void **state)
{
    (void)state;
    molt_trait *v = vehicle(), *e = engine();
    molt_class *base = new_class("Base", NULL, NO_TRAITS);
    new_class("Car", NULL, TRAITS(v, e));
    assert_null(try_class("Car", NULL, TRAITS(v)));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_DECLARATION);
    assert_said("class 'Car' is declared unequally at test.lua:2 and at test.lua:2");
    assert_null(try_class("Car", NULL, TRAITS(e, v)));
    assert_null(try_class("Car", base, TRAITS(v, e)));
}

static void a_trait_named_twice_is_one_trait_each_time(void **state)
{
    (void)state;
    molt_trait *v = vehicle(), *e = engine();
    molt_class *car = new_class("Car", NULL, TRAITS(v, e, v));
    assert_int_equal(car->traits.count, 2);
    assert_ptr_equal(new_class("Car", NULL, TRAITS(v, e, v)), car);
    assert_ptr_equal(new_class("Car", NULL, TRAITS(v, e)), car);
}

static void a_trait_of_the_base_is_not_the_classes_own(void **state)
{
    (void)state;
    molt_trait *v = vehicle(), *e = engine();
    molt_class *base = new_class("Base", NULL, TRAITS(v));
    molt_class *car = new_class("Car", base, TRAITS(v, e));
    assert_int_equal(car->traits.count, 1);
    assert_ptr_equal(new_class("Car", base, TRAITS(v, e)), car);
}

static void lines_need_their_size_and_a_name(void **state)
{
    (void)state;
    molt_class_lines lines = { .size = sizeof lines + 8, .name = "Car" };
    assert_null(molt_class_declare(with.world, &lines));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_ARGUMENT);
    assert_null(try_class("", NULL, NO_TRAITS));
    assert_null(try_class(NULL, NULL, NO_TRAITS));
    assert_int_equal(with.world->classes.count, 0);
}

static void a_class_without_traits_has_objects(void **state)
{
    (void)state;
    molt_object *object = new_object(new_class("Ghost", NULL, NO_TRAITS));
    assert_true(molt_object_alive(object));
    assert_string_equal(molt_class_name(molt_object_class(object)), "Ghost");
}

static void a_new_object_without_a_class_is_refused(void **state)
{
    (void)state;
    assert_null(molt_object_new(with.world, NULL));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_ARGUMENT);
}

/* ---- Completeness ---- */

static void an_incomplete_class_lists_every_missing_method(void **state)
{
    (void)state;
    molt_class *car = new_class("Car", NULL, TRAITS(vehicle(), engine()));
    assert_null(molt_object_new(with.world, car));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_MISSING);
    assert_said("class 'Car' does not compose");
    assert_said("Vehicle.range has no implementation: 'double range(double)'");
    assert_said("Vehicle.wheels has no implementation");
    assert_said("Engine.thrust has no implementation");
    assert_said(Engine_trait.where);
}

static void a_class_may_stay_open_until_its_first_object(void **state)
{
    (void)state;
    molt_class *car = new_class("Car", NULL, TRAITS(vehicle()));
    must(molt_class_use(car, NULL, vehicle_impl("Half", range_plain, NULL)));
    assert_null(molt_object_new(with.world, car));
    must(molt_class_use(car, NULL, vehicle_impl("Rest", NULL, wheels_two)));
    assert_true(range_of(new_object(car)) == 10);
}

static void once_instantiated_a_class_stays_complete(void **state)
{
    (void)state;
    molt_class *car = new_class("Car", NULL, TRAITS(vehicle()));
    molt_impl *plain = vehicle_impl("Plain", range_plain, wheels_two);
    must(molt_class_use(car, NULL, plain));
    molt_object *object = new_object(car);
    refused(molt_class_drop(car, NULL, plain), MOLT_ERR_MISSING, "Vehicle.range has no implementation");
    assert_true(range_of(object) == 10);
    assert_int_equal(car->fill_count, 1);
}

static void requirements_and_exclusions_are_all_listed(void **state)
{
    (void)state;
    molt_trait *wings = new_trait("Wings", NO_LINES), *hull = new_trait("Hull", NO_LINES);
    molt_trait *flies = excluding_trait("Flies", wings, NULL), *light = excluding_trait("Light", NULL, hull);
    molt_class *odd = new_class("Odd", NULL, TRAITS(flies, light, hull));
    assert_null(molt_object_new(with.world, odd));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_MISSING);
    assert_said("Flies requires Wings (declared at test.lua:4)");
    assert_said("Light excludes Hull (declared at test.lua:4)");
    new_object(new_class("Plane", NULL, TRAITS(flies, light, wings)));
}

static void a_base_class_meets_a_requirement(void **state)
{
    (void)state;
    molt_trait *wings = new_trait("Wings", NO_LINES), *flies = excluding_trait("Flies", wings, NULL);
    molt_class *bird = new_class("Bird", NULL, TRAITS(wings));
    new_object(new_class("Swift", bird, TRAITS(flies)));
}

/* ---- Conflicts ---- */

static void two_definitions_in_one_layer_conflict_and_both_are_named(void **state)
{
    (void)state;
    molt_trait *a = new_trait("A", NO_LINES), *b = new_trait("B", NO_LINES);
    molt_fill of_a = by_lua("describe", 1), of_b = by_lua("describe", 2);
    of_a.where = "a.lua:1";
    of_b.where = "b.lua:1";
    must(molt_trait_fill(a, &of_a));
    must(molt_trait_fill(b, &of_b));
    molt_class *both = new_class("Both", NULL, TRAITS(a, b));
    assert_null(molt_object_new(with.world, both));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_CONFLICT);
    assert_said("'describe' is defined by A (a.lua:1) and by B (b.lua:1)");
}

static void the_layer_above_settles_a_conflict_and_keeps_it_settled(void **state)
{
    (void)state;
    molt_trait *a = new_trait("A", NO_LINES), *b = new_trait("B", NO_LINES);
    molt_fill describe = by_lua("describe", 1);
    must(molt_trait_fill(a, &describe));
    must(molt_trait_fill(b, &describe));
    molt_class *both = new_class("Both", NULL, TRAITS(a, b));
    int64_t settled = molt_class_fill(both, &describe);
    must(settled);
    new_object(both);
    refused(molt_class_unfill(both, settled), MOLT_ERR_CONFLICT, "'describe' is defined by A");
}

static void fields_of_one_name_conflict(void **state)
{
    (void)state;
    molt_trait *tank = new_trait("Tank", LINES("double fuel"));
    molt_class *odd = new_class("Odd", NULL, TRAITS(vehicle(), tank));
    must(molt_class_use(odd, NULL, vehicle_impl("Plain", range_plain, wheels_two)));
    assert_null(molt_object_new(with.world, odd));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_CONFLICT);
    assert_said("'fuel' is a field of Tank (test.lua:1) and a field of Vehicle");
}

static void a_field_and_a_method_of_one_name_conflict(void **state)
{
    (void)state;
    molt_trait *gauge = new_trait("Gauge", LINES("double range"));
    assert_null(molt_object_new(with.world, new_class("Odd", NULL, TRAITS(vehicle(), gauge))));
    assert_said("'range' is a field of Gauge (test.lua:1) and a method of Vehicle");
}

static void a_fill_by_the_name_of_a_field_is_refused_before_and_after_the_first_object(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fuel = by_lua("fuel", 1);
    int64_t number = molt_class_fill(car, &fuel);
    must(number);
    assert_null(molt_object_new(with.world, car));
    assert_said("'fuel' is a field of Vehicle");
    must(molt_class_unfill(car, number));
    new_object(car);
    refused(molt_class_fill(car, &fuel), MOLT_ERR_CONFLICT, "'fuel' is a field of Vehicle");
}

static void a_native_winner_of_another_signature_conflicts(void **state)
{
    (void)state;
    molt_trait *ship = new_trait("Ship", LINES("float range(float knots)"));
    molt_class *odd = new_class("Odd", NULL, TRAITS(vehicle(), ship));
    must(molt_class_use(odd, NULL, vehicle_impl("Plain", range_plain, wheels_two)));
    assert_null(molt_object_new(with.world, odd));
    assert_int_equal(molt_last_code(with.world), MOLT_ERR_CONFLICT);
    assert_said("Ship.range is 'float range(float)'");
    assert_said("'double range(double)'");
}

/* ---- Fills ---- */

static void the_latest_fill_wins_and_dropping_it_shows_the_earlier(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    molt_impl *doubled = vehicle_impl("Double", range_double, NULL);
    must(molt_class_use(car, NULL, doubled));
    assert_true(range_of(object) == 20);
    molt_fill lua = by_lua("range", 7);
    int64_t number = molt_class_fill(car, &lua);
    must(number);
    assert_true(range_of(object) == 7);
    must(molt_class_drop(car, NULL, doubled));
    assert_true(range_of(object) == 7);
    must(molt_class_unfill(car, number));
    assert_true(range_of(object) == 10);
}

static void fills_can_go_in_any_order(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    int64_t numbers[3];
    for (int i = 0; i < 3; i++) {
        molt_fill fill = by_lua("range", i + 1);
        must(numbers[i] = molt_class_fill(car, &fill));
    }
    must(molt_class_unfill(car, numbers[1]));
    assert_true(range_of(object) == 3);
    must(molt_class_unfill(car, numbers[2]));
    assert_true(range_of(object) == 1);
    must(molt_class_unfill(car, numbers[0]));
    assert_true(range_of(object) == 10);
    assert_int_equal(with.forgotten, 3);
}

static void a_fill_is_removed_once(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fill = by_lua("range", 1);
    int64_t number = molt_class_fill(car, &fill);
    must(molt_class_unfill(car, number));
    refused(molt_class_unfill(car, number), MOLT_ERR_UNKNOWN, "no such fill");
    assert_int_equal(with.forgotten, 1);
}

static void a_refused_fill_leaves_the_reference_with_the_caller(void **state)
{
    (void)state;
    molt_class *car = car_class();
    new_object(car);
    molt_fill fuel = by_lua("fuel", 1);
    assert_int_equal(molt_class_fill(car, &fuel), MOLT_ERR_CONFLICT);
    assert_int_equal(with.forgotten, 0);
}

static void a_native_fill_of_a_name_needs_its_trait(void **state)
{
    (void)state;
    molt_fill fill = by_c("range", (molt_function)range_plain);
    refused((int)molt_class_fill(car_class(), &fill), MOLT_ERR_ARGUMENT, "needs the trait");
}

static void an_implementation_that_is_not_used_cannot_be_dropped(void **state)
{
    (void)state;
    molt_class *car = car_class();
    refused(molt_class_drop(car, NULL, vehicle_impl("Other", NULL, NULL)), MOLT_ERR_UNKNOWN, "does not use");
}

static void an_implementation_used_twice_is_dropped_twice(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    molt_impl *doubled = vehicle_impl("Double", range_double, NULL);
    must(molt_class_use(car, NULL, doubled));
    must(molt_class_use(car, NULL, doubled));
    must(molt_class_drop(car, NULL, doubled));
    assert_true(range_of(object) == 20);
    must(molt_class_drop(car, NULL, doubled));
    assert_true(range_of(object) == 10);
}

static void filling_an_implementation_reaches_the_classes_that_use_it(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *object = new_object(car);
    molt_impl *open = vehicle_impl("Open", NULL, NULL);
    must(molt_class_use(car, NULL, open));
    assert_true(range_of(object) == 10);
    molt_fill native = by_c("range", (molt_function)range_double), lua = by_lua("range", 5);
    must(molt_impl_fill(open, &native));
    assert_true(range_of(object) == 20);
    must(molt_impl_fill(open, &lua));
    assert_true(range_of(object) == 5);
}

/* ---- Base classes ---- */

static void an_extension_answers_as_its_base_until_it_is_filled(void **state)
{
    (void)state;
    molt_class *car = car_class(), *taxi = new_class("Taxi", car, NO_TRAITS);
    molt_object *object = new_object(taxi);
    assert_true(range_of(object) == 10);
    must(molt_class_use(taxi, NULL, vehicle_impl("Double", range_double, NULL)));
    assert_true(range_of(object) == 20);
    assert_true(range_of(new_object(car)) == 10);
}

static void a_fill_of_the_base_reaches_extensions_that_do_not_hide_it(void **state)
{
    (void)state;
    molt_class *car = car_class(), *taxi = new_class("Taxi", car, NO_TRAITS), *cab = new_class("Cab", taxi, NO_TRAITS);
    molt_object *plain = new_object(cab), *own = new_object(new_class("Own", car, NO_TRAITS));
    molt_fill five = by_lua("range", 5), six = by_lua("range", 6);
    must(molt_class_fill(molt_object_class(own), &six));
    int64_t number = molt_class_fill(car, &five);
    must(number);
    assert_true(range_of(plain) == 5);
    assert_true(range_of(own) == 6);
    must(molt_class_unfill(car, number));
    assert_true(range_of(plain) == 10);
}

static void the_bases_blocks_come_first(void **state)
{
    (void)state;
    molt_class *car = car_class(), *racer = new_class("Racer", car, TRAITS(engine()));
    must(molt_class_use(racer, NULL, engine_impl("Ten", thrust_ten)));
    molt_object *object = new_object(racer);
    assert_true((char *)molt_as(object, Vehicle) == (char *)object + sizeof(molt_object));
    assert_true((char *)molt_as(object, Engine) == (char *)molt_as(object, Vehicle) + sizeof(Vehicle));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_class_is_found_by_its_name),
        TEST(a_near_name_is_suggested),
        TEST(an_equal_declaration_is_the_same_class),
        TEST(an_unequal_declaration_is_refused_naming_both_places),
        TEST(a_trait_named_twice_is_one_trait_each_time),
        TEST(a_trait_of_the_base_is_not_the_classes_own),
        TEST(lines_need_their_size_and_a_name),
        TEST(a_class_without_traits_has_objects),
        TEST(a_new_object_without_a_class_is_refused),
        TEST(an_incomplete_class_lists_every_missing_method),
        TEST(a_class_may_stay_open_until_its_first_object),
        TEST(once_instantiated_a_class_stays_complete),
        TEST(requirements_and_exclusions_are_all_listed),
        TEST(a_base_class_meets_a_requirement),
        TEST(two_definitions_in_one_layer_conflict_and_both_are_named),
        TEST(the_layer_above_settles_a_conflict_and_keeps_it_settled),
        TEST(fields_of_one_name_conflict),
        TEST(a_field_and_a_method_of_one_name_conflict),
        TEST(a_fill_by_the_name_of_a_field_is_refused_before_and_after_the_first_object),
        TEST(a_native_winner_of_another_signature_conflicts),
        JOINED_TEST(the_latest_fill_wins_and_dropping_it_shows_the_earlier),
        JOINED_TEST(fills_can_go_in_any_order),
        JOINED_TEST(a_fill_is_removed_once),
        JOINED_TEST(a_refused_fill_leaves_the_reference_with_the_caller),
        TEST(a_native_fill_of_a_name_needs_its_trait),
        TEST(an_implementation_that_is_not_used_cannot_be_dropped),
        TEST(an_implementation_used_twice_is_dropped_twice),
        JOINED_TEST(filling_an_implementation_reaches_the_classes_that_use_it),
        TEST(an_extension_answers_as_its_base_until_it_is_filled),
        JOINED_TEST(a_fill_of_the_base_reaches_extensions_that_do_not_hide_it),
        TEST(the_bases_blocks_come_first),
    };
    return cmocka_run_group_tests_name("class", tests, NULL, NULL);
}
