/*
 * Random edits of a world of live objects, against the naive model of model.h.
 * Now and then an allocation is refused in the middle.
 *
 * A trial is a world and 120 steps: see property.h.
 */
#include "model_redefine.h"
#include "recompose.h"
#include "registry.h"

enum { STEPS = 120, FURNISHING = 45 };

/* ---- Verbs ---- */

static int some_class(void) { return pick(the.now.class_count); }
static int some_impl(void) { return pick(the.now.impl_count); }
static int some_name(void) { return pick(NAMES_M); }
static int some_object(void) { return the.now.object_count ? pick(the.now.object_count) : NO_ONE; }

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
    settle(molt_object_attach(the.objects[o], the.traits[t], impl == NO_ONE ? NULL : the.impls[impl]), expected);
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
    settle(molt_object_detach(the.objects[o], the.traits[t]), expected);
}

static int lua_number(void)
{
    return 1000 + pick(1000);
}

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
    settle_among(molt_class_use(the.classes[c], the.traits[t], NULL), against);
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
    settle(molt_class_drop(the.classes[c], the.traits[t], NULL), has ? lawful_or_conflict() : MOLT_ERR_UNKNOWN);
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
    settle(molt_trait_fill(the.traits[t], &by), lawful_or_conflict());
}

/* A value for a field of that type, mostly; the error that it will be, and what is kept. */
static molt_value some_value_for(int kind, int *err, double *kept)
{
    int as = pick(8) ? kind : 1 + pick(STRING_K);
    double value = as == BOOL_K ? pick(2) : some_value();
    bool numbers = is_number(as) && is_number(kind);
    *err = numbers ? take(kind, value, kept) : as == kind ? MOLT_OK : MOLT_ERR_TYPE;
    if (!numbers) *kept = value;
    tell(" = %s %.17g", kinds[as].type, value);
    return value_of(as, value);
}

static bool is_typed(int kind)
{
    return kind != NO_KIND && kind != ANY_K;
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

static const struct { const char *name; void (*verb)(void); int weight; } verbs[] = {
    { "create", create, 8 },         { "destroy", destroy, 3 },       { "attach", attach, 8 },
    { "detach", detach, 5 },         { "fill", fill, 4 },             { "unfill", unfill, 4 },
    { "use_impl", use_impl, 4 },     { "drop_impl", drop_impl, 6 },   { "use_trait", use_trait, 2 },
    { "drop_trait", drop_trait, 3 }, { "fill_impl", fill_impl, 3 },   { "fill_trait", fill_trait, 1 },
    { "set_impl", set_impl, 2 },     { "set_field", set_field, 6 },   { "override", override, 4 },
    { "restore", restore, 3 },       { "retain", retain, 2 },         { "release", release, 2 },
    { "tick", tick, 3 },             { "call_stale", call_stale, 2 },  { "become", become, 3 },
    { "redeclare", redeclare, 2 },  { "redefine", redefine, 5 },
};

static size_t done_by[COUNT_OF(verbs)], refused_by[COUNT_OF(verbs)];

/* ---- Comparing ---- */

static void compare_handles(const object_m *object, const molt_object *real)
{
    Vehicle *v = molt_as(real, Vehicle);
    Engine *e = molt_as(real, Engine);
    Pilot *p = molt_as(real, Pilot);
    hold(!v || molt_object_of(v) == real);
    hold(!v || molt_call(v, range, 2) == model_call(&the.now, object, RANGE_N, 2));
    hold(!v || molt_call(v, wheels) == (int)model_call(&the.now, object, WHEELS_N, 0));
    hold(!e || molt_call(e, thrust, 2) == model_call(&the.now, object, THRUST_N, 2));
    hold(!p || molt_call(p, range, 2) == model_call(&the.now, object, RANGE_N, 2));
    hold(!molt_error_pending(with.world));
}

static void compare_names(const object_m *object, molt_object *real)
{
    for (int n = 0; n < NAMES_M; n++) {
        bool typed = false;
        for (int t = 0; t < TRAITS_M; t++) typed |= model_has(&the.now, object, t) && the.now.traits[t].typed[n];
        molt_value argument = number(3), result;
        int err = molt_object_call(real, name_texts[n], &argument, n != WHEELS_N, &result);
        hold(err == (typed ? MOLT_OK : MOLT_ERR_UNKNOWN));
        double got = err ? 0 : n == WHEELS_N ? result.as.i32 : result.as.f64;
        hold(err || got == model_call(&the.now, object, n, 3));
    }
}

static void compare_object(size_t o)
{
    const object_m *object = &the.now.objects[o];
    molt_object *real = the.objects[o];
    hold(molt_object_alive(real));
    hold(molt_object_class(real) == the.classes[object->cls]);
    hold(molt_ref_object(with.world, the.refs[o]) == real);
    hold((int)real->retains == object->retains);
    compare_values(object, real);
    compare_handles(object, real);
    compare_names(object, real);
}

/* The objects of a class and with a trait, either may be NO_ONE, by the model. */
typedef struct walk {
    int cls, trait;
    size_t at;
} walk;

static void pass_over(walk *w)
{
    for (; w->at < the.now.object_count; w->at++) {
        const object_m *object = &the.now.objects[w->at];
        bool of_class = w->cls == NO_ONE || model_extends(&the.now, object->cls, w->cls);
        if (of_class && (w->trait == NO_ONE || model_has(&the.now, object, w->trait))) return;
    }
}

static bool next_in_order(molt_object *object, void *user)
{
    walk *w = user;
    pass_over(w);
    hold(w->at < the.now.object_count && the.objects[w->at] == object);
    w->at++;
    return true;
}

static void compare_each(int cls, int trait)
{
    walk w = { .cls = cls, .trait = trait };
    molt_object_each(with.world, cls == NO_ONE ? NULL : the.classes[cls], trait == NO_ONE ? NULL : the.traits[trait],
                     next_in_order, &w);
    pass_over(&w);
    hold(w.at == the.now.object_count);
}

/* Things alive that promised to come to limbo: attached blocks, the lists of them,
 * private vtables. */
static size_t promises(void)
{
    size_t count = 0;
    for (size_t o = 0; o < the.now.object_count; o++) {
        uint32_t blocks = the.objects[o]->shape->block_count;
        count += blocks + (blocks != 0);
    }
    for (size_t i = 0; i < with.world->shapes.count; i++) {
        const molt_shape *shape = with.world->shapes.item[i];
        for (const molt_vtable *head = shape->privates; head; head = head->next) count++;
    }
    return count;
}

static void compare_all(void)
{
    for (size_t o = 0; o < the.now.object_count; o++) compare_object(o);
    compare_former();
    compare_each(NO_ONE, NO_ONE);
    compare_each(some_class(), pick(2) ? NO_ONE : pick(TRAITS_M));
    compare_each(NO_ONE, pick(TRAITS_M));
    hold(molt_world_live(with.world) == the.now.object_count);
    for (size_t d = 0; d < the.dead_count && d < DEAD_M; d++) hold(!molt_ref_object(with.world, the.dead[d]));
    hold(with.world->limbo.promised == promises());
}

/* ---- Trials ---- */

/* The first steps furnish the world, so that there is something to do. */
static size_t furnishing(void)
{
    static const char *const names[] = { "fill_impl", "use_impl", "create" };
    size_t v = 0;
    while (strcmp(verbs[v].name, names[the.step % 3]) != 0) v++;
    return v;
}

static size_t some_verb(void)
{
    if (the.step < FURNISHING) return furnishing();
    int total = 0;
    for (size_t v = 0; v < COUNT_OF(verbs); v++) total += verbs[v].weight;
    int at = pick((size_t)total);
    size_t v = 0;
    while (at >= verbs[v].weight) at -= verbs[v++].weight;
    return v;
}

static void step(void)
{
    size_t v = some_verb();
    the.doing = verbs[v].name;
    the.before = the.now;
    with.refused = false;
    with.allocations_left = pick(4) ? -1 : pick(pick(3) ? 8 : 80);
    tell("  %3d %s", the.step, the.doing);
    if (with.allocations_left >= 0) tell(" (memory for %ld allocations)", with.allocations_left);
    verbs[v].verb();
    tell("\n");
    with.allocations_left = -1;
    if (memcmp(&the.before, &the.now, sizeof the.now) == 0) refused_by[v]++;
    else done_by[v]++;
    int o = some_object();
    if (o != NO_ONE) compare_object((size_t)o);
    if (the.step % 16 == 0) compare_all();
}

static void end(void)
{
    the.doing = "the end";
    compare_all();
    while (the.now.object_count) {
        hold(molt_object_destroy(the.objects[0]) == MOLT_OK);
        forget_object(0);
        if (pick(4) == 0) compare_all();
    }
    hold(with.world->limbo.promised == 0);
}

static void trial(unsigned long long seed, const int *steps, size_t count)
{
    the = (run){ .random = seed, .doing = "the beginning" };
    hold(set_up_joined(NULL) == 0);
    begin();
    for (size_t i = 0; i < count; i++) {
        the.step = steps[i];
        the.random = step_seed(seed, the.step);
        step();
    }
    end();
    hold(tear_down(NULL) == 0);
}

static void summary(void)
{
    for (size_t v = 0; v < COUNT_OF(verbs); v++) {
        print_message("%12s: %zu done, %zu refused or idle\n", verbs[v].name, done_by[v], refused_by[v]);
    }
}

static void live_objects_do_what_the_model_says(void **state)
{
    (void)state;
    const property sequences = { .name = "sequences of 120 steps", .seed = 20260101, .rounds = 400,
                                 .long_rounds = 100000, .steps = STEPS, .run = trial, .summary = summary };
    run_property(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(live_objects_do_what_the_model_says) };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
