#include "redefine.h"

#include "edit.h"
#include "error.h"
#include "impl.h"
#include "memory.h"
#include "relayout.h"
#include "roster.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* Field values of one implementation, for the other version. */
typedef struct values {
    molt_impl *impl;
    molt_value *value;               /* the new ones, then the old */
    size_t count;
} values;

typedef struct rewrite {
    molt_world *world;
    molt_trait *current, *draft;
    const molt__rewriting *given;
    molt__definitions own;           /* what the trait will define itself */
    molt__definitions before;
    size_t made;                     /* the last of `own` are new */
    values *values;
    size_t value_count;
    bool version;                    /* the draft takes the place of `current` */
} rewrite;

/* ---- The trait's own definitions ------------------------------------------- */

static bool goes(const rewrite *r, const char *name)
{
    for (size_t i = 0; i < r->given->dropped_count; i++) {
        if (strcmp(r->given->dropped[i], name) == 0) return true;
    }
    for (size_t i = 0; i < r->given->fill_count; i++) {
        if (strcmp(r->given->fills[i].name, name) == 0) return true;
    }
    return false;
}

static int make_own(rewrite *r)
{
    const molt__definitions *before = &r->current->own;
    size_t most = before->count + r->given->fill_count;
    if (molt__reserve(r->world, (void **)&r->own.item, &r->own.capacity, most ? most : 1, sizeof *r->own.item))
        return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < before->count; i++) {
        if (!goes(r, before->item[i]->name)) r->own.item[r->own.count++] = before->item[i];
    }
    for (size_t i = 0; i < r->given->fill_count; i++) {
        molt_definition *made = molt__definition_new(r->world, r->version ? r->draft : r->current, &r->given->fills[i]);
        if (!made) return molt_last_code(r->world);
        r->own.item[r->own.count++] = made;
        r->made++;
    }
    return MOLT_OK;
}

/* Those that the trait had and has no longer, or those that were made in vain. */
static void end_own(rewrite *r, bool done)
{
    for (size_t i = 0; done && i < r->before.count; i++) {
        if (goes(r, r->before.item[i]->name)) molt__definition_free(r->world, r->before.item[i]);
    }
    for (size_t i = r->own.count - r->made; !done && i < r->own.count; i++) {
        r->own.item[i]->foreign = 0;
        molt__definition_free(r->world, r->own.item[i]);
    }
    molt__definitions *gone = done ? &r->before : &r->own;
    molt__free(r->world, gone->item, gone->capacity * sizeof *gone->item);
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

/* ---- Implementations --------------------------------------------------------- */

static int check_native(const molt_trait *trait, const molt__definitions *set, const char *now)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!set->item[i]->function) continue;
        molt__fail(trait->world, MOLT_ERR_DECLARATION, "trait '%s' cannot change at %s: '%s' is filled by native code "
                   "(%s) for the layout declared at %s", trait->name, now, set->item[i]->name, set->item[i]->where,
                   trait->where);
        return molt__hint(trait->world, "change the native code with it, or let go of it first");
    }
    return MOLT_OK;
}

static int convert_values(rewrite *r, const molt_impl *impl, values *to)
{
    for (size_t i = 0; i < impl->value_count; i++) {
        if (impl->values[i].kind == MOLT_VOID) continue;
        const molt__field *field = molt__trait_field(r->draft, r->current->fields[i].name);
        if (!field || !field->offset) continue;
        char what[160];
        snprintf(what, sizeof what, "field '%s' of implementation '%s' (%s)", field->name, impl->name, impl->where);
        int err = molt__value_convert(r->world, field->kind, impl->values[i], &to->value[field - r->draft->fields], what);
        if (err) return err;
    }
    return MOLT_OK;
}

static int make_values(rewrite *r)
{
    for (size_t i = 0; i < r->world->impls.count; i++) {
        molt_impl *impl = r->world->impls.item[i];
        if (impl->trait != r->current) continue;
        int err = r->version ? check_native(r->current, &impl->native, r->draft->where) : MOLT_OK;
        if (err) return err;
        values *v = &r->values[r->value_count++];
        v->impl = impl;
        if (!impl->values || !r->draft->field_count) continue;
        v->value = molt__allocate(r->world, r->draft->field_count * sizeof *v->value);
        if (!v->value) return MOLT_ERR_MEMORY;
        v->count = r->draft->field_count;
        if ((err = convert_values(r, impl, v))) return err;
    }
    return MOLT_OK;
}

static void exchange_values(rewrite *r)
{
    for (size_t i = 0; i < r->value_count; i++) {
        values *v = &r->values[i], was = { v->impl, v->impl->values, v->impl->value_count };
        v->impl->values = v->value;
        v->impl->value_count = v->count;
        *v = was;
    }
}

static void end_values(rewrite *r, size_t room)
{
    for (size_t i = 0; i < r->value_count; i++) {
        molt__free(r->world, r->values[i].value, r->values[i].count * sizeof *r->values[i].value);
    }
    molt__free(r->world, r->values, room);
}

/* ---- Every list -------------------------------------------------------------- */

static void replace_in(molt_trait **list, size_t count, const molt_trait *from, molt_trait *to)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == from) list[i] = to;
    }
}

static void replace(molt_world *world, molt_trait *from, molt_trait *to)
{
    molt__list *traits = &world->traits;
    replace_in((molt_trait **)traits->item, traits->count, from, to);
    replace_in((molt_trait **)world->retired.item, world->retired.count, to, from);
    for (size_t i = 0; i < traits->count; i++) {
        molt_trait *trait = traits->item[i];
        replace_in(trait->required, trait->required_count, from, to);
        replace_in(trait->excluded, trait->excluded_count, from, to);
    }
    for (size_t i = 0; i < world->classes.count; i++) {
        molt_class *cls = world->classes.item[i];
        replace_in((molt_trait **)cls->traits.item, cls->traits.count, from, to);
    }
    for (size_t i = 0; i < world->impls.count; i++) {
        molt_impl *impl = world->impls.item[i];
        if (impl->trait == from) impl->trait = to;
    }
}

static void put_in_place(rewrite *r, bool on)
{
    if (r->version) replace(r->world, on ? r->current : r->draft, on ? r->draft : r->current);
    else molt__trait_exchange(r->current, r->draft);
    exchange_values(r);
    molt_trait *now = r->version ? r->draft : r->current;
    if (on) {
        r->before = r->current->own;
        now->own = r->own;
    } else {
        now->own = (molt__definitions){ 0 };
        r->current->own = r->before;
    }
}

static int must_not_wait(const molt_trait *trait)
{
    molt_world *world = trait->world;
    if (!world->border->depth) return MOLT_OK;
    for (size_t i = 0; i < world->shapes.count; i++) {
        const molt_shape *shape = world->shapes.item[i];
        if (!shape->live || !molt__shape_part(shape, trait->identity)) continue;
        molt__fail(world, MOLT_ERR_STATE, "trait '%s' cannot change while a native method is on the stack", trait->name);
        return molt__hint(world, "declare it again outside of native methods, for example before molt.tick()");
    }
    return MOLT_OK;
}

static int prepare(rewrite *r)
{
    int err = must_not_wait(r->current);
    if (!err && r->version) err = check_native(r->current, &r->current->own, r->draft->where);
    if (!err) err = make_own(r);
    return err ? err : make_values(r);
}

/* The draft has what is gone: the earlier contents, or nothing of its own. */
static void settle(rewrite *r)
{
    molt_trait *now = r->version ? r->draft : r->current;
    if (r->version) r->current->own = (molt__definitions){ 0 };
    point_definitions(&now->own, now);
    for (size_t i = 0; i < r->value_count; i++) {
        const molt_impl *impl = r->values[i].impl;
        point_definitions(&impl->lua, now);
        point_definitions(&impl->native, now);
    }
}

molt_trait *molt__redefine_trait(molt_trait *current, molt_trait *draft, const molt__rewriting *given)
{
    molt_world *world = current->world;
    rewrite r = { .world = world, .current = current, .draft = draft, .given = given, .version = !draft->partial };
    size_t room = (world->impls.count + 1) * sizeof *r.values;
    r.values = molt__allocate(world, room);
    if (!r.values) return NULL;
    molt_trait *now = r.version ? draft : current;
    int err = prepare(&r);
    if (!err) {
        put_in_place(&r, true);
        err = molt__relayout_trait(current, now, given->judged);
        if (err) put_in_place(&r, false);
        else settle(&r);
    }
    end_own(&r, !err);
    end_values(&r, room);
    molt__edit_publish(world);
    return err ? NULL : now;
}

/* ---- Classes ----------------------------------------------------------------- */

typedef struct recompose {
    molt_class *cls;
    const molt__recomposition *to;
    molt_class *base;                /* what the class had, or is to have: exchanged */
    molt__list traits;
    molt__class_fill *fills;
    size_t fill_count;
    size_t fill_capacity;
    char *where;
    size_t made;                     /* the last of `fills` are new definitions */
} recompose;

static bool dropped(const molt__recomposition *to, const molt__class_fill *fill)
{
    for (size_t i = 0; i < to->dropped_count; i++) {
        if (to->dropped[i] == fill->number) return true;
    }
    for (size_t i = 0; i < to->ended_count; i++) {
        if (to->ended[i] == fill->impl) return true;
    }
    return false;
}

static int make_fills(recompose *r)
{
    molt_world *world = r->cls->world;
    size_t most = r->cls->fill_count + r->to->impl_count + r->to->fill_count + 1;
    if (molt__reserve(world, (void **)&r->fills, &r->fill_capacity, most, sizeof *r->fills)) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < r->cls->fill_count; i++) {
        if (!dropped(r->to, &r->cls->fills[i])) r->fills[r->fill_count++] = r->cls->fills[i];
    }
    for (size_t i = 0; i < r->to->impl_count; i++) {
        r->fills[r->fill_count++] = (molt__class_fill){ .number = ++world->fill_number, .impl = r->to->impls[i] };
    }
    for (size_t i = 0; i < r->to->fill_count; i++) {
        molt_definition *made = molt__definition_new(world, NULL, &r->to->fills[i]);
        if (!made) return molt_last_code(world);
        r->fills[r->fill_count++] = (molt__class_fill){ .number = ++world->fill_number, .definition = made };
        r->to->numbers[r->made++] = world->fill_number;
    }
    return MOLT_OK;
}

static int make_traits(recompose *r)
{
    molt_world *world = r->cls->world;
    const molt__recomposition *to = r->to;
    if (molt__reserve(world, (void **)&r->traits.item, &r->traits.capacity, to->trait_count + 1, sizeof(void *)))
        return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < to->trait_count; i++) {
        bool twice = molt__class_has(to->base, to->traits[i]);
        for (size_t j = 0; j < r->traits.count; j++) twice = twice || r->traits.item[j] == to->traits[i];
        if (!twice) r->traits.item[r->traits.count++] = to->traits[i];
    }
    r->where = molt__copy_text(world, to->where ? to->where : "?");
    return r->where ? MOLT_OK : MOLT_ERR_MEMORY;
}

static void leave_base(molt_class *cls)
{
    molt__list *children = &cls->base->children;
    size_t at = 0;
    while (children->item[at] != cls) at++;
    memmove(&children->item[at], &children->item[at + 1], (children->count - at - 1) * sizeof(void *));
    children->count--;
}

/* What the class has and what it is to have change places. */
static void exchange(recompose *r)
{
#define EXCHANGE(type, member) do { type was = r->cls->member; r->cls->member = r->member; r->member = was; } while (0)
    if (r->base != r->cls->base) {
        if (r->cls->base) leave_base(r->cls);
        if (r->base) r->base->children.item[r->base->children.count++] = r->cls;
    }
    if (r->base != r->cls->base) molt__rosters_forget(r->cls->world);
    EXCHANGE(molt_class *, base);
    EXCHANGE(molt__list, traits);
    EXCHANGE(molt__class_fill *, fills);
    EXCHANGE(size_t, fill_count);
    EXCHANGE(size_t, fill_capacity);
    EXCHANGE(char *, where);
#undef EXCHANGE
}

static int check_class(const recompose *r)
{
    const molt_class *cls = r->cls;
    molt_world *world = cls->world;
    if (molt__class_extends(r->base, cls)) {
        return molt__fail(world, MOLT_ERR_DECLARATION, "class '%s' cannot extend '%s', which extends it (%s)", cls->name,
                          r->base->name, r->base->where);
    }
    if (molt__relayout_must_wait(cls)) {
        molt__fail(world, MOLT_ERR_STATE, "class '%s' cannot change while a native method is on the stack", cls->name);
        return molt__hint(world, "declare it again outside of native methods, for example before molt.tick()");
    }
    return MOLT_OK;
}

static void end_fills(recompose *r, bool done)
{
    molt_world *world = r->cls->world;
    for (size_t i = 0; done && i < r->fill_count; i++) {
        if (dropped(r->to, &r->fills[i])) molt__definition_free(world, r->fills[i].definition);
    }
    for (size_t i = r->fill_count - r->made; !done && i < r->fill_count; i++) {
        r->fills[i].definition->foreign = 0;
        molt__definition_free(world, r->fills[i].definition);
    }
    molt__free(world, r->fills, r->fill_capacity * sizeof *r->fills);
    molt__free(world, r->traits.item, r->traits.capacity * sizeof(void *));
    molt__free_text(world, r->where);
}

int molt__redefine_class(molt_class *cls, const molt__recomposition *to)
{
    molt_world *world = cls->world;
    recompose r = { .cls = cls, .to = to, .base = to->base };
    int err = check_class(&r);
    if (!err) err = make_traits(&r);
    if (!err) err = make_fills(&r);
    if (!err && to->base) err = molt__reserve(world, (void **)&to->base->children.item, &to->base->children.capacity,
                                              to->base->children.count + 1, sizeof(void *));
    /* Its place among the earlier base's is there to be taken back. */
    if (!err) {
        exchange(&r);
        err = molt__relayout_class(cls, to->judged);
        if (err) exchange(&r);
        else molt__class_forget_idle(cls);
    }
    end_fills(&r, !err);
    molt__edit_publish(world);
    return err;
}

int molt__redefine_object(molt_object *object, molt_class *cls, bool judged)
{
    molt_world *world = cls->world;
    if (world->border->depth) {
        molt__fail(world, MOLT_ERR_STATE, "an object cannot change its class while a native method is on the stack");
        return molt__hint(world, "ask for it outside of native methods, for example before molt.tick()");
    }
    return molt__relayout_object(object, cls, judged);
}
