/*
 * model_compare.h: for the model test: is the world what the model says?
 */
#ifndef MOLT_TEST_MODEL_COMPARE_H
#define MOLT_TEST_MODEL_COMPARE_H

#include "model_redefine.h"

static void compare_values(const object_m *object, const molt_object *real)
{
    for (int t = 0; t < TRAITS_M; t++) {
        hold(molt_object_is(real, the.traits[t]) == model_has(&the.now, object, t));
        hold(molt_object_is(real, the.earlier[t]) == model_has(&the.now, object, t));
    }
    for (int f = 0; f < FIELDS_M; f++) {
        int t = model_field_of(&the.now, object, f);
        molt_value value;
        int err = molt_object_get(real, field_texts[f], &value);
        hold(err == (t == NO_ONE ? MOLT_ERR_UNKNOWN : MOLT_OK));
        if (!err) hold(read_value(the.now.traits[t].fields[f].kind, value) == object->fields[f]);
    }
}

static void compare_former(void)
{
    if (!the.former.handle || !molt_ref_object(with.world, the.former.object)) return;
    for (int f = 0; f < FIELDS_M; f++) {
        int kind = the.former.trait.fields[f].kind;
        molt_value value;
        int err = molt_field_get(the.former.handle, field_texts[f], &value);
        hold(err == (kind == NO_KIND || kind == ANY_K ? MOLT_ERR_UNKNOWN : MOLT_OK));
        if (!err) hold(read_value(kind, value) == the.former.fields[f]);
    }
}

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

#endif
