/*
 * model_values.h: for tests: what the fields of objects have in them, by the rules of
 * evolution: a value follows its field's name, whichever trait has it now.
 */
#ifndef MOLT_TEST_MODEL_VALUES_H
#define MOLT_TEST_MODEL_VALUES_H

#include "model.h"

/* ---- What fields begin with ---- */

/* The trait from which the object has a typed field, or NO_ONE. */
static inline int model_field_of(const model *m, const object_m *object, int f)
{
    for (int t = 0; t < TRAITS_M; t++) {
        int kind = m->traits[t].fields[f].kind;
        if (kind != NO_KIND && kind != ANY_K && model_has(m, object, t)) return t;
    }
    return NO_ONE;
}

static inline void model_impl_value(const model *m, int impl, int trait, int f, double *value, bool *given)
{
    if (impl == NO_ONE || m->impls[impl].trait != trait || !m->impls[impl].sets[f]) return;
    *value = m->impls[impl].values[f];
    *given = true;
}

static inline void model_class_value(const model *m, int cls, int trait, int f, double *value, bool *given)
{
    if (cls == NO_ONE) return;
    model_class_value(m, m->classes[cls].base, trait, f, value, given);
    for (size_t i = 0; i < m->classes[cls].fill_count; i++) {
        model_impl_value(m, m->classes[cls].fills[i].impl, trait, f, value, given);
    }
}

/* Gives a field its first value; was it an implementation's? */
static inline bool model_begin_field(const model *m, object_m *object, int trait, int f)
{
    bool given = false;
    object->fields[f] = m->traits[trait].fields[f].first;
    model_class_value(m, object->cls, trait, f, &object->fields[f], &given);
    model_impl_value(m, object->attached[trait].impl, trait, f, &object->fields[f], &given);
    return given;
}

/* ---- What becomes of values ---- */

/* Reasons against a change: a set of error codes. */
static inline unsigned reason(int err)
{
    return err ? 1u << -err : 0;
}

/* The object's fields after a change, by their names. What does not fit its field's
 * new type begins anew where `judged`, and is a reason against the change otherwise. */
static inline unsigned model_follow(const model *now, object_m *object, const model *before, const object_m *was, bool judged)
{
    unsigned against = 0;
    for (int f = 0; f < FIELDS_M; f++) {
        int t = model_field_of(now, object, f), had = was ? model_field_of(before, was, f) : NO_ONE;
        if (t == NO_ONE) continue;
        const field_m *is = &now->traits[t].fields[f];
        if (had == NO_ONE) {
            bool given = model_begin_field(now, object, t, f);
            bool lacking = is->required && !given && was && model_has(before, was, t);
            if (lacking && !judged) against |= reason(MOLT_ERR_MISSING);
            continue;
        }
        int kind = before->traits[had].fields[f].kind, err = follow(kind, is->kind, object->fields[f]);
        bool stays = kind == is->kind || (!err && is_wider(is->kind, kind));
        if (!judged) against |= reason(err);
        else if (!stays) model_begin_field(now, object, t, f);
    }
    return against;
}

static inline unsigned model_follow_all(model *now, const model *before, bool judged)
{
    unsigned against = 0;
    for (size_t i = 0; i < now->object_count; i++) {
        against |= model_follow(now, &now->objects[i], before, &before->objects[i], judged);
    }
    return against;
}

/* The values of implementations of a trait that has been declared again. */
static inline unsigned model_revalue(model *now, const model *before, int trait)
{
    unsigned against = 0;
    for (size_t i = 0; i < now->impl_count; i++) {
        impl_m *impl = &now->impls[i];
        for (int f = 0; f < FIELDS_M; f++) {
            int is = now->traits[trait].fields[f].kind, was = before->traits[trait].fields[f].kind;
            if (impl->trait != trait || !impl->sets[f]) continue;
            if (is == NO_KIND || is == ANY_K) impl->sets[f] = false;
            else against |= reason(revalue(was, is, &impl->values[f]));
        }
    }
    return against;
}

#endif
