#include "select.h"

#include "memory.h"
#include "trait.h"
#include "world_state.h"

#include <stdlib.h>
#include <string.h>

/* Pairs on the way to a selection: never more than were reserved. */
typedef struct draft {
    molt__pair *pair;
    size_t count;
    size_t capacity;
} draft;

static bool mentioned(const molt__pair *pair, size_t count, const char *own)
{
    for (size_t i = 0; i < count; i++) {
        if (pair[i].own == own) return true;
    }
    return false;
}

static void put(draft *d, const char *own, const char *name, unsigned role)
{
    d->pair[d->count++] = (molt__pair){ own, name, role };
}

/* Does the trait itself know a method of that name? */
static bool knows(const molt_trait *trait, const char *own)
{
    if (molt__trait_method(trait, own) || molt__definitions_find(&trait->own, own)) return true;
    for (size_t i = 0; i < trait->needs.count; i++) {
        const molt__requirement *need = &trait->needs.item[i];
        if (need->name == own && (need->need == MOLT__NEED_METHOD || need->need == MOLT__NEED_NAME)) return true;
    }
    return false;
}

/* What the verb touches gets its pair: the trait's own. */
static void mention(const molt_trait *trait, draft *d, const char *own)
{
    if (knows(trait, own) && !mentioned(d->pair, d->count, own)) put(d, own, own, MOLT__EITHER);
}

bool molt__select_has(const molt_trait *trait, const molt__selection *from, const char *name)
{
    for (size_t i = 0; from && i < from->count; i++) {
        if (from->pair[i].name == name) return true;
    }
    return knows(trait, name) && (!from || !mentioned(from->pair, from->count, name));
}

static int by_names(const void *a, const void *b)
{
    const molt__pair *x = a, *y = b;
    int order = strcmp(x->own, y->own);
    return order ? order : strcmp(x->name, y->name);
}

/* Sorted, each pair once, and nothing that goes without saying. */
static void normalise(draft *d)
{
    qsort(d->pair, d->count, sizeof *d->pair, by_names);
    size_t count = 0;
    for (size_t i = 0; i < d->count; i++) {
        molt__pair pair = d->pair[i];
        molt__pair *last = count ? &d->pair[count - 1] : NULL;
        if (last && last->own == pair.own && last->name == pair.name) last->role |= pair.role;
        else if (pair.role) d->pair[count++] = pair;
    }
    d->count = 0;
    for (size_t i = 0; i < count; i++) {
        molt__pair pair = d->pair[i];
        bool alone = (i == 0 || d->pair[i - 1].own != pair.own) && (i + 1 == count || d->pair[i + 1].own != pair.own);
        if (alone && pair.own == pair.name && pair.role == MOLT__EITHER) continue;
        d->pair[d->count++] = pair;
    }
}

static bool intern(molt_trait *trait, draft *d, const molt__selection **out)
{
    molt_world *world = trait->world;
    normalise(d);
    *out = NULL;
    if (!d->count) return true;
    size_t bytes = d->count * sizeof *d->pair;
    for (size_t i = 0; i < world->selections.count; i++) {
        const molt__selection *known = world->selections.item[i];
        if (known->trait != trait || known->count != d->count) continue;
        bool same = true;
        for (size_t p = 0; p < d->count && same; p++) {
            const molt__pair *a = &known->pair[p], *b = &d->pair[p];
            same = a->own == b->own && a->name == b->name && a->role == b->role;
        }
        if (same) *out = known;
    }
    if (*out) return true;
    if (molt__reserve(world, (void **)&world->selections.item, &world->selections.capacity,
                      world->selections.count + 1, sizeof(void *))) return false;
    molt__selection *made = molt__allocate(world, sizeof *made + bytes);
    if (!made) return false;
    made->trait = trait;
    made->count = d->count;
    memcpy(made->pair, d->pair, bytes);
    world->selections.item[world->selections.count++] = made;
    if (d->count > world->widest_selection) world->widest_selection = d->count;
    *out = made;
    return true;
}

static bool draft_begin(molt_world *world, draft *d, const molt__selection *from, size_t more)
{
    size_t had = from ? from->count : 0;
    d->capacity = had + more + 1;
    d->count = had;
    d->pair = molt__allocate(world, d->capacity * sizeof *d->pair);
    if (d->pair && had) memcpy(d->pair, from->pair, had * sizeof *d->pair);
    return d->pair != NULL;
}

static bool draft_end(molt_trait *trait, draft *d, const molt__selection **out)
{
    bool done = intern(trait, d, out);
    molt__free(trait->world, d->pair, d->capacity * sizeof *d->pair);
    return done;
}

static void leave_out(draft *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->pair[i].name == name) d->pair[i].role &= ~(unsigned)MOLT__DEFINES;
    }
}

/* All at once, so that two names may change places. */
static void rename_all(draft *d, const char *const *names, size_t count)
{
    for (size_t i = 0; i < d->count; i++) {
        for (size_t n = 0; n < count; n += 2) {
            if (d->pair[i].name != names[n]) continue;
            d->pair[i].name = names[n + 1];
            break;
        }
    }
}

static void alias_all(draft *d, const char *const *names, size_t count)
{
    size_t had = d->count;
    for (size_t n = 0; n < count; n += 2) {
        for (size_t i = 0; i < had; i++) {
            bool defines = d->pair[i].name == names[n] && d->pair[i].role & MOLT__DEFINES;
            if (defines) put(d, d->pair[i].own, names[n + 1], MOLT__DEFINES);
        }
    }
}

bool molt__select(molt_trait *trait, const molt__selection *from, molt__select_verb verb, const char *const *names,
                  size_t count, const molt__selection **out)
{
    draft d;
    size_t most = (from ? from->count : 0) + count;
    if (!draft_begin(trait->world, &d, from, count + most * (count + 1))) return false;
    for (size_t n = 0; n < count; n += verb == MOLT__WITHOUT ? 1 : 2) mention(trait, &d, names[n]);
    if (verb == MOLT__RENAME) rename_all(&d, names, count);
    if (verb == MOLT__ALIAS) alias_all(&d, names, count);
    for (size_t n = 0; verb == MOLT__WITHOUT && n < count; n++) leave_out(&d, names[n]);
    return draft_end(trait, &d, out);
}

bool molt__select_pairs(molt_trait *trait, const molt__pair *pairs, size_t count, const molt__selection **out)
{
    draft d;
    if (!draft_begin(trait->world, &d, NULL, count)) return false;
    for (size_t i = 0; i < count; i++) put(&d, pairs[i].own, pairs[i].name, pairs[i].role & MOLT__EITHER);
    return draft_end(trait, &d, out);
}

bool molt__select_unite(molt_trait *trait, const molt__selection *a, const molt__selection *b,
                        const molt__selection **out)
{
    draft d;
    *out = a;
    if (a == b) return true;
    size_t more = b ? 2 * b->count : 0;
    if (!draft_begin(trait->world, &d, a, more + (a ? a->count : 0))) return false;
    /* What only one of them changes is, in the other, as the trait has it. */
    size_t had = d.count;
    for (size_t i = 0; i < had; i++) {
        const char *own = d.pair[i].own;
        if (!b || !mentioned(b->pair, b->count, own)) put(&d, own, own, MOLT__EITHER);
    }
    for (size_t i = 0; b && i < b->count; i++) {
        if (!mentioned(d.pair, had, b->pair[i].own)) put(&d, b->pair[i].own, b->pair[i].own, MOLT__EITHER);
        d.pair[d.count++] = b->pair[i];
    }
    return draft_end(trait, &d, out);
}

const char *molt__select_own(const molt__selection *names, const char *name, unsigned role, size_t *at)
{
    size_t i = (*at)++;
    if (i == 0) {
        if (!names || !mentioned(names->pair, names->count, name)) return name;
        i = (*at)++;
    }
    for (; names && i <= names->count; i = (*at)++) {
        const molt__pair *pair = &names->pair[i - 1];
        if (pair->name == name && pair->role & role) return pair->own;
    }
    return NULL;
}

const char *molt__select_name(const molt__selection *names, const char *own, size_t *at)
{
    size_t i = (*at)++;
    if (!names || !mentioned(names->pair, names->count, own)) return i == 0 ? own : NULL;
    for (; i < names->count; i = (*at)++) {
        if (names->pair[i].own == own) return names->pair[i].name;
    }
    return NULL;
}

const char *molt__select_slot(const molt__selection *names, const char *own)
{
    const char *slot = NULL;
    for (size_t i = 0; names && i < names->count; i++) {
        const molt__pair *pair = &names->pair[i];
        if (pair->own != own || !(pair->role & MOLT__SLOT)) continue;
        if (!slot || pair->name == own) slot = pair->name;
    }
    return slot ? slot : own;
}

void molt__selections_free(molt_world *world)
{
    for (size_t i = 0; i < world->selections.count; i++) {
        molt__selection *selection = world->selections.item[i];
        molt__free(world, selection, sizeof *selection + selection->count * sizeof *selection->pair);
    }
    molt__free(world, world->selections.item, world->selections.capacity * sizeof(void *));
    world->selections = (molt__list){ 0 };
}
