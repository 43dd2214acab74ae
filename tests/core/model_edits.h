/*
 * model_edits.h: for the model test: the verbs of traits, implementations and classes,
 * done to the world and to the model.
 */
#ifndef MOLT_TEST_MODEL_EDITS_H
#define MOLT_TEST_MODEL_EDITS_H

#include "model_redefine.h"

#include "recompose.h"

static void fill(void)
{
    int c = some_class(), n = some_name();
    class_m *cls = &the.now.classes[c];
    if (cls->fill_count == FILLS_M) return;
    tell(" Class%d.%s", c, name_texts[n]);
    definition_m definition = { LUA, NO_ONE, lua_number() };
    cls->fills[cls->fill_count++] = (fill_m){ .impl = NO_ONE, .name = n, .definition = definition };
    molt_fill by = by_lua(name_texts[n], definition.number);
    int64_t number = molt_class_fill(the.classes[c], &by);
    if (settle(number, lawful_or_conflict())) cls->fills[cls->fill_count - 1].number = number;
}

static void take_fill(class_m *cls, size_t at)
{
    memmove(&cls->fills[at], &cls->fills[at + 1], (--cls->fill_count - at) * sizeof *cls->fills);
}

static void unfill(void)
{
    int c = some_class();
    class_m *cls = &the.now.classes[c];
    if (!cls->fill_count) return;
    size_t at = (size_t)pick(cls->fill_count);
    tell(" Class%d, fill %zu", c, at);
    fill_m gone = cls->fills[at];
    if (gone.impl != NO_ONE) return;
    take_fill(cls, at);
    settle(molt_class_unfill(the.classes[c], gone.number), lawful_or_conflict());
}

/* What speaks against a change of a class: of its composition, or of its objects' values. */
static unsigned against_class(void)
{
    return model_follow_all(&the.now, &the.before, false) | unlawful();
}

static void use_impl(void)
{
    int c = some_class(), i = some_impl();
    class_m *cls = &the.now.classes[c];
    if (cls->fill_count == FILLS_M) return;
    tell(" Class%d, impl %d of %s", c, i, the.now.traits[the.now.impls[i].trait].name);
    cls->fills[cls->fill_count++] = (fill_m){ .impl = i, .name = NO_ONE };
    if (!model_class_has(&the.now, c, the.now.impls[i].trait)) cls->traits[the.now.impls[i].trait] = true;
    unsigned against = against_class();
    settle_among(molt_class_use(the.classes[c], NULL, the.impls[i]), against);
}

static void drop_impl(void)
{
    int c = some_class(), i = some_impl();
    class_m *cls = &the.now.classes[c];
    tell(" Class%d, impl %d", c, i);
    size_t at = cls->fill_count;
    while (at > 0 && cls->fills[at - 1].impl != i) at--;
    if (at) take_fill(cls, at - 1);
    settle(molt_class_drop(the.classes[c], NULL, the.impls[i]), at ? lawful_or_conflict() : MOLT_ERR_UNKNOWN);
}

static void use_trait(void)
{
    int c = some_class(), t = pick(TRAITS_M);
    bool has = model_class_has(&the.now, c, t);
    tell(" Class%d, %s", c, the.now.traits[t].name);
    if (!has) the.now.classes[c].traits[t] = true;
    unsigned against = has ? reason(MOLT_ERR_STATE) : against_class();
    settle_among(molt_class_use(the.classes[c], held_trait(t), NULL), against);
}

/* The implementations of a trait go with it. */
static void forget_idle(void)
{
    for (int c = 0; c < CLASSES_M; c++) {
        class_m *cls = &the.now.classes[c];
        for (size_t f = cls->fill_count; f-- > 0;) {
            int impl = cls->fills[f].impl;
            if (impl != NO_ONE && !model_class_has(&the.now, c, the.now.impls[impl].trait)) take_fill(cls, f);
        }
    }
}

/* Declares a class again: other traits of its own, the same base and fills. */
static void redeclare(void)
{
    int c = some_class();
    class_m *cls = &the.now.classes[c];
    molt_trait *traits[TRAITS_M];
    size_t count = 0;
    tell(" Class%d:", c);
    for (int t = 0; t < TRAITS_M; t++) {
        cls->traits[t] = pick(2);
        if (cls->traits[t]) tell(" %s", the.now.traits[t].name);
        if (cls->traits[t]) traits[count++] = the.traits[t];
        if (cls->base != NO_ONE && model_class_has(&the.now, cls->base, t)) cls->traits[t] = false;
    }
    forget_idle();
    unsigned against = against_class();
    molt__recomposition to = { .base = the.classes[c]->base, .traits = traits, .trait_count = count, .declared = count,
                               .where = "again" };
    settle_among(molt__class_recompose(the.classes[c], &to), against);
}

static void drop_trait(void)
{
    int c = some_class(), t = pick(TRAITS_M);
    bool has = the.now.classes[c].traits[t];
    tell(" Class%d, %s", c, the.now.traits[t].name);
    the.now.classes[c].traits[t] = false;
    forget_idle();
    settle(molt_class_drop(the.classes[c], held_trait(t), NULL), has ? lawful_or_conflict() : MOLT_ERR_UNKNOWN);
}

/* A definition that a trait or an implementation of it may get, and its fill. */
static definition_m some_definition(int trait, int name, molt_fill *by)
{
    int number = 1 + pick(3);
    molt_function function = native_function(trait, name, number);
    if (function && pick(2)) {
        *by = by_c(name_texts[name], function);
        return (definition_m){ NATIVE, trait, number };
    }
    definition_m definition = { LUA, NO_ONE, lua_number() };
    *by = by_lua(name_texts[name], definition.number);
    return definition;
}

static void fill_impl(void)
{
    int i = some_impl(), n = some_name();
    impl_m *impl = &the.now.impls[i];
    tell(" impl %d.%s", i, name_texts[n]);
    molt_fill by;
    definition_m definition = some_definition(impl->trait, n, &by);
    *(definition.kind == NATIVE ? &impl->native[n] : &impl->lua[n]) = definition;
    settle(molt_impl_fill(the.impls[i], &by), lawful_or_conflict());
}

static void fill_trait(void)
{
    int t = pick(TRAITS_M), n = some_name();
    tell(" %s.%s", the.now.traits[t].name, name_texts[n]);
    molt_fill by;
    the.now.traits[t].own[n] = some_definition(t, n, &by);
    settle(molt_trait_fill(held_trait(t), &by), lawful_or_conflict());
}

static void set_impl(void)
{
    int i = some_impl(), f = pick(FIELDS_M);
    impl_m *impl = &the.now.impls[i];
    for (int tries = 0; tries < 32 && !the.now.traits[impl->trait].fields[f].kind; tries++) f = pick(FIELDS_M);
    tell(" impl %d.%s", i, field_texts[f]);
    int kind = the.now.traits[impl->trait].fields[f].kind, expected;
    molt_value value = some_value_for(is_typed(kind) ? kind : DOUBLE_K, &expected, &impl->values[f]);
    impl->sets[f] = true;
    settle(molt_impl_set(the.impls[i], field_texts[f], value), is_typed(kind) ? expected : MOLT_ERR_UNKNOWN);
}

#endif
