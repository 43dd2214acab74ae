/*
 * Random compositions against a naive model: what each name means, what is refused,
 * in which order a method declared `all` runs; and the laws that composition obeys.
 * A trial is a world and up to five pieces: see property.h.
 */
#include "world_fixture.h"

#include "class.h"
#include "combine.h"
#include "property.h"
#include "resolve.h"
#include "select.h"

/* ---- The traits ---- */

enum { NAMES = 3, PIECES = 5, VERBS = 2 };

static const char *const names[NAMES] = { "a", "b", "c" };

/* `defs`, `typed`: bit i for names[i]. Their names are not in order: `all` goes by them. */
typedef struct sample {
    const char *name;
    unsigned defs, typed;
    int requires, excludes;          /* another, or NONE */
    int needs;                       /* a name that must be defined, or NONE */
    const char *field;
    bool update, update_only_defined;
} sample;

enum { NONE = -1, TRAITS = 11 };

static const sample pool[TRAITS] = {
    { "M", 1, 0, NONE, NONE, NONE, NULL, false, true },
    { "K", 3, 1, NONE, NONE, NONE, NULL, true, false },
    { "Z", 4, 0, 3, NONE, NONE, NULL, true, false },         /* Z and D require each other */
    { "D", 2, 0, 2, NONE, NONE, NULL, true, false },
    { "A", 0, 0, NONE, 0, 1, NULL, true, false },            /* needs b, excludes M */
    { "C", 4, 4, 1, NONE, NONE, "private double heat", true, false },
    { "F", 0, 0, NONE, NONE, NONE, "double heat", false, false },
    { "G", 0, 0, NONE, NONE, NONE, "double heat", false, false },
    { "H", 0, 0, NONE, NONE, NONE, "double a", false, false },
    { "R", 0, 1, NONE, NONE, NONE, NULL, false, false },     /* its slot is for others to fill */
    { "P", 1, 0, NONE, NONE, NONE, "private double a2", false, false },
};

static bool knows(int t, int own)
{
    return (pool[t].defs | pool[t].typed) >> own & 1 || pool[t].needs == own;
}

/* The Lua function by which a trait defines a name. */
static int number_of(int t, int own)
{
    return 100 + 10 * t + own;
}

enum { UPDATE = 9, CLASS_FILL = 50, CLASS_UPDATE = 60 };

/* ---- The pieces of a trial ---- */

typedef struct verb {
    int kind;                        /* molt__select_verb */
    int old, new;
} verb;

typedef struct piece {
    int trait;
    int verb_count;
    verb verbs[VERBS];
} piece;

typedef struct trial_state {
    unsigned long long random;
    piece pieces[PIECES];
    int count;
    bool on_class;                   /* the pieces are a class's, else an object's */
    unsigned fills;                  /* names that the class defines itself; bit NAMES: update */
    molt_trait *traits[TRAITS];
} trial_state;

static trial_state the;

static int pick(size_t below)
{
    return (int)(split_mix(&the.random) % below);
}

static piece some_piece(void)
{
    static const char *const verbs[] = { "without", "rename", "alias" };
    piece p = { .trait = pick(TRAITS), .verb_count = pick(VERBS + 1) };
    tell("  %s", pool[p.trait].name);
    for (int v = 0; v < p.verb_count; v++) {
        p.verbs[v] = (verb){ pick(3), pick(NAMES), 0 };
        p.verbs[v].new = (p.verbs[v].old + 1 + pick(NAMES - 1)) % NAMES;
        tell(" %s %s", verbs[p.verbs[v].kind], names[p.verbs[v].old]);
        if (p.verbs[v].kind != MOLT__WITHOUT) tell(" = %s", names[p.verbs[v].new]);
    }
    tell("\n");
    return p;
}

/* ---- The model: sets of origins ---- */

typedef struct meaning {
    bool has[TRAITS];
    bool defines[TRAITS][NAMES][NAMES];      /* trait, own name, name */
    bool slots[TRAITS][NAMES][NAMES];
} meaning;

static void expose(meaning *m, const piece *p)
{
    bool defines[NAMES][NAMES] = { 0 }, slots[NAMES][NAMES] = { 0 };
    for (int own = 0; own < NAMES; own++) {
        if (!knows(p->trait, own)) continue;
        defines[own][own] = slots[own][own] = true;
        for (int v = 0; v < p->verb_count; v++) {
            int old = p->verbs[v].old, new = p->verbs[v].new;
            bool had = defines[own][old], slot = slots[own][old];
            if (p->verbs[v].kind == MOLT__WITHOUT) defines[own][old] = false;
            if (p->verbs[v].kind == MOLT__ALIAS && had) defines[own][new] = true;
            if (p->verbs[v].kind == MOLT__RENAME && had) defines[own][old] = false, defines[own][new] = true;
            if (p->verbs[v].kind == MOLT__RENAME && slot) slots[own][old] = false, slots[own][new] = true;
        }
    }
    m->has[p->trait] = true;
    for (int own = 0; own < NAMES; own++) {
        for (int n = 0; n < NAMES; n++) {
            m->defines[p->trait][own][n] |= defines[own][n];
            m->slots[p->trait][own][n] |= slots[own][n];
        }
    }
}

static meaning meaning_of(const piece *pieces, int count)
{
    meaning m = { 0 };
    for (int i = 0; i < count; i++) expose(&m, &pieces[i]);
    return m;
}

/* The only origin of a name, 0 for none, NONE for a conflict. */
static int origin(const meaning *m, int name)
{
    int found = 0;
    if (the.on_class && the.fills >> name & 1) return CLASS_FILL + name;
    for (int t = 0; t < TRAITS; t++) {
        for (int own = 0; own < NAMES; own++) {
            if (!(pool[t].defs >> own & 1) || !m->defines[t][own][name]) continue;
            if (found) return NONE;
            found = number_of(t, own);
        }
    }
    return found;
}

/* The name whose winner fills a slot, or meets a need. */
static int slot_name(const meaning *m, int t, int own)
{
    int n = 0;
    if (m->slots[t][own][own]) return own;
    while (!m->slots[t][own][n]) n++;
    return n;
}

typedef struct verdict { bool conflict, missing, excluded; } verdict;

static bool typed_anywhere(const meaning *m, int name)
{
    bool typed = false;
    for (int t = 0; t < TRAITS; t++) {
        for (int own = 0; own < NAMES; own++) {
            typed |= m->has[t] && pool[t].typed >> own & 1 && slot_name(m, t, own) == name;
        }
    }
    return typed;
}

static verdict judge(const meaning *m)
{
    verdict v = { 0 };
    for (int n = 0; n < NAMES; n++) v.conflict |= origin(m, n) == NONE;
    v.conflict |= m->has[6] && m->has[7];                    /* F.heat and G.heat */
    v.conflict |= m->has[8] && (origin(m, 0) != 0 || typed_anywhere(m, 0));
    for (int t = 0; t < TRAITS; t++) {
        if (!m->has[t]) continue;
        v.missing |= pool[t].requires != NONE && !m->has[pool[t].requires];
        v.excluded |= pool[t].excludes != NONE && m->has[pool[t].excludes];
        for (int own = 0; own < NAMES; own++) {
            bool typed = pool[t].typed >> own & 1;
            if (typed || pool[t].needs == own) v.missing |= origin(m, slot_name(m, t, own)) == 0;
        }
    }
    return v;
}

static bool requires(int t, int other, unsigned seen)
{
    int direct = pool[t].requires;
    if (direct == NONE || seen >> t & 1) return false;
    return direct == other || requires(direct, other, seen | 1u << t);
}

/* Required traits first, then by name; the class's own last. */
static int update_order(const meaning *m, int *order)
{
    bool left[TRAITS];
    int count = 0;
    memcpy(left, m->has, sizeof left);
    for (;;) {
        int best = NONE;
        for (int t = 0; t < TRAITS; t++) {
            bool waits = !left[t];
            for (int o = 0; o < TRAITS; o++) waits |= left[o] && requires(t, o, 0) && !requires(o, t, 0);
            if (!waits && (best == NONE || strcmp(pool[t].name, pool[best].name) < 0)) best = t;
        }
        if (best == NONE) break;
        left[best] = false;
        if (pool[best].update || pool[best].update_only_defined) order[count++] = number_of(best, UPDATE);
    }
    if (the.on_class && the.fills >> NAMES & 1) order[count++] = CLASS_UPDATE;
    return count;
}

/* ---- The real thing ---- */

static void declare(void)
{
    for (int t = 0; t < TRAITS; t++) {
        const char *lines[4], *requires[2], *excludes[1];
        molt_trait_lines l = { .size = sizeof l, .name = pool[t].name, .lines = lines, .required_lines = requires,
                               .excluded_lines = excludes, .where = "test" };
        static const char *const typed[NAMES] = { "int a()", "int b()", "int c()" };
        char required[8], excluded[8];
        for (int n = 0; n < NAMES; n++) {
            if (pool[t].typed >> n & 1) lines[l.line_count++] = typed[n];
        }
        if (pool[t].update) lines[l.line_count++] = "all void update()";
        if (pool[t].field) lines[l.line_count++] = pool[t].field;
        snprintf(required, sizeof required, "trait %s", pool[t].requires == NONE ? "" : pool[pool[t].requires].name);
        snprintf(excluded, sizeof excluded, "trait %s", pool[t].excludes == NONE ? "" : pool[pool[t].excludes].name);
        if (pool[t].requires != NONE) requires[l.required_line_count++] = required;
        if (pool[t].needs != NONE) requires[l.required_line_count++] = names[pool[t].needs];
        if (pool[t].excludes != NONE) excludes[l.excluded_line_count++] = excluded;
        the.traits[t] = molt_trait_declare(with.world, &l);
        if (!the.traits[t]) fail_trial("%s", molt_last_error(with.world));
        for (int own = 0; own <= UPDATE; own++) {
            bool defined = own < NAMES ? pool[t].defs >> own & 1
                                       : own == UPDATE && (pool[t].update || pool[t].update_only_defined);
            molt_fill fill = by_lua(own < NAMES ? names[own] : "update", number_of(t, own));
            if (defined && molt_trait_fill(the.traits[t], &fill)) fail_trial("%s", molt_last_error(with.world));
        }
    }
}

static const molt__selection *select_by(molt_trait *trait, const molt__selection *from, const verb *v)
{
    const char *old_new[] = { molt__name(with.world, names[v->old]), molt__name(with.world, names[v->new]) };
    const molt__selection *made;
    molt__select_verb kind = (molt__select_verb)v->kind;
    if (!molt__select(trait, from, kind, old_new, kind == MOLT__WITHOUT ? 1 : 2, &made)) fail_trial("no memory");
    return made;
}

static molt__attached real_piece(const piece *p)
{
    molt__attached a = { .trait = the.traits[p->trait] };
    for (int v = 0; v < p->verb_count; v++) a.names = select_by(a.trait, a.names, &p->verbs[v]);
    return a;
}

static molt_shape *attach(const piece *pieces, int count)
{
    molt__attached add[2 * PIECES];
    for (int i = 0; i < count; i++) add[i] = real_piece(&pieces[i]);
    molt_class *box = molt_class_find(with.world, "Box");
    return molt__shape_attach_set(molt__class_shape(box), add, (size_t)count);
}

/* A class of these pieces, with fills of its own; NULL when it does not compose. */
static molt_shape *make_class(const char *name, const piece *pieces, int count)
{
    molt_class *cls = molt_class_declare(with.world, &(molt_class_lines){ .size = sizeof(molt_class_lines), .name = name });
    molt__attached add[2 * PIECES];
    for (int n = 0; n <= NAMES; n++) {
        molt_fill fill = n < NAMES ? by_lua(names[n], CLASS_FILL + n) : by_lua("update", CLASS_UPDATE);
        if (the.fills >> n & 1 && molt_class_fill(cls, &fill) < 0) fail_trial("%s", molt_last_error(with.world));
    }
    for (int i = 0; i < count; i++) add[i] = real_piece(&pieces[i]);
    if (molt__class_use_set(cls, add, (size_t)count)) fail_trial("%s", molt_last_error(with.world));
    return molt__class_shape(cls);
}

static molt_shape *compose(const char *name, const piece *pieces, int count)
{
    return the.on_class ? make_class(name, pieces, count) : attach(pieces, count);
}

/* ---- Comparing ---- */

static int number_in(const molt_definition *definition)
{
    return definition ? (int)definition->foreign : 0;
}

static void compare_slots(const molt_shape *shape, const meaning *m)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt__part *part = &shape->parts[i];
        int t = 0;
        while (the.traits[t] != part->trait) t++;
        for (int own = 0; own < NAMES; own++) {
            const molt__method *method = molt__trait_method(part->trait, molt__name(with.world, names[own]));
            if (!method) continue;
            int got = number_in(molt__vtable_filler(part->vtable, method->slot)), expected = origin(m, slot_name(m, t, own));
            if (got != expected) fail_trial("slot %s.%s holds %d, expected %d", pool[t].name, names[own], got, expected);
        }
    }
}

static void compare_update(const molt_shape *shape, const meaning *m)
{
    int order[TRAITS + 1], count = update_order(m, order), plain = 0;
    const molt__chain *chain = molt__combine_find(shape, molt__name(with.world, "update"));
    if (!chain) {
        /* Nobody declares it: then one definition answers. */
        plain = number_in(molt__resolve(shape, molt__name(with.world, "update")));
        if (plain != (count ? order[count - 1] : 0)) fail_trial("update is %d", plain);
        return;
    }
    if (chain->count != (size_t)count) fail_trial("update runs %zu, expected %d", chain->count, count);
    for (int i = 0; i < count; i++) {
        int got = number_in(chain->item[i].definition);
        if (got != order[i]) fail_trial("update runs %d at %d, expected %d", got, i, order[i]);
    }
}

static void compare(const molt_shape *shape, const meaning *m)
{
    for (int n = 0; n < NAMES; n++) {
        int got = number_in(molt__resolve(shape, molt__name(with.world, names[n])));
        if (got != origin(m, n)) fail_trial("%s is %d, expected %d", names[n], got, origin(m, n));
    }
    compare_slots(shape, m);
    compare_update(shape, m);
}

static void check_refusal(const verdict *v)
{
    int code = molt_last_code(with.world);
    bool foreseen = (code == MOLT_ERR_CONFLICT && v->conflict) || (code == MOLT_ERR_MISSING && v->missing) ||
                    (code == MOLT_ERR_EXCLUDED && v->excluded);
    if (!foreseen) fail_trial("refused: %s", molt_last_error(with.world));
}

/* ---- Laws ---- */

/* Another order, and some named twice, mean the same: one shape, or none. */
static void check_order(const molt_shape *shape)
{
    piece list[2 * PIECES];
    int count = 0;
    for (int i = 0; i < the.count; i++) {
        for (int copies = 1 + pick(2); copies > 0; copies--) {
            int at = pick((size_t)count + 1);
            memmove(&list[at + 1], &list[at], (size_t)(count++ - at) * sizeof *list);
            list[at] = the.pieces[i];
        }
    }
    const molt_shape *other = compose("Other", list, count);
    if (!shape != !other) fail_trial("in another order it is %s", other ? "lawful" : molt_last_error(with.world));
    if (shape && !the.on_class && shape != other) fail_trial("another order makes another shape");
    if (other) {
        meaning m = meaning_of(list, count);
        compare(other, &m);
    }
}

/* Brackets: some of them first, the rest afterwards, and back again. */
static void check_brackets(molt_shape *shape)
{
    if (the.on_class || !shape || the.count < 2) return;
    int cut = 1 + pick((size_t)the.count - 1);
    for (int i = cut; i < the.count; i++) {
        for (int k = 0; k < cut; k++) {
            if (the.pieces[i].trait == the.pieces[k].trait) return;
        }
    }
    molt_shape *half = attach(the.pieces, cut);
    if (!half) return;
    molt__attached rest[PIECES];
    for (int i = cut; i < the.count; i++) rest[i - cut] = real_piece(&the.pieces[i]);
    molt_shape *whole = molt__shape_attach_set(half, rest, (size_t)(the.count - cut));
    if (whole != shape) fail_trial("brackets make another shape: %s", whole ? "" : molt_last_error(with.world));
    for (int i = cut; i < the.count && whole != half; i++) {
        molt_shape *less = molt__shape_detach(whole, rest[i - cut].trait);
        if (!less && molt_last_code(with.world) != MOLT_ERR_UNKNOWN) return;     /* another one requires it */
        if (less) whole = less;
    }
    if (whole != half) fail_trial("detach leads elsewhere");
}

/* The verbs distribute over the union of two selections of one trait. */
static void check_distribution(void)
{
    if (the.count < 2) return;
    piece one = the.pieces[0], other = the.pieces[1];
    other.trait = one.trait;
    verb v = { pick(3), pick(NAMES), 0 };
    v.new = (v.old + 1 + pick(NAMES - 1)) % NAMES;
    molt_trait *trait = the.traits[one.trait];
    const molt__selection *a = real_piece(&one).names, *b = real_piece(&other).names, *both, *after;
    if (!molt__select_unite(trait, a, b, &both)) fail_trial("no memory");
    if (!molt__select_unite(trait, select_by(trait, a, &v), select_by(trait, b, &v), &after)) fail_trial("no memory");
    if (select_by(trait, both, &v) != after) fail_trial("a verb does not distribute");
}

static size_t lawful, refused_ones;

static void trial(unsigned long long seed, const int *steps, size_t count)
{
    the = (trial_state){ .random = seed };
    the.on_class = pick(2);
    the.fills = pick(2) ? (unsigned)pick(1 << (NAMES + 1)) : 0;
    if (!the.on_class) the.fills = 0;
    tell(the.on_class ? "  a class that itself defines %x, of\n" : "  an object with\n", the.fills);
    if (set_up(NULL)) fail_trial("no world");
    declare();
    new_class("Box", NULL, NO_TRAITS);
    for (size_t i = 0; i < count; i++) {
        the.random = step_seed(seed, steps[i]);
        if (pick(2)) the.pieces[the.count++] = some_piece();
    }
    meaning m = meaning_of(the.pieces, the.count);
    verdict v = judge(&m);
    bool unlawful = v.conflict || v.missing || v.excluded;
    molt_shape *shape = compose("Class", the.pieces, the.count);
    if (!shape) check_refusal(&v);
    else if (unlawful) fail_trial("not refused");
    else compare(shape, &m);
    *(shape ? &lawful : &refused_ones) += 1;
    check_order(shape);
    check_brackets(shape);
    check_distribution();
    if (tear_down(NULL)) fail_trial("memory is left");
}

static void summary(void)
{
    print_message("of the last batch %zu lawful, %zu refused\n", lawful, refused_ones);
}

static void compositions_mean_what_the_model_says(void **state)
{
    (void)state;
    const property compositions = { .name = "compositions", .seed = 1, .rounds = 4000, .long_rounds = 1000000,
                                    .steps = PIECES, .run = trial, .summary = summary };
    run_property(&compositions);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(compositions_mean_what_the_model_says) };
    return cmocka_run_group_tests_name("compose", tests, NULL, NULL);
}
