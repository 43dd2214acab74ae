#include "evolve.h"

#include "edit.h"
#include "error.h"
#include "memory.h"
#include "redraft.h"
#include "revalue.h"
#include "world_state.h"

#include <string.h>

/* What a trait will define itself; once exchanged, what it did. */
typedef struct molt__rewrite {
    molt__definitions own;
    molt__definitions before;
    size_t made;                     /* the last of `own` are new */
} molt__rewrite;

static bool is_version(const molt__rewriting *w)
{
    return !w->draft->partial;
}

/* The trait that counts afterwards. */
static molt_trait *trait_now(const molt__rewriting *w)
{
    return is_version(w) ? w->draft : w->current;
}

static const molt__rewriting *rewriting_of(const molt__evolution *e, const molt_trait *trait)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->rewritings[i].current == trait) return &e->rewritings[i];
    }
    return NULL;
}

/* ---- The traits' own definitions ---------------------------------------------------- */

static bool goes(const molt__rewriting *w, const char *name)
{
    for (size_t i = 0; i < w->dropped_count; i++) {
        if (strcmp(w->dropped[i], name) == 0) return true;
    }
    for (size_t i = 0; i < w->fill_count; i++) {
        if (strcmp(w->fills[i].name, name) == 0) return true;
    }
    return false;
}

static int make_own(molt_world *world, const molt__rewriting *w, molt__rewrite *r)
{
    const molt__definitions *before = &w->current->own;
    size_t most = before->count + w->fill_count + 1;
    if (molt__reserve(world, (void **)&r->own.item, &r->own.capacity, most, sizeof *r->own.item)) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < before->count; i++) {
        if (!goes(w, before->item[i]->name)) r->own.item[r->own.count++] = before->item[i];
    }
    for (size_t i = 0; i < w->fill_count; i++) {
        molt_definition *made = molt__definition_new(world, trait_now(w), &w->fills[i]);
        if (!made) return molt_last_code(world);
        r->own.item[r->own.count++] = made;
        r->made++;
    }
    return MOLT_OK;
}

/* Those that the trait had and has no longer, or those that were made in vain. */
static void end_own(molt_world *world, const molt__rewriting *w, molt__rewrite *r, bool done)
{
    for (size_t i = 0; done && i < r->before.count; i++) {
        if (goes(w, r->before.item[i]->name)) molt__definition_free(world, r->before.item[i]);
    }
    for (size_t i = r->own.count - r->made; !done && i < r->own.count; i++) {
        r->own.item[i]->foreign = 0;
        molt__definition_free(world, r->own.item[i]);
    }
    molt__definitions *gone = done ? &r->before : &r->own;
    molt__free(world, gone->item, gone->capacity * sizeof *gone->item);
}

/* Definitions by Lua know the trait and the slot that they were made for. */
static void point_definitions(const molt__definitions *set, molt_trait *trait)
{
    for (size_t i = 0; i < set->count; i++) {
        const molt__method *method = molt__trait_method(trait, set->item[i]->name);
        set->item[i]->trait = trait;
        set->item[i]->slot = method ? method->slot : 0;
    }
}

/* ---- Implementations ------------------------------------------------------------------ */

static const molt_definition *native_in(const molt__definitions *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i]->function) return set->item[i];
    }
    return NULL;
}

static bool changes(const molt__impl_change *natives, size_t count, const molt_impl *impl)
{
    for (size_t i = 0; i < count; i++) {
        if (natives[i].impl == impl) return true;
    }
    return false;
}

/* Native code that was compiled for the layout that goes, and does not change with it. */
static const molt_definition *left_behind(const molt__rewriting *w, const molt__impl_change *natives, size_t count)
{
    const molt_world *world = w->current->world;
    const molt_definition *found = is_version(w) ? native_in(&w->current->own) : NULL;
    for (size_t i = 0; i < world->impls.count && !found && is_version(w); i++) {
        const molt_impl *impl = world->impls.item[i];
        if (impl->trait == w->current && !changes(natives, count, impl)) found = native_in(&impl->native);
    }
    return found;
}

static int refuse_native(const molt__rewriting *w, const molt_definition *native)
{
    const molt_trait *trait = w->current;
    molt__fail(trait->world, MOLT_ERR_DECLARATION, "trait '%s' cannot change at %s: '%s' is filled by native code (%s) for "
               "the layout declared at %s", trait->name, w->draft->where, native->name, native->where, trait->where);
    molt__hint(trait->world, "change the native code with it, or let go of it first");
    return MOLT_ERR_DECLARATION;
}

static int make_natives(molt__evolution *e)
{
    for (size_t i = 0; i < e->native_count; i++) {
        const molt__rewriting *w = rewriting_of(e, e->natives[i].impl->trait);
        int err = molt__impl_build(e->world, w ? trait_now(w) : e->natives[i].impl->trait, &e->natives[i]);
        if (err) return err;
    }
    return MOLT_OK;
}

static void exchange_natives(const molt__evolution *e)
{
    for (size_t i = 0; i < e->native_count; i++) molt__impl_swap(&e->natives[i]);
}

static void put_trait(const molt__rewriting *w, molt__rewrite *r, bool on)
{
    molt_world *world = w->current->world;
    if (!is_version(w)) molt__redraft_exchange(w->current, w->draft);
    else if (on) molt__redraft_replace(world, w->current, w->draft);
    else molt__redraft_replace(world, w->draft, w->current);
    if (on) {
        r->before = w->current->own;
        trait_now(w)->own = r->own;
    } else {
        trait_now(w)->own = (molt__definitions){ 0 };
        w->current->own = r->before;
    }
}

static void put_in_place(const molt__evolution *e, bool on)
{
    exchange_natives(e);
    molt__revalue_exchange(e);
    for (size_t i = 0; i < e->count; i++) {
        size_t at = on ? i : e->count - 1 - i;
        put_trait(&e->rewritings[at], &e->rewrites[at], on);
    }
}

/* ---- The change --------------------------------------------------------------------------- */

static bool alive(const molt_trait *trait)
{
    const molt_world *world = trait->world;
    for (size_t i = 0; i < world->shapes.count; i++) {
        const molt_shape *shape = world->shapes.item[i];
        if (shape->live && molt__shape_part(shape, trait->identity)) return true;
    }
    return false;
}

bool molt__evolution_must_wait(const molt_trait *trait)
{
    return trait->world->border->depth && alive(trait);
}

static int check(const molt__evolution *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const molt__rewriting *w = &e->rewritings[i];
        const molt_definition *native = left_behind(w, e->natives, e->native_count);
        if (native) return refuse_native(w, native);
        if (!molt__evolution_must_wait(w->current)) continue;
        molt__fail(e->world, MOLT_ERR_STATE, "trait '%s' cannot change while a native method is on the stack",
                   w->current->name);
        molt__hint(e->world, "declare it again outside of native methods, for example before molt.tick()");
        return MOLT_ERR_STATE;
    }
    return MOLT_OK;
}

static void add_succession(molt__evolution *e, molt_trait *from, molt_trait *to)
{
    for (size_t i = 0; i < e->succession_count; i++) {
        if (e->successions[i].from == from) return;
    }
    e->successions[e->succession_count++] = (molt__succession){ from, to };
}

/* Traits that stay, but whose native functions change, are gone through like others. */
static void list_successions(molt__evolution *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const molt__rewriting *w = &e->rewritings[i];
        add_succession(e, w->current, trait_now(w));
        if (w->migrate && is_version(w)) e->migrators[e->migrator_count++] = (molt__migrator){ w->draft, w->migrate };
    }
    for (size_t i = 0; i < e->native_count; i++) {
        molt_trait *trait = e->natives[i].impl->trait;
        if (!rewriting_of(e, trait)) add_succession(e, trait, trait);
    }
}

static int make_room(molt__evolution *e)
{
    molt_world *world = e->world;
    size_t most = e->count + e->native_count + 1;
    e->value_room = (world->impls.count + 1) * sizeof *e->values;
    e->rewrites = molt__allocate(world, most * sizeof *e->rewrites);
    e->successions = molt__allocate(world, most * sizeof *e->successions);
    e->migrators = molt__allocate(world, most * sizeof *e->migrators);
    e->values = molt__allocate(world, e->value_room);
    bool all = e->rewrites && e->successions && e->migrators && e->values;
    return all ? MOLT_OK : MOLT_ERR_MEMORY;
}

static void end(molt__evolution *e, bool done)
{
    molt_world *world = e->world;
    size_t most = e->count + e->native_count + 1;
    for (size_t i = 0; e->rewrites && i < e->count; i++) end_own(world, &e->rewritings[i], &e->rewrites[i], done);
    if (!done) molt__impl_release(world, e->natives, e->native_count);
    molt__revalue_end(e);
    molt__free(world, e->rewrites, most * sizeof *e->rewrites);
    molt__free(world, e->successions, most * sizeof *e->successions);
    molt__free(world, e->migrators, most * sizeof *e->migrators);
    molt__edit_publish(world);
}

/* The Lua side's handles follow. */
static int tell(const molt__evolution *e, bool commit)
{
    molt_world *world = e->world;
    int err = MOLT_OK;
    for (size_t i = 0; i < e->count && !err; i++) {
        const molt__rewriting *w = &e->rewritings[i];
        bool told = world->bridge && world->bridge->succeed && is_version(w);
        if (told) w->draft->announced = true;
        if (told) err = world->bridge->succeed(world->bridge_user, w->current, w->draft, commit);
    }
    return err;
}

static int make_all(molt__evolution *e)
{
    int err = make_room(e);
    for (size_t i = 0; i < e->count && !err; i++) {
        err = make_own(e->world, &e->rewritings[i], &e->rewrites[i]);
        if (!err) err = molt__revalue_make(e, &e->rewritings[i]);
    }
    return err ? err : make_natives(e);
}

int molt__evolution_prepare(molt__evolution *e)
{
    int err = check(e);
    if (err) return err;
    err = tell(e, false);
    if (!err) err = make_all(e);
    if (!err) {
        list_successions(e);
        put_in_place(e, true);
        e->overhaul = (molt__overhaul){ .world = e->world, .successions = e->successions, .judged = e->judged, .every = e->every,
                                        .succession_count = e->succession_count, .migrators = e->migrators,
                                        .migrator_count = e->migrator_count };
        err = molt__overhaul_prepare(&e->overhaul);
        if (err) put_in_place(e, false);
    }
    if (err) end(e, false);
    return err;
}

/* The draft has what is gone: the earlier contents, or nothing of its own. */
static void settle(const molt__evolution *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const molt__rewriting *w = &e->rewritings[i];
        if (is_version(w)) {
            w->current->own = (molt__definitions){ 0 };
            w->current->past = true;
        }
        point_definitions(&trait_now(w)->own, trait_now(w));
    }
    for (size_t i = 0; i < e->value_count; i++) {
        molt_impl *impl = e->values[i].impl;
        point_definitions(&impl->lua, impl->trait);
        const molt__rewriting *w = NULL;
        for (size_t r = 0; r < e->count; r++) {
            if (trait_now(&e->rewritings[r]) == impl->trait) w = &e->rewritings[r];
        }
        /* What is left over was a value of the trait as it was before. */
        if (w) e->values[i].fields = is_version(w) ? w->current->fields : w->draft->fields;
    }
}

void molt__evolution_commit(molt__evolution *e)
{
    for (size_t i = 0; i < e->native_count; i++) molt__impl_count(&e->natives[i]);
    settle(e);
    tell(e, true);
    molt__overhaul_commit(&e->overhaul);
    end(e, true);
}

void molt__evolution_cancel(molt__evolution *e)
{
    molt__overhaul_cancel(&e->overhaul);
    put_in_place(e, false);
    end(e, false);
}

/* ---- What speaks against it ------------------------------------------------------------------ */

static void add_field_reasons(const molt__rewriting *w, molt__reasons *reasons)
{
    const molt_trait *from = w->current, *to = w->draft;
    for (size_t i = 0; i < to->field_count; i++) {
        const molt__field *is = &to->fields[i], *was = molt__trait_field(from, is->name);
        char now[128], before[128];
        if (!is->offset || (was && !was->offset)) continue;
        molt__declaration_type(is->kind, &is->type, now, sizeof now);
        if (!was && is->required) {
            molt__reasons_add(w->current->world, reasons, MOLT_ERR_MISSING, "field '%s %s' of %s (%s) is required, and live objects have no value "
                              "for it", now, is->name, to->name, to->where);
        }
        if (!was || molt__field_fit(was, is) != MOLT__FIT_NONE) continue;
        molt__declaration_type(was->kind, &was->type, before, sizeof before);
        molt__reasons_add(w->current->world, reasons, MOLT_ERR_DECLARATION, "field '%s' of %s cannot become '%s' (%s): in live objects it is '%s' "
                          "(%s)", is->name, to->name, now, to->where, before, from->where);
    }
}

void molt__evolution_reasons(const molt__rewriting *w, molt__reasons *reasons)
{
    if (!w->migrate && is_version(w) && alive(w->current)) add_field_reasons(w, reasons);
}
