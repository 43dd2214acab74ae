/*
 * model_run.h: for the model test: one round's world and model side by side, how a
 * step is judged, and how a round begins.
 */
#ifndef MOLT_TEST_MODEL_RUN_H
#define MOLT_TEST_MODEL_RUN_H

#include "model_values.h"
#include "world_fixture.h"

#include "property.h"

#define PILOT(FIELD, METHOD)                  \
    FIELD (double, skill, 7)                  \
    METHOD(double, range, (double load))
MOLT_TRAIT(Pilot, PILOT)

/* Native functions, three of each. */
#define THREE(X) X(1) X(2) X(3)
#define X(k)                                                                                     \
    static double v_range_##k(Vehicle *self, double load) { return self->fuel * k + load; }      \
    static int32_t v_wheels_##k(Vehicle *self) { return self->gears + k; }                       \
    static double e_thrust_##k(Engine *self, double gas) { return self->power * k + gas; }       \
    static double p_range_##k(Pilot *self, double load) { return self->skill * k + load; }
THREE(X)
#undef X

static molt_function native_function(int trait, int name, int number)
{
#define X(k)                                                                                     \
    if (number == k && trait == VEHICLE_T && name == RANGE_N) return (molt_function)v_range_##k; \
    if (number == k && trait == VEHICLE_T && name == WHEELS_N) return (molt_function)v_wheels_##k; \
    if (number == k && trait == ENGINE_T && name == THRUST_N) return (molt_function)e_thrust_##k; \
    if (number == k && trait == PILOT_T && name == RANGE_N) return (molt_function)p_range_##k;
    THREE(X)
#undef X
    return NULL;
}

/* ---- The run ---- */

enum { DEAD_M = 100 };

/* A block as it was before its trait was declared again: readable until the tick. */
typedef struct former_m {
    void *handle;                    /* NULL: none */
    molt_ref object;
    trait_m trait;
    double fields[FIELDS_M];
} former_m;

typedef struct run {
    unsigned long long random;
    int step;                        /* its number in the trial */
    const char *doing;
    model now, before;
    molt_trait *traits[TRAITS_M], *earlier[TRAITS_M];   /* as they are, and as they were once */
    molt_class *classes[CLASSES_M];
    molt_impl *impls[IMPLS_M];
    molt_object *objects[OBJECTS_M]; /* as in the model */
    molt_ref refs[OBJECTS_M];
    molt_ref dead[DEAD_M];
    size_t dead_count;
    void *stale_handle;              /* of a block that was replaced, or ended, since the last tick */
    former_m former;
} run;

static run the;

static int pick(size_t below)
{
    return (int)(split_mix(&the.random) % below);
}

static int some_class(void) { return pick(the.now.class_count); }
static int some_impl(void) { return pick(the.now.impl_count); }
static int some_name(void) { return pick(NAMES_M); }
static int some_object(void) { return the.now.object_count ? pick(the.now.object_count) : NO_ONE; }

/* A host may hold a trait from before it was declared again. */
static molt_trait *held_trait(int t)
{
    return pick(4) ? the.traits[t] : the.earlier[t];
}

/* Stands for a Lua function: what it returns. */
static int lua_number(void)
{
    return 1000 + pick(1000);
}

#define hold(condition)                                                                              \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            fail_trial("step %d (%s): not %s; last error: %s", the.step, the.doing, #condition,      \
                       molt_last_error(with.world));                                                 \
        }                                                                                            \
    } while (0)

enum { UNLAWFUL = 1 << -MOLT_ERR_CONFLICT | 1 << -MOLT_ERR_MISSING | 1 << -MOLT_ERR_EXCLUDED };

/* Ends a step: the verb returned `err` where the model, changed already, foresaw that
 * it succeeds, or one of the reasons `against` it. Takes the model's change back unless
 * the verb succeeded. */
static bool settle_among(long long err, unsigned against)
{
    bool no_memory = with.refused && err == MOLT_ERR_MEMORY;
    with.allocations_left = -1;
    if (!no_memory) {
        if (!against) hold(err >= 0);
        else hold(err < 0 && reason((int)err) & against);
    }
    if (err < 0) the.now = the.before;
    return err >= 0;
}

/* The same for one error; MOLT_ERR_CONFLICT is any unlawful composition. */
static bool settle(long long err, int expected)
{
    return settle_among(err, expected == MOLT_ERR_CONFLICT ? UNLAWFUL : reason(expected));
}

static int lawful_or_conflict(void)
{
    return model_all_lawful(&the.now) ? MOLT_OK : MOLT_ERR_CONFLICT;
}

static unsigned unlawful(void)
{
    return model_all_lawful(&the.now) ? 0 : UNLAWFUL;
}

/* ---- Setting the scene ---- */

static void declare_traits(void)
{
    static const char *const lines[TRAITS_M][5] = {
        [VEHICLE_T] = { "double fuel = 10", "int gears = 5", "double range(double)", "int wheels()" },
        [ENGINE_T] = { "double power = 90", "double thrust(double)" },
        [PILOT_T] = { "double skill = 7", "double range(double)" },
        [TAG_T] = { "int32_t mark = 3" },
        [SAIL_T] = { "float draught = 2", "any captain" },
    };
    static const int order[TRAITS_M] = { TAG_T, ENGINE_T, VEHICLE_T, PILOT_T, SAIL_T, STORY_T };
    for (size_t i = 0; i < TRAITS_M; i++) {
        int t = order[i];
        const trait_m *trait = &traits_at_first[t];
        molt_trait_lines declared = { .size = sizeof declared, .name = trait->name, .lines = lines[t], .where = "model" };
        while (lines[t][declared.line_count]) declared.line_count++;
        declared.required_count = trait->required != NO_ONE;
        declared.excluded_count = trait->excluded != NO_ONE;
        if (declared.required_count) declared.required = &the.traits[trait->required];
        if (declared.excluded_count) declared.excluded = &the.traits[trait->excluded];
        the.traits[t] = molt_trait_declare(with.world, &declared);
        hold(the.traits[t]);
        the.earlier[t] = the.traits[t];
    }
    memcpy(the.now.traits, traits_at_first, sizeof traits_at_first);
    c_trait(&Vehicle_trait);
    c_trait(&Engine_trait);
    c_trait(&Pilot_trait);
}

static void new_model_class(int base)
{
    int c = (int)the.now.class_count++;
    class_m *cls = &the.now.classes[c];
    *cls = (class_m){ .base = base };
    molt_trait *own[TRAITS_M];
    size_t count = 0;
    for (int t = 0; t < TRAITS_M; t++) {
        if (pick(3) != 0 || (base != NO_ONE && model_class_has(&the.now, base, t))) continue;
        cls->traits[t] = true;
        own[count++] = the.traits[t];
    }
    char name[16];
    snprintf(name, sizeof name, "Class%d", c);
    the.classes[c] = new_class(name, base == NO_ONE ? NULL : the.classes[base], own, count);
}

static void new_model_impl(int trait)
{
    int i = (int)the.now.impl_count++;
    the.now.impls[i] = (impl_m){ .trait = trait };
    the.impls[i] = molt_impl_new(the.traits[trait], NULL, "model");
    hold(the.impls[i]);
}

static void begin(void)
{
    declare_traits();
    for (int c = 0; c < CLASSES_M; c++) new_model_class(c > 1 && pick(3) ? pick((size_t)c) : NO_ONE);
    static const int of[IMPLS_M] = { VEHICLE_T, VEHICLE_T, VEHICLE_T, ENGINE_T, ENGINE_T, PILOT_T, PILOT_T, TAG_T, SAIL_T, STORY_T, STORY_T };
    for (int i = 0; i < IMPLS_M; i++) new_model_impl(of[i]);
}

#endif
