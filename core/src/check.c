#include "check.h"

#include "combine.h"
#include "error.h"
#include "hook.h"
#include "resolve.h"
#include "value.h"
#include "world_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Everything found wrong, a line each; the code is that of the first. */
typedef struct report {
    int code;
    size_t length;
    size_t left_out;                 /* lines for which there was no room */
    char text[MOLT__ERROR_TEXT - 128];
} report;

static void MOLT_PRINTF(3, 4) add(report *r, int code, const char *format, ...)
{
    if (!r->code) r->code = code;
    char line[1024] = "\n  ";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + 3, sizeof line - 3, format, arguments);
    va_end(arguments);
    size_t length = strlen(line);
    if (r->left_out || length + 32 > sizeof r->text - r->length) {
        r->left_out++;
        return;
    }
    memcpy(r->text + r->length, line, length + 1);
    r->length += length;
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
    if (claim->definition->flags & MOLT__WRAPS) return true;     /* resolves nothing */
    if (r->count == 0) {
        r->winner = *claim;
        r->count = 1;
        return claim->layer != MOLT__LAYER_FILL;
    }
    if (!same_layer(&r->winner, claim)) return false;
    /* One trait's definitions of one thing hide one another: what it calls by two
     * names is two things, even if the composition gives them one. */
    bool same = claim->trait == r->winner.trait && claim->definition->name == r->winner.definition->name;
    if (same || claim->definition == r->winner.definition) return true;
    r->other = *claim;
    r->count = 2;
    return false;
}

static size_t before_name(const char *text)
{
    size_t at = strcspn(text, "(");
    while (at > 0 && text[at] != ' ') at--;
    return at;
}

/* Are two canonical texts the same but for the name? */
static bool same_signature(const char *a, const char *b)
{
    size_t length = before_name(a);
    return length == before_name(b) && memcmp(a, b, length) == 0 && strcmp(strchr(a, '('), strchr(b, '(')) == 0;
}

/* Whoever declares the name of a method that is declared `all` declares it so. */
static void check_combined(const molt_shape *shape, const char *name, const molt__method *combined, report *r)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        size_t at = 0;
        const molt__method *method = molt__part_method(&shape->parts[i], name, &at);
        if (!method || same_signature(method->text, combined->text)) continue;
        add(r, MOLT_ERR_CONFLICT, "'%s' is '%s' in %s (%s) and '%s' in %s (%s)", name, combined->text,
            combined->trait->name, combined->trait->where, method->text, trait->name, trait->where);
    }
}

/* " as 'reach'" where the composition has it under another name, or "". */
static const char *alias_of(const char *own, const char *name, char *text, size_t size)
{
    text[0] = '\0';
    if (strcmp(own, name) != 0) snprintf(text, size, " as '%s'", name);
    return text;
}

/* Does what wins the name fit the slot? */
static void check_slot(const molt__method *method, const char *name, const molt_definition *winner, report *r)
{
    const molt_trait *trait = method->trait;
    char alias[128];
    if (!winner) {
        add(r, MOLT_ERR_MISSING, "%s.%s%s has no implementation: '%s', declared at %s", trait->name, method->name,
            alias_of(method->name, name, alias, sizeof alias), method->text, trait->where);
        return;
    }
    const molt__method *native = winner->function ? winner->trait->methods[winner->slot] : method;
    if (same_signature(native->text, method->text)) return;
    add(r, MOLT_ERR_CONFLICT, "%s.%s is '%s' (%s), but the native function that wins is '%s' (%s)", trait->name,
        method->name, method->text, trait->where, native->text, winner->where);
}

static void check_one(const molt_shape *shape, const char *name, report *r)
{
    rivals found = { .count = 0 };
    const molt__method *combined = molt__combine_method(shape, name);
    molt__resolve_each(shape, name, find_rival, &found);
    if (combined) check_combined(shape, name, combined, r);
    else if (found.count == 2 && !molt__hook_named(name)) {
        add(r, MOLT_ERR_CONFLICT, "'%s' is defined by %s (%s) and by %s (%s)", name, found.winner.trait->name,
            found.winner.definition->where, found.other.trait->name, found.other.definition->where);
    }
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        const molt__field *field = molt__trait_field(trait, name);
        if (found.count && field && !field->private) {
            add(r, MOLT_ERR_CONFLICT, "'%s' is a field of %s (%s) and a method (%s)", name, trait->name, trait->where,
                found.winner.definition->where);
        }
        size_t at = 0;
        for (const molt__method *method; !combined && (method = molt__part_method(&shape->parts[i], name, &at));) {
            const molt_definition *winner = found.count ? found.winner.definition : NULL;
            if (molt__hook_named(name)) winner = molt__hook_or_winner(shape, trait, name);
            check_slot(method, name, winner, r);
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
    char more[40] = "";
    if (r->left_out) snprintf(more, sizeof more, "\n  … and %zu more", r->left_out);
    return molt__fail(shape->world, r->code, "class '%s'%s does not compose:%s%s", shape->cls->name, with, r->text,
                      more);
}

static void need_trait(const molt_shape *shape, const molt_trait *trait, const molt__requirement *need, report *r)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        if (shape->parts[i].trait->name == need->name) return;
    }
    add(r, MOLT_ERR_MISSING, "%s requires %s (declared at %s)", trait->name, need->name, trait->where);
}

static void need_field(const molt_shape *shape, const molt_trait *trait, const molt__requirement *need, report *r)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *other = shape->parts[i].trait;
        const molt__field *field = molt__trait_field(other, need->name);
        if (!field || field->private) continue;
        char type[128], text[256];
        molt__declaration_type(field->kind, &field->type, type, sizeof type);
        snprintf(text, sizeof text, "%s %s", type, field->name);
        if (strcmp(text, need->text) == 0) return;
        add(r, MOLT_ERR_CONFLICT, "%s requires the field '%s' (declared at %s), but %s has '%s' (%s)", trait->name,
            need->text, trait->where, other->name, text, other->where);
        return;
    }
    add(r, MOLT_ERR_MISSING, "%s requires the field '%s' (declared at %s)", trait->name, need->text, trait->where);
}

/* What answers for a required name may be any Lua function; a typed method must
 * have the very signature. */
static void need_method(const molt_shape *shape, const molt__part *part, const molt__requirement *need, report *r)
{
    const molt_trait *trait = part->trait;
    const char *name = molt__select_slot(part->names, need->name);
    char alias[128];
    alias_of(need->name, name, alias, sizeof alias);
    bool typed = false;
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *other = shape->parts[i].trait;
        size_t at = 0;
        const molt__method *method = molt__part_method(&shape->parts[i], name, &at);
        typed |= method != NULL;
        if (!method || need->need == MOLT__NEED_NAME || same_signature(method->text, need->text)) continue;
        add(r, MOLT_ERR_CONFLICT, "%s requires the method '%s'%s (declared at %s), but %s has '%s' (%s)", trait->name,
            need->text, alias, trait->where, other->name, method->text, other->where);
    }
    if (typed || molt__resolve(shape, name)) return;
    add(r, MOLT_ERR_MISSING, "%s requires the method '%s'%s (declared at %s)", trait->name, need->text, alias,
        trait->where);
}

/* What the traits require, line by line; with `name`, of that name only. */
static void check_needs(const molt_shape *shape, const char *name, report *r)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        for (size_t n = 0; n < trait->needs.count; n++) {
            const molt__requirement *need = &trait->needs.item[n];
            if (name && molt__select_slot(shape->parts[i].names, need->name) != name) continue;
            if (need->need == MOLT__NEED_TRAIT) need_trait(shape, trait, need, r);
            else if (need->need == MOLT__NEED_FIELD) need_field(shape, trait, need, r);
            else need_method(shape, &shape->parts[i], need, r);
        }
    }
}

int molt__check_name(const molt_shape *shape, const char *name)
{
    report r = { 0 };
    check_one(shape, name, &r);
    check_needs(shape, name, &r);
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
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *other = shape->parts[i].trait;
        if (!molt__trait_excludes(trait, other)) continue;
        add(r, MOLT_ERR_EXCLUDED, "%s excludes %s (declared at %s)", trait->name, other->name, trait->where);
    }
}

/* A name means one field or one family of methods in all traits of a shape. */
static void check_fields(const molt_shape *shape, size_t part, report *r)
{
    const molt_trait *trait = shape->parts[part].trait;
    for (size_t f = 0; f < trait->field_count; f++) {
        const char *name = trait->fields[f].name;
        if (trait->fields[f].private) continue;
        for (size_t other = 0; other < shape->part_count; other++) {
            const molt_trait *rival = shape->parts[other].trait;
            const molt__field *same = other < part ? molt__trait_field(rival, name) : NULL;
            bool field = same && !same->private;
            size_t at = 0;
            bool method = molt__part_method(&shape->parts[other], name, &at) != NULL;
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
        size_t at = 0;
        if (molt__part_method(&shape->parts[i], name, &at)) return true;
    }
    return false;
}

/* Under other names two slots of one trait may have one. */
static bool slot_before(const molt__part *part, size_t method, const char *name)
{
    for (size_t m = 0; part->names && m < method; m++) {
        if (molt__select_slot(part->names, part->trait->methods[m]->name) == name) return true;
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
            const char *name = molt__select_slot(shape->parts[i].names, trait->methods[m]->name);
            if (slot_before(&shape->parts[i], m, name)) continue;
            if (!typed_before(shape, i, name)) check_one(shape, name, &r);
        }
    }
    check_needs(shape, NULL, &r);
    walk w = { shape, &r };
    molt__resolve_names(shape, check_untyped, &w);
    return finish(shape, &r);
}
