#include "recompose.h"

#include "edit.h"
#include "error.h"
#include "memory.h"
#include "overhaul.h"
#include "relayout.h"
#include "roster.h"
#include "world_state.h"

#include <string.h>

typedef struct recompose {
    molt_class *cls;
    const molt__recomposition *to;
    molt_class *base;                /* what the class had, or is to have: exchanged */
    molt__list traits;
    molt__list selections;
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
        /* What the class used before its base did stays its own, too. */
        bool own = i >= to->declared && molt__class_has(r->cls->base, to->traits[i]);
        bool twice = !own && molt__class_has(to->base, to->traits[i]);
        for (size_t j = 0; j < r->traits.count; j++) twice = twice || r->traits.item[j] == to->traits[i];
        if (!twice) r->traits.item[r->traits.count++] = to->traits[i];
    }
    if (molt__reserve(world, (void **)&r->selections.item, &r->selections.capacity,
                      to->selection_count + r->cls->selections.count + 1, sizeof(void *))) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < r->cls->selections.count; i++) {
        molt__selection *names = r->cls->selections.item[i];
        bool used = false;
        for (size_t j = to->declared; j < to->trait_count; j++) used = used || to->traits[j] == names->trait;
        if (used) r->selections.item[r->selections.count++] = names;
    }
    for (size_t i = 0; i < to->selection_count; i++) r->selections.item[r->selections.count++] = (void *)(uintptr_t)to->selections[i];
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
    EXCHANGE(molt__list, selections);
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
        molt__hint(world, "declare it again outside of native methods, for example before molt.tick()");
        return MOLT_ERR_STATE;
    }
    return molt__class_check_names(world, cls->name, r->to->base, r->to->selections, r->to->selection_count);
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
    molt__free(world, r->selections.item, r->selections.capacity * sizeof(void *));
    molt__free_text(world, r->where);
}

int molt__class_recompose(molt_class *cls, const molt__recomposition *to)
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
        err = molt__overhaul_carry_out((molt__overhaul){ .world = world, .roots = &cls, .root_count = 1, .judged = to->judged,
                                                         .every = to->every });
        if (err) exchange(&r);
        else molt__class_forget_idle(cls);
    }
    end_fills(&r, !err);
    molt__edit_publish(world);
    return err;
}

int molt__object_become(molt_object *object, molt_class *cls, bool judged, bool every)
{
    molt_world *world = cls->world;
    if (world->border->depth) {
        molt__fail(world, MOLT_ERR_STATE, "an object cannot change its class while a native method is on the stack");
        molt__hint(world, "ask for it outside of native methods, for example before molt.tick()");
        return MOLT_ERR_STATE;
    }
    int err = molt__overhaul_carry_out((molt__overhaul){ .world = world, .object = object, .becomes = cls, .judged = judged,
                                                         .every = every });
    molt__edit_publish(world);
    return err;
}
