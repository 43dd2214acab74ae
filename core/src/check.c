#include "check.h"

#include "error.h"
#include "hook.h"
#include "resolve.h"
#include "world_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Everything found wrong, a line each; the code is that of the first. */
typedef struct report {
    int code;
    size_t length;
    char text[MOLT__ERROR_TEXT - 128];
} report;

static void MOLT_PRINTF(3, 4) add(report *r, int code, const char *format, ...)
{
    if (!r->code) r->code = code;
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof r->text - r->length;
    int n = snprintf(r->text + r->length, room, "\n  ");
    if (n > 0 && (size_t)n < room) {
        int m = vsnprintf(r->text + r->length + n, room - (size_t)n, format, arguments);
        if (m > 0) r->length += (size_t)n + (size_t)m;
        if (r->length >= sizeof r->text) r->length = sizeof r->text - 1;
    }
    va_end(arguments);
}

/* The first definition of a name, and the first other one in the same layer. */
typedef struct rivals {
    molt__claim winner;
    molt__claim other;
    size_t count;
} rivals;

static bool same_layer(const molt__claim *a, const molt__claim *b)
{
    return a->layer == b->layer && a->cls == b->cls && a->layer != MOLT__LAYER_FILL;
}

static bool find_rival(const molt__claim *claim, void *user)
{
    rivals *r = user;
    if (r->count == 0) {
        r->winner = *claim;
        r->count = 1;
        return claim->layer != MOLT__LAYER_FILL;
    }
    if (!same_layer(&r->winner, claim)) return false;
    if (claim->trait == r->winner.trait || claim->definition == r->winner.definition) return true;
    r->other = *claim;
    r->count = 2;
    return false;
}

static void check_one(const molt_shape *shape, const char *name, report *r)
{
    rivals found = { .count = 0 };
    molt__resolve_each(shape, name, find_rival, &found);
    if (found.count == 2 && !molt__hook_named(name)) {
        add(r, MOLT_ERR_CONFLICT, "'%s' is defined by %s (%s) and by %s (%s)", name, found.winner.trait->name,
            found.winner.definition->where, found.other.trait->name, found.other.definition->where);
    }
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        const molt__method *method = molt__trait_method(trait, name);
        if (found.count && molt__trait_field(trait, name)) {
            add(r, MOLT_ERR_CONFLICT, "'%s' is a field of %s (%s) and a method (%s)", name, trait->name, trait->where,
                found.winner.definition->where);
        }
        if (!method) continue;
        if (molt__hook_named(name)) found.count = molt__hook_or_winner(shape, trait, name) != NULL;
        if (found.count == 0) {
            add(r, MOLT_ERR_MISSING, "%s.%s has no implementation: '%s', declared at %s", trait->name, name,
                method->text, trait->where);
        } else if (molt__hook_named(name)) {
            continue;                /* each trait's own, of the one signature that hooks have */
        } else if (found.winner.definition->function && found.winner.definition->trait != trait) {
            const molt__method *native = found.winner.definition->trait->methods[found.winner.definition->slot];
            if (molt__method_same(native, method)) continue;
            add(r, MOLT_ERR_CONFLICT, "%s.%s is '%s' (%s), but the native function that wins is '%s' (%s)",
                trait->name, name, method->text, trait->where, native->text, found.winner.definition->where);
        }
    }
}

static int finish(const molt_shape *shape, const report *r)
{
    if (!r->code) return MOLT_OK;
    char with[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < shape->attached_count && length < sizeof with; i++) {
        int n = snprintf(with + length, sizeof with - length, "%s%s", i ? ", " : " with ", shape->attached[i].trait->name);
        if (n > 0) length += (size_t)n;
    }
    return molt__fail(shape->world, r->code, "class '%s'%s does not compose:%s", shape->cls->name, with, r->text);
}

int molt__check_name(const molt_shape *shape, const char *name)
{
    report r = { 0 };
    check_one(shape, name, &r);
    return finish(shape, &r);
}

static bool has_trait(const molt_shape *shape, const molt_trait *trait)
{
    return molt__shape_part(shape, trait->identity) != NULL;
}

static void check_requirements(const molt_shape *shape, const molt_trait *trait, report *r)
{
    for (size_t i = 0; i < trait->required_count; i++) {
        if (has_trait(shape, trait->required[i])) continue;
        add(r, MOLT_ERR_MISSING, "%s requires %s (declared at %s)", trait->name, trait->required[i]->name, trait->where);
    }
    for (size_t i = 0; i < trait->excluded_count; i++) {
        if (!has_trait(shape, trait->excluded[i])) continue;
        add(r, MOLT_ERR_EXCLUDED, "%s excludes %s (declared at %s)", trait->name, trait->excluded[i]->name, trait->where);
    }
}

/* A name means one field or one family of methods in all traits of a shape. */
static void check_fields(const molt_shape *shape, size_t part, report *r)
{
    const molt_trait *trait = shape->parts[part].trait;
    for (size_t f = 0; f < trait->field_count; f++) {
        const char *name = trait->fields[f].name;
        for (size_t other = 0; other < shape->part_count; other++) {
            const molt_trait *rival = shape->parts[other].trait;
            bool field = other < part && molt__trait_field(rival, name);
            bool method = molt__trait_method(rival, name) != NULL;
            if (!field && !method) continue;
            add(r, MOLT_ERR_CONFLICT, "'%s' is a field of %s (%s) and a %s of %s (%s)", name, trait->name,
                trait->where, field ? "field" : "method", rival->name, rival->where);
        }
    }
}

/* Names once checked as typed methods need no second look. */
static bool typed_before(const molt_shape *shape, size_t part, const char *name)
{
    for (size_t i = 0; i < part; i++) {
        if (molt__trait_method(shape->parts[i].trait, name)) return true;
    }
    return false;
}

typedef struct walk { const molt_shape *shape; report *report; } walk;

static bool check_untyped(const char *name, void *user)
{
    walk *w = user;
    if (!typed_before(w->shape, w->shape->part_count, name)) check_one(w->shape, name, w->report);
    return true;
}

int molt__check_shape(const molt_shape *shape)
{
    report r = { 0 };
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        check_requirements(shape, trait, &r);
        check_fields(shape, i, &r);
        for (size_t m = 0; m < trait->method_count; m++) {
            const char *name = trait->methods[m]->name;
            if (!typed_before(shape, i, name)) check_one(shape, name, &r);
        }
    }
    walk w = { shape, &r };
    molt__resolve_names(shape, check_untyped, &w);
    return finish(shape, &r);
}
