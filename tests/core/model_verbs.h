/*
 * model_verbs.h: for the model test: the verbs of objects, done to the world and to the model.
 */
#ifndef MOLT_TEST_MODEL_VERBS_H
#define MOLT_TEST_MODEL_VERBS_H

#include "model_redefine.h"

#include "recompose.h"
#include "registry.h"

static void create(void)
{
    int c = some_class();
    for (int tries = 0; tries < 3 && !model_lawful(&the.now, &(object_m){ .cls = c }); tries++) c = some_class();
    if (the.now.object_count == OBJECTS_M) return;
    tell(" of Class%d: object %zu", c, the.now.object_count);
    object_m *object = &the.now.objects[the.now.object_count];
    *object = (object_m){ .cls = c };
    for (int t = 0; t < TRAITS_M; t++) object->attached[t].impl = NO_ONE;
    model_follow(&the.now, object, &the.before, NULL, false);
    int expected = model_lawful(&the.now, object) ? MOLT_OK : MOLT_ERR_CONFLICT;
    size_t at = the.now.object_count++;
    the.now.classes[c].instantiated = true;
    molt_object *made = molt_object_new(with.world, the.classes[c]);
    if (!settle(made ? MOLT_OK : molt_last_code(with.world), expected)) {
        /* Out of memory for the object, but not for all that comes before it. */
        if (with.refused) the.now.classes[c].instantiated = the.classes[c]->shape != NULL;
        return;
    }
    the.objects[at] = made;
    the.refs[at] = molt_object_ref(made);
}

static void forget_object(size_t at)
{
    the.dead[the.dead_count++ % DEAD_M] = the.refs[at];
    size_t behind = the.now.object_count-- - at - 1;
    memmove(&the.now.objects[at], &the.now.objects[at + 1], behind * sizeof *the.now.objects);
    memmove(&the.objects[at], &the.objects[at + 1], behind * sizeof *the.objects);
    memmove(&the.refs[at], &the.refs[at + 1], behind * sizeof *the.refs);
}

static void destroy(void)
{
    int o = some_object();
    if (o == NO_ONE) return;
    molt_object *object = the.objects[o];
    tell(" object %d", o);
    for (int t = 0; t < TRAITS_M; t++) {
        if (t < TAG_T && molt_object_as(object, the.traits[t])) the.stale_handle = molt_object_as(object, the.traits[t]);
    }
    with.allocations_left = with.allocations_left < 0 ? -1 : 0;      /* needs no memory at all */
    int err = molt_object_destroy(object);
    hold(err == MOLT_OK && !with.refused);
    with.allocations_left = -1;
    forget_object((size_t)o);
    hold(molt_object_destroy(object) == MOLT_ERR_DESTROYED);
}

static void attach(void)
{
    int o = some_object(), t = pick(TRAITS_M), impl = NO_ONE;
    if (o == NO_ONE) return;
    if (pick(2)) t = the.now.impls[impl = some_impl()].trait;
    tell(" object %d, %s, impl %d", o, the.now.traits[t].name, impl);
    object_m *object = &the.now.objects[o];
    int expected = MOLT_OK;
    if (object->attached[t].is || (impl == NO_ONE && model_class_has(&the.now, object->cls, t))) expected = MOLT_ERR_STATE;
    object->attached[t] = (attached_m){ true, impl };
    model_follow(&the.now, object, &the.before, &the.before.objects[o], false);
    if (!expected && !model_lawful(&the.now, object)) expected = MOLT_ERR_CONFLICT;
    settle(molt_object_attach(the.objects[o], held_trait(t), impl == NO_ONE ? NULL : the.impls[impl]), expected);
}

/* Does another of its traits name this one among those it requires? */
static bool is_required(const object_m *object, int t)
{
    bool required = false;
    for (int other = 0; other < TRAITS_M; other++) {
        required |= model_has(&the.now, object, other) && the.now.traits[other].required == t;
    }
    return required;
}

static void detach(void)
{
    int o = some_object(), t = pick(TRAITS_M);
    if (o == NO_ONE) return;
    for (int tries = 0; tries < 8 && !the.now.objects[o].attached[t].is; tries++) t = pick(TRAITS_M);
    tell(" object %d, %s", o, the.now.traits[t].name);
    object_m *object = &the.now.objects[o];
    int expected = MOLT_OK;
    if (!object->attached[t].is) expected = model_class_has(&the.now, object->cls, t) ? MOLT_ERR_IN_USE : MOLT_ERR_UNKNOWN;
    object->attached[t] = (attached_m){ false, NO_ONE };
    if (!expected && !model_has(&the.now, object, t) && is_required(object, t)) expected = MOLT_ERR_IN_USE;
    if (!expected && !model_lawful(&the.now, object)) expected = MOLT_ERR_CONFLICT;
    settle(molt_object_detach(the.objects[o], held_trait(t)), expected);
}

static void become(void)
{
    int o = some_object(), c = some_class();
    if (o == NO_ONE) return;
    tell(" object %d, Class%d", o, c);
    object_m *object = &the.now.objects[o];
    object->cls = c;
    the.now.classes[c].instantiated = true;
    unsigned against = model_follow(&the.now, object, &the.before, &the.before.objects[o], false);
    bool lawful = model_lawful(&the.now, object) && model_lawful(&the.now, &(object_m){ .cls = c });
    if (!lawful) against |= UNLAWFUL;
    if (!settle_among(molt__object_become(the.objects[o], the.classes[c], false, false), against)) {
        the.now.classes[c].instantiated = the.classes[c]->shape != NULL;
    }
}

static void set_field(void)
{
    int o = some_object(), f = pick(FIELDS_M);
    if (o == NO_ONE) return;
    object_m *object = &the.now.objects[o];
    for (int tries = 0; tries < 32 && model_field_of(&the.now, object, f) == NO_ONE; tries++) f = pick(FIELDS_M);
    tell(" object %d.%s", o, field_texts[f]);
    int t = model_field_of(&the.now, object, f), expected;
    molt_value value = some_value_for(t == NO_ONE ? DOUBLE_K : the.now.traits[t].fields[f].kind, &expected, &object->fields[f]);
    settle(molt_object_set(the.objects[o], field_texts[f], value), t == NO_ONE ? MOLT_ERR_UNKNOWN : expected);
}

static void override(void)
{
    int o = some_object(), n = some_name();
    if (o == NO_ONE || the.now.objects[o].patches[n] || with.patch_count == COUNT_OF(with.patches)) return;
    tell(" object %d.%s", o, name_texts[n]);
    the.now.objects[o].patches[n] = lua_number();
    settle(patch(the.objects[o], name_texts[n], the.now.objects[o].patches[n]), MOLT_OK);
}

static void restore(void)
{
    int o = some_object(), n = some_name();
    if (o == NO_ONE) return;
    for (int tries = 0; tries < 8 && !the.now.objects[o].patches[n]; tries++) n = some_name();
    tell(" object %d.%s", o, name_texts[n]);
    the.now.objects[o].patches[n] = 0;
    with.allocations_left = -1;
    unpatch(the.objects[o], name_texts[n]);
}

static void retain(void)
{
    int o = some_object();
    if (o == NO_ONE) return;
    tell(" object %d", o);
    the.now.objects[o].retains++;
    settle(molt_object_retain(the.objects[o]), MOLT_OK);
}

static void release(void)
{
    int o = some_object();
    if (o == NO_ONE) return;
    tell(" object %d", o);
    int expected = the.now.objects[o].retains-- > 0 ? MOLT_OK : MOLT_ERR_STATE;
    settle(molt_object_release(the.objects[o]), expected);
}

static void tick(void)
{
    hold(molt_world_tick(with.world) == MOLT_OK);
    molt__registry_compact(with.world);          /* as a sweep of the binding's does */
    the.stale_handle = NULL;
    the.former.handle = NULL;
}

/* The sanitizer and the dangling definitions it would see are what is tested. */
static void call_stale(void)
{
    with.allocations_left = -1;
    if (!the.stale_handle) return;
    const molt_block *block = the.stale_handle;
    if (molt__vtable_head(block->vtable)->trait == the.traits[ENGINE_T]) molt_call((Engine *)the.stale_handle, thrust, 1);
    else molt_call((Pilot *)the.stale_handle, range, 1);             /* slot 0 of Vehicle too */
    molt_error_take(with.world, NULL);
}

#endif
