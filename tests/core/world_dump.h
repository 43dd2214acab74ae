/* world_dump.h: for tests: all that the public API tells of a world, as a text. */
#ifndef MOLT_TEST_WORLD_DUMP_H
#define MOLT_TEST_WORLD_DUMP_H

#include "world_fixture.h"

typedef struct dump {
    char text[1 << 16];
    size_t length;
} dump;

/* The names that tests use; what the world does not know is left out. */
static const char *const dump_traits[] = { "Vehicle", "Engine", "Tag", "Other", "Boat", "Cargo" };
static const char *const dump_classes[] = { "Car", "Taxi", "Racer", "Bare", "New" };
static const char *const dump_fields[] = { "fuel", "gears", "power", "mark", "draught", "mast", "c0" };
static const char *const dump_methods[] = { "range", "wheels", "thrust", "sail" };

static inline void MOLT_PRINTF(2, 3) dump_add(dump *d, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    d->length += (size_t)vsnprintf(d->text + d->length, sizeof d->text - d->length, format, arguments);
    va_end(arguments);
    assert_true(d->length < sizeof d->text);
}

static inline bool dump_object(molt_object *object, void *user)
{
    dump *d = user;
    molt_ref ref = molt_object_ref(object);
    dump_add(d, "%s#%u.%u {", molt_class_name(molt_object_class(object)), (unsigned)ref.index1, (unsigned)ref.generation);
    for (size_t i = 0; i < COUNT_OF(dump_traits); i++) {
        const molt_trait *trait = molt_trait_find(with.world, dump_traits[i]);
        if (trait && molt_object_is(object, trait)) dump_add(d, " %s", dump_traits[i]);
    }
    dump_add(d, " }");
    for (size_t i = 0; i < COUNT_OF(dump_fields); i++) {
        molt_value value;
        if (molt_object_get(object, dump_fields[i], &value) == MOLT_OK) {
            dump_add(d, " %s=%g", dump_fields[i], field_of(object, dump_fields[i]));
        }
    }
    for (size_t i = 0; i < COUNT_OF(dump_methods); i++) {
        molt_value load = number(1), result;
        int err = molt_object_call(object, dump_methods[i], &load, strcmp(dump_methods[i], "wheels") != 0, &result);
        if (err == MOLT_OK) dump_add(d, " %s=%g", dump_methods[i], result.kind == MOLT_DOUBLE ? result.as.f64 : result.as.i32);
        else if (err != MOLT_ERR_UNKNOWN) dump_add(d, " %s!%s", dump_methods[i], molt_err_name(err));
        molt_error_take(with.world, NULL);
    }
    dump_add(d, "\n");
    return true;
}

/* Finding must not itself change what an allocator does or what failed last. */
static inline void dump_world(dump *d)
{
    long left = with.allocations_left;
    molt__error error = with.world->error;
    with.allocations_left = -1;
    d->length = 0;
    for (size_t i = 0; i < COUNT_OF(dump_traits); i++) {
        if (molt_trait_find(with.world, dump_traits[i])) dump_add(d, "trait %s\n", dump_traits[i]);
    }
    for (size_t i = 0; i < COUNT_OF(dump_classes); i++) {
        if (molt_class_find(with.world, dump_classes[i])) dump_add(d, "class %s\n", dump_classes[i]);
    }
    dump_add(d, "%zu alive\n", molt_world_live(with.world));
    molt_object_each(with.world, NULL, NULL, dump_object, d);
    with.world->error = error;
    with.allocations_left = left;
}

#endif
