/* fill.c: fills of a class: the latest wins, and taking one out shows what it hid. */
#include "class.h"

#include "edit.h"
#include "error.h"
#include "impl.h"
#include "memory.h"
#include "shape.h"
#include "world_state.h"

#include <string.h>

/* Every name that a fill touches. */
typedef struct fill_names {
    const char *name;                /* of a single definition */
    const molt_impl *impl;
    size_t at;
} fill_names;

static const char *next_name(fill_names *names)
{
    if (!names->impl) {
        const char *name = names->at++ ? NULL : names->name;
        return name;
    }
    size_t i = names->at++;
    if (i < names->impl->lua.count) return names->impl->lua.item[i]->name;
    i -= names->impl->lua.count;
    return i < names->impl->native.count ? names->impl->native.item[i]->name : NULL;
}

static fill_names names_of(const molt__class_fill *fill)
{
    return (fill_names){ .name = fill->definition ? fill->definition->name : NULL, .impl = fill->impl };
}

/* An implementation's names are its trait's. */
static molt__scope scope_of(const molt_class *cls, const molt__class_fill *fill)
{
    return (molt__scope){ .cls = cls, .trait = fill->impl ? molt_impl_trait(fill->impl) : NULL };
}

int molt__class_fill_ready(molt_class *cls, const molt__class_fill *fill)
{
    molt_world *world = cls->world;
    size_t names = 0;
    fill_names walk = names_of(fill);
    for (const char *name; (name = next_name(&walk)); names++) {
        int err = molt__edit_ready(world, scope_of(cls, fill), name);
        if (err) return err;
    }
    return molt__reserve(world, (void **)&world->changes, &world->change_capacity,
                         world->change_count + names * molt__edit_most(world), sizeof *world->changes);
}

static void commit(molt_class *cls, const molt__class_fill *fill)
{
    fill_names walk = names_of(fill);
    for (const char *name; (name = next_name(&walk));) {
        molt__edit_commit(cls->world, scope_of(cls, fill), name);
    }
    if (fill->impl) molt__shapes_reimage(cls->world, molt_impl_trait(fill->impl));
    molt__edit_publish(cls->world);
}

int64_t molt__class_push_fill(molt_class *cls, molt__class_fill fill)
{
    molt_world *world = cls->world;
    int err = molt__reserve(world, (void **)&cls->fills, &cls->fill_capacity, cls->fill_count + 1, sizeof *cls->fills);
    if (err) return err;
    fill.number = ++world->fill_number;
    cls->fills[cls->fill_count++] = fill;
    err = molt__class_fill_ready(cls, &fill);
    if (err) {
        cls->fill_count--;
        return err;
    }
    commit(cls, &fill);
    return fill.number;
}

void molt__class_take_out(molt_class *cls, size_t at)
{
    memmove(&cls->fills[at], &cls->fills[at + 1], (cls->fill_count - at - 1) * sizeof *cls->fills);
    cls->fill_count--;
}

void molt__class_put_back(molt_class *cls, size_t at, molt__class_fill fill)
{
    memmove(&cls->fills[at + 1], &cls->fills[at], (cls->fill_count - at) * sizeof *cls->fills);
    cls->fills[at] = fill;
    cls->fill_count++;
}

int molt__class_remove_fill(molt_class *cls, size_t at)
{
    molt__class_fill fill = cls->fills[at];
    molt__class_take_out(cls, at);
    int err = molt__class_fill_ready(cls, &fill);
    if (err) {
        molt__class_put_back(cls, at, fill);
        return err;
    }
    commit(cls, &fill);
    molt__definition_free(cls->world, fill.definition);
    return MOLT_OK;
}

int64_t molt_class_fill(molt_class *cls, const molt_fill *fill)
{
    int barred = molt__threads_check(cls->world, __func__);
    if (barred) return barred;
    molt_definition *definition = molt__definition_new(cls->world, NULL, fill);
    if (!definition) return molt_last_code(cls->world);
    int64_t number = molt__class_push_fill(cls, (molt__class_fill){ .definition = definition });
    if (number < 0) {
        definition->foreign = 0;         /* on failure the reference stays the caller's */
        molt__definition_free(cls->world, definition);
    }
    return number;
}

int molt_class_unfill(molt_class *cls, int64_t number)
{
    int barred = molt__threads_check(cls->world, __func__);
    if (barred) return barred;
    for (size_t i = 0; i < cls->fill_count; i++) {
        if (cls->fills[i].number == number) return molt__class_remove_fill(cls, i);
    }
    return molt__fail(cls->world, MOLT_ERR_UNKNOWN, "class '%s' has no such fill; it was removed already", cls->name);
}
