/*
 * model.h: for tests: what Molt's objects should do, in as few words as possible.
 *
 * A world of six traits, four names of methods, a few classes, implementations
 * and objects. Nothing is cached, nothing is fast: every question is answered by
 * going through the layers from the top.
 */
#ifndef MOLT_TEST_MODEL_H
#define MOLT_TEST_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "model_field.h"

enum { VEHICLE_T, ENGINE_T, PILOT_T, TAG_T, SAIL_T, STORY_T, TRAITS_M };
enum { RANGE_N, WHEELS_N, THRUST_N, DESCRIBE_N, NAMES_M };
enum { NO_ONE = -1, CLASSES_M = 6, IMPLS_M = 11, OBJECTS_M = 60, FILLS_M = 24 };

/* One definition: a native function of a trait, or a Lua function. */
typedef struct definition_m {
    enum { NO_DEFINITION, NATIVE, LUA } kind;
    int trait;                       /* native: whose handle it takes */
    int number;                      /* native: which function; Lua: what it returns */
} definition_m;

typedef struct field_m {
    int kind;                        /* NO_KIND: it is not there */
    double first;                    /* its default */
    bool required;                   /* live objects that come by it need a value */
} field_m;

typedef struct trait_m {
    const char *name;
    field_m fields[FIELDS_M];
    bool typed[NAMES_M];             /* names that it declares as typed methods */
    int required, excluded;          /* traits, or NO_ONE */
    definition_m own[NAMES_M];
} trait_m;

typedef struct impl_m {
    int trait;
    definition_m native[NAMES_M], lua[NAMES_M];
    bool sets[FIELDS_M];
    double values[FIELDS_M];
} impl_m;

typedef struct fill_m {              /* an implementation, or one name */
    long long number;
    int impl;
    int name;
    definition_m definition;
} fill_m;

typedef struct class_m {
    int base;
    bool traits[TRAITS_M];           /* its own */
    fill_m fills[FILLS_M];
    size_t fill_count;
    bool instantiated;
} class_m;

/* Attached traits, each by an implementation or by itself. */
typedef struct attached_m {
    bool is;
    int impl;
} attached_m;

typedef struct object_m {
    int cls;
    attached_m attached[TRAITS_M];
    double fields[FIELDS_M];
    int patches[NAMES_M];            /* what the object's own function returns; 0: none */
    int retains;
} object_m;

typedef struct model {
    trait_m traits[TRAITS_M];
    class_m classes[CLASSES_M];
    impl_m impls[IMPLS_M];
    object_m objects[OBJECTS_M];     /* the living, in order of creation */
    size_t class_count, impl_count, object_count;
} model;

static const trait_m traits_at_first[TRAITS_M] = {
    [VEHICLE_T] = { .name = "Vehicle", .fields = { [FUEL_F] = { .kind = DOUBLE_K, .first = 10 }, [GEARS_F] = { .kind = INT32_K, .first = 5 } },
                    .typed = { [RANGE_N] = true, [WHEELS_N] = true }, .required = NO_ONE, .excluded = NO_ONE },
    [ENGINE_T] = { .name = "Engine", .fields = { [POWER_F] = { .kind = DOUBLE_K, .first = 90 } },
                   .typed = { [THRUST_N] = true }, .required = NO_ONE, .excluded = NO_ONE },
    [PILOT_T] = { .name = "Pilot", .fields = { [SKILL_F] = { .kind = DOUBLE_K, .first = 7 } },
                  .typed = { [RANGE_N] = true }, .required = TAG_T, .excluded = NO_ONE },
    [TAG_T] = { .name = "Tag", .fields = { [MARK_F] = { .kind = INT32_K, .first = 3 } }, .required = NO_ONE, .excluded = NO_ONE },
    [SAIL_T] = { .name = "Sail", .fields = { [DRAUGHT_F] = { .kind = FLOAT_K, .first = 2 }, [CAPTAIN_F] = { .kind = ANY_K } },
                 .required = NO_ONE, .excluded = ENGINE_T },
    [STORY_T] = { .name = "Story", .required = NO_ONE, .excluded = NO_ONE },
};

static const char *const name_texts[NAMES_M] = { "range", "wheels", "thrust", "describe" };

/* ---- Which traits ---- */

static inline bool model_class_has(const model *m, int cls, int trait)
{
    for (; cls != NO_ONE; cls = m->classes[cls].base) {
        if (m->classes[cls].traits[trait]) return true;
    }
    return false;
}

static inline bool model_has(const model *m, const object_m *object, int trait)
{
    return object->attached[trait].is || model_class_has(m, object->cls, trait);
}

static inline bool model_extends(const model *m, int cls, int base)
{
    while (cls != NO_ONE && cls != base) cls = m->classes[cls].base;
    return cls == base;
}

/* ---- Which definition ---- */

typedef struct answer {
    definition_m definition;
    bool conflict;
} answer;

static inline definition_m model_of_impl(const model *m, int impl, int name)
{
    if (impl == NO_ONE) return (definition_m){ 0 };
    const impl_m *i = &m->impls[impl];
    return i->lua[name].kind ? i->lua[name] : i->native[name];
}

/* Adds one trait's definition to those of its layer. */
static inline void model_claim(answer *a, definition_m definition)
{
    if (!definition.kind) return;
    if (a->definition.kind) a->conflict = true;
    else a->definition = definition;
}

static inline answer model_resolve(const model *m, const object_m *object, int name)
{
    answer a = { 0 };
    for (int t = 0; t < TRAITS_M; t++) {
        if (!object->attached[t].is) continue;
        definition_m definition = model_of_impl(m, object->attached[t].impl, name);
        if (!definition.kind && !model_class_has(m, object->cls, t)) definition = m->traits[t].own[name];
        model_claim(&a, definition);
    }
    for (int c = object->cls; c != NO_ONE && !a.definition.kind; c = m->classes[c].base) {
        const class_m *cls = &m->classes[c];
        for (size_t f = cls->fill_count; f-- > 0 && !a.definition.kind;) {
            const fill_m *fill = &cls->fills[f];
            if (fill->impl == NO_ONE && fill->name == name) a.definition = fill->definition;
            if (fill->impl != NO_ONE) a.definition = model_of_impl(m, fill->impl, name);
        }
        if (a.definition.kind) break;
        for (int t = 0; t < TRAITS_M; t++) {
            if (cls->traits[t]) model_claim(&a, m->traits[t].own[name]);
        }
    }
    return a;
}

/* ---- What is lawful ---- */

/* Two traits of an object do not have fields of one name. */
static inline bool model_fields_clash(const model *m, const object_m *object)
{
    for (int f = 0; f < FIELDS_M; f++) {
        int count = 0;
        for (int t = 0; t < TRAITS_M; t++) count += model_has(m, object, t) && m->traits[t].fields[f].kind != NO_KIND;
        if (count > 1) return true;
    }
    return false;
}

static inline bool model_lawful(const model *m, const object_m *object)
{
    if (model_fields_clash(m, object)) return false;
    for (int t = 0; t < TRAITS_M; t++) {
        if (!model_has(m, object, t)) continue;
        const trait_m *trait = &m->traits[t];
        if (trait->required != NO_ONE && !model_has(m, object, trait->required)) return false;
        if (trait->excluded != NO_ONE && model_has(m, object, trait->excluded)) return false;
    }
    for (int n = 0; n < NAMES_M; n++) {
        answer a = model_resolve(m, object, n);
        if (a.conflict) return false;
        for (int t = 0; t < TRAITS_M; t++) {
            if (model_has(m, object, t) && m->traits[t].typed[n] && !a.definition.kind) return false;
        }
    }
    return true;
}

/* Every living object, and the next one of each class that ever had one. */
static inline bool model_all_lawful(const model *m)
{
    for (size_t i = 0; i < m->object_count; i++) {
        if (!model_lawful(m, &m->objects[i])) return false;
    }
    for (size_t c = 0; c < m->class_count; c++) {
        if (m->classes[c].instantiated && !model_lawful(m, &(object_m){ .cls = (int)c })) return false;
    }
    return true;
}

/* ---- What comes out ---- */

/* What native functions of a trait read. */
static inline int model_read_by(int trait, int name)
{
    if (name == WHEELS_N) return GEARS_F;
    return trait == VEHICLE_T ? FUEL_F : trait == ENGINE_T ? POWER_F : SKILL_F;
}

static inline double model_call(const model *m, const object_m *object, int name, double argument)
{
    if (object->patches[name]) return object->patches[name];
    definition_m definition = model_resolve(m, object, name).definition;
    if (definition.kind == LUA) return definition.number;
    double field = object->fields[model_read_by(definition.trait, name)];
    return name == WHEELS_N ? field + definition.number : field * definition.number + argument;
}

#endif
