/*
 * model_redefine.h: for the model test: traits declared again under live objects, and
 * values of all types in and out of fields.
 */
#ifndef MOLT_TEST_MODEL_REDEFINE_H
#define MOLT_TEST_MODEL_REDEFINE_H

#include "model_run.h"

#include "evolve.h"
#include "redraft.h"

/* ---- Values ---- */

static double some_value(void)
{
    static const double large[] = { -1, -200, 200, 40000, 70000, -70000, 0x1p24 + 1, 3e9, 0.5, 0.1, 0x1p40 + 1 };
    return pick(4) ? pick(100) : large[pick(COUNT_OF(large))];
}

/* One that a field of that type can hold. */
static double fitting_value(int kind)
{
    double held;
    for (;;) {
        double value = kind == BOOL_K ? pick(2) : some_value();
        if (take(kind, value, &held) == MOLT_OK) return held;
    }
}

static molt_value value_of(int kind, double value)
{
    static char digits[32];
    static size_t length;
    length = (size_t)snprintf(digits, sizeof digits, "%.17g", value);
    const molt_string text = { digits, length };
    static unsigned char place[sizeof text];
    memcpy(place, &text, sizeof text);
    if (kind == STRING_K) return (molt_value){ .kind = MOLT_STRING, .as.string = (const molt_string *)(void *)place };
    if (kind == BOOL_K) return (molt_value){ .kind = MOLT_BOOL, .as.boolean = value != 0 };
    return number(value);
}

static double read_value(int kind, molt_value value)
{
    hold(value.kind == kinds[kind].kind);
    molt_value real;
    if (kind == STRING_K) return strtod(value.as.string->text, NULL);
    if (kind == BOOL_K) return value.as.boolean;
    hold(molt__value_convert(with.world, MOLT_DOUBLE, value, &real, "a field") == MOLT_OK);
    return real.as.f64;
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

/* ---- Another declaration ---- */

/* Each of these traits may have three fields, of which it shares one with the others. */
static const int fields_of[TRAITS_M][3] = {
    [TAG_T] = { MARK_F, AGE_F, WEIGHT_F }, [SAIL_T] = { DRAUGHT_F, CAPTAIN_F, WEIGHT_F }, [STORY_T] = { LENGTH_F, ENDING_F, WEIGHT_F },
};

static int wider_kind(int kind)
{
    for (int tries = 0; tries < 8; tries++) {
        int other = 1 + pick(DOUBLE_K);
        if (is_number(kind) && is_wider(other, kind)) return other;
    }
    return kind;
}

static void redraw_field(field_m *field)
{
    int kind = field->kind;
    if (kind == NO_KIND) kind = pick(3) ? NO_KIND : 1 + pick(KINDS_M - 1);
    else if (pick(4) == 0) kind = pick(KINDS_M);
    else if (pick(2)) kind = wider_kind(kind);
    bool plain = kind == NO_KIND || kind == ANY_K;
    bool required = !plain && pick(8) == 0;
    *field = (field_m){ .kind = kind, .required = required, .first = plain || required ? 0 : fitting_value(kind) };
}

static void redraw(trait_m *trait, int t)
{
    if (t < TAG_T) {                 /* C was compiled for the fields it has */
        trait->fields[WEIGHT_F].kind = DOUBLE_K;
        return;
    }
    for (int i = 0; i < 3; i++) redraw_field(&trait->fields[fields_of[t][i]]);
    for (int n = 0; n < DESCRIBE_N; n++) trait->typed[n] = pick(4) ? trait->typed[n] : pick(2);
}

enum { LINES_M = FIELDS_M + NAMES_M };

static void write_field(char line[64], int f, const field_m *field)
{
    const char *type = kinds[field->kind].type, *name = field_texts[f];
    if (field->kind == ANY_K) snprintf(line, 64, "any %s", name);
    else if (field->required) snprintf(line, 64, "required %s %s", type, name);
    else if (field->kind == STRING_K) snprintf(line, 64, "string %s = \"%.17g\"", name, field->first);
    else if (field->kind == BOOL_K) snprintf(line, 64, "bool %s = %s", name, field->first != 0 ? "true" : "false");
    else snprintf(line, 64, "%s %s = %.17g", type, name, field->first);
}

/* The lines of a trait, in any order. */
static size_t write_lines(const trait_m *trait, char text[LINES_M][64], const char *lines[LINES_M])
{
    static const char *const methods[] = { "double range(double)", "int wheels()", "double thrust(double)" };
    size_t count = 0;
    for (int f = 0; f < FIELDS_M; f++) {
        if (trait->fields[f].kind == NO_KIND) continue;
        write_field(text[count], f, &trait->fields[f]);
        lines[count] = text[count];
        count++;
    }
    for (int n = 0; n < DESCRIBE_N; n++) {
        if (trait->typed[n]) lines[count++] = methods[n];
    }
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)pick(i);
        const char *was = lines[i - 1];
        lines[i - 1] = lines[other];
        lines[other] = was;
    }
    for (size_t i = 0; i < count; i++) tell("%s %s", i ? ";" : ":", lines[i]);
    return count;
}

static molt_trait *draft_of(int t, const char *const *lines, size_t count)
{
    const trait_m *trait = &the.now.traits[t];
    molt_trait_lines again = { .size = sizeof again, .name = trait->name, .lines = lines, .line_count = count, .where = "again" };
    again.required_count = trait->required != NO_ONE;
    again.excluded_count = trait->excluded != NO_ONE;
    if (again.required_count) again.required = &the.traits[trait->required];
    if (again.excluded_count) again.excluded = &the.traits[trait->excluded];
    return molt__redraft_lines(the.traits[t], &again);
}

/* Methods of the trait's own that it has from now on, or no longer. */
static void redraw_own(trait_m *trait, molt__rewriting *rewriting)
{
    static molt_fill fills[NAMES_M];
    static const char *dropped[NAMES_M];
    rewriting->fills = fills;
    rewriting->dropped = dropped;
    for (int n = 0; n < NAMES_M; n++) {
        if (pick(6)) continue;
        bool drop = trait->own[n].kind && pick(2);
        trait->own[n] = drop ? (definition_m){ 0 } : (definition_m){ LUA, NO_ONE, lua_number() };
        tell("; %s %s", drop ? "no" : "own", name_texts[n]);
        if (drop) dropped[rewriting->dropped_count++] = name_texts[n];
        else fills[rewriting->fill_count++] = by_lua(name_texts[n], trait->own[n].number);
    }
}

static int evolve(const molt__rewriting *rewriting, bool judged)
{
    molt__evolution evolution = { .world = with.world, .rewritings = rewriting, .count = 1, .judged = judged, .every = pick(2) };
    int err = molt__evolution_prepare(&evolution);
    if (!err && pick(8) == 0) {
        molt__evolution_cancel(&evolution);
        tell(" (cancelled)");
        return MOLT_ERR_STATE;
    }
    if (!err) molt__evolution_commit(&evolution);
    return err;
}

/* The block of an object that has the trait now. */
static former_m some_former(int t)
{
    for (size_t o = 0; o < the.now.object_count; o++) {
        if (!model_has(&the.now, &the.now.objects[o], t)) continue;
        former_m former = { .handle = molt_object_as(the.objects[o], the.traits[t]), .object = the.refs[o],
                            .trait = the.before.traits[t] };
        memcpy(former.fields, the.before.objects[o].fields, sizeof former.fields);
        return former;
    }
    return (former_m){ .handle = NULL };
}

/* A handle that has native methods, of a trait that is none of those declared again. */
static void *native_handle(molt_ref ref)
{
    molt_object *object = molt_ref_object(with.world, ref);
    void *handle = NULL;
    for (int t = 0; object && t < TAG_T && !handle; t++) handle = molt_object_as(object, the.traits[t]);
    return handle;
}

/* An evolution that would have succeeded, and was cancelled, is one that failed. */
static bool settle_evolution(int err, unsigned against)
{
    if (err == MOLT_ERR_STATE && !against) against = reason(err);
    return settle_among(err, against);
}

static void redefine(void)
{
    int t = pick(16) ? TAG_T + pick(3) : pick(TAG_T);
    bool judged = pick(4) == 0;
    char text[LINES_M][64];
    const char *lines[LINES_M];
    redraw(&the.now.traits[t], t);
    tell(" %s%s", the.now.traits[t].name, judged ? " (judged)" : "");
    molt_trait *draft = draft_of(t, lines, write_lines(&the.now.traits[t], text, lines));
    molt__rewriting rewriting = { .current = the.traits[t], .draft = draft };
    redraw_own(&the.now.traits[t], &rewriting);
    unsigned against = model_revalue(&the.now, &the.before, t);
    against |= model_follow_all(&the.now, &the.before, judged) | unlawful();
    if (t < TAG_T) against = reason(MOLT_ERR_DECLARATION);
    former_m former = some_former(t);
    bool other = draft && !draft->partial;
    void *other_handle = former.handle ? native_handle(former.object) : NULL;
    int err = draft ? evolve(&rewriting, judged) : molt_last_code(with.world);
    if (settle_evolution(err, against) && other) {
        if (pick(2)) the.earlier[t] = the.traits[t];
        the.traits[t] = draft;
        the.former = former;
        if (other_handle) the.stale_handle = other_handle;
    }
    if (draft) molt__redraft_drop(with.world, draft);
}

#endif
