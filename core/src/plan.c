#include "plan.h"

#include "amend.h"
#include "error.h"
#include "impl.h"
#include "memory.h"
#include "tombstone.h"
#include "trait.h"
#include "use.h"
#include "world_state.h"

/* A plan being made. */
typedef struct planning {
    const molt_module *module;
    molt__offer *offer;
    uint32_t number;
    molt__plan *plan;
} planning;

static void note(const planning *p, molt_change change, const char *impl, const char *method)
{
    molt_world *world = p->module->world;
    molt__plan *plan = p->plan;
    if (molt__reserve(world, (void **)&plan->change, &plan->capacity, plan->count + 1, sizeof *plan->change)) {
        molt__reasons_take(world, p->offer->reasons);
        return;
    }
    plan->change[plan->count++] = (molt_reload_change){ change, impl, method };
}

/* A method in use is offered no longer, or with another signature. */
static void refuse(const planning *p, const molt_impl *impl, const molt__method *method, const char *other,
                   const molt__use *use)
{
    molt_world *world = p->module->world;
    char was[512];
    molt__tombstone_signature(method, was, sizeof was);
    molt__reasons_add(world, p->offer->reasons, MOLT_ERR_IN_USE, "%s.%s:%s was '%s' and is %s%s%s; it is used by %s",
                      p->module->name, impl->name, method->name, was, other ? "'" : "", other ? other : "gone",
                      other ? "'" : "", use->text);
    molt__reasons_hint(world, p->offer->reasons, "with tombstones such methods raise an error from then on");
}

/* `method` is where it was, in the trait as it is or as it will be. */
static void bury(const planning *p, molt__offer_impl *offered, molt_impl *impl, molt__method *method,
                 const molt_definition *was)
{
    uint32_t slot = method->slot;
    molt_function function = molt__tombstone(impl, method, was->flags & MOLT__BURIED ? 0 : p->number);
    if (!function) {
        molt__reasons_take(p->module->world, p->offer->reasons);
        return;
    }
    offered->functions[slot] = function;
    offered->buried |= UINT64_C(1) << slot;
    note(p, MOLT_CHANGE_BURIED, impl->name, was->name);
}

/* What was filled and is no longer. A tombstone stays while anyone may meet it. */
static void vanish(const planning *p, molt__offer_impl *offered, molt_impl *impl, const molt_definition *was)
{
    molt__use use;
    molt__use_of_definition(impl, was, &use);
    if (!molt__used(&use)) note(p, MOLT_CHANGE_DROPPED, impl->name, was->name);
    else if (p->offer->bury || was->flags & MOLT__BURIED) bury(p, offered, impl, impl->trait->methods[was->slot], was);
    else refuse(p, impl, impl->trait->methods[was->slot], offered->other[was->slot], &use);
}

static void compare(const planning *p, molt__offer_impl *offered, molt_impl *impl)
{
    const molt_trait *trait = impl->trait;
    for (size_t i = 0; i < trait->method_count; i++) {
        const char *name = trait->methods[i]->name;
        const molt_definition *was = molt__definitions_find(&impl->native, name);
        bool there = was && !(was->flags & MOLT__BURIED);
        if (offered->functions[i]) note(p, there ? MOLT_CHANGE_KEPT : MOLT_CHANGE_ADDED, impl->name, name);
        else if (was) vanish(p, offered, impl, was);
    }
}

/* The signature that is provided under a method's name in the draft; or NULL. */
static const char *provided(const molt__offer_impl *offered, const molt__method *is)
{
    if (!is) return NULL;
    return offered->functions[is->slot] ? is->text : offered->other[is->slot];
}

/* What a method of the trait as it is comes to in its draft, which has a slot for each
 * tombstone that is called for: see amend.h. */
static void compare_amended(const planning *p, molt__offer_impl *offered, molt_impl *impl, const molt_trait *draft)
{
    const molt_trait *trait = impl->trait;
    for (size_t i = 0; i < trait->method_count; i++) {
        const molt__method *was = trait->methods[i];
        molt__method *is = molt__trait_method(draft, was->name);
        const molt_definition *had = molt__definitions_find(&impl->native, was->name);
        bool filled = is && offered->functions[is->slot], same = is && molt__method_same(was, is);
        molt__use use = { 0 };
        if (had) molt__use_of_definition(impl, had, &use);
        bool buried = had && had->flags & MOLT__BURIED;
        if (had && filled && same) note(p, buried ? MOLT_CHANGE_ADDED : MOLT_CHANGE_KEPT, impl->name, was->name);
        else if (had && molt__used(&use) && same && (p->offer->bury || buried)) bury(p, offered, impl, is, had);
        else if (had && molt__used(&use)) refuse(p, impl, was, provided(offered, is), &use);
        else if (had) note(p, MOLT_CHANGE_DROPPED, impl->name, was->name);
    }
    for (size_t i = 0; i < draft->method_count; i++) {
        const char *name = draft->methods[i]->name;
        bool had = molt__definitions_find(&impl->native, name) != NULL;
        if (offered->functions[i] && !had) note(p, MOLT_CHANGE_ADDED, impl->name, name);
    }
}

static void add_all(const planning *p, const molt__offer_impl *offered)
{
    const molt_trait *draft = offered->trait ? molt__amend_draft(p->offer, offered->trait) : NULL;
    const molt_trait *slots = draft ? draft : offered->trait;
    for (size_t i = 0; slots && i < slots->method_count; i++) {
        if (offered->functions[i]) note(p, MOLT_CHANGE_ADDED, offered->name, slots->methods[i]->name);
    }
}

/* The offer is given an empty implementation for one that it has not. */
static void compare_known(const planning *p, molt_impl *impl, const char *name)
{
    molt__offer_impl *offered = molt__offer_impl_of(p->offer, impl->trait, name);
    if (!offered) {
        molt__reasons_take(p->module->world, p->offer->reasons);
    } else if (offered->trait && offered->trait != impl->trait) {
        molt__reasons_add(p->module->world, p->offer->reasons, MOLT_ERR_IN_USE,
                          "implementation '%s' is now of %s and was of %s", name, offered->trait->name,
                          impl->trait->name);
        molt__reasons_hint(p->module->world, p->offer->reasons, "give the other trait's a name of its own");
    } else if (offered->trait) {
        const molt_trait *draft = molt__amend_draft(p->offer, offered->trait);
        if (draft) compare_amended(p, offered, impl, draft);
        else compare(p, offered, impl);
    }
}

static bool trait_offered(const molt__offer *offer, const molt_trait *trait, bool *clashes)
{
    bool offered = false;
    for (size_t i = 0; i < offer->count; i++) {
        const molt__offer_impl *impl = &offer->impl[i];
        if (impl->trait != trait || impl->gone) continue;
        offered = true;
        *clashes = *clashes || impl->clashes;
    }
    return offered;
}

static bool trait_had(const molt_module *module, const molt_trait *trait)
{
    for (size_t i = 0; i < module->count; i++) {
        const molt_impl *impl = module->impl[i].impl;
        if (impl->trait == trait && !impl->gone) return true;
    }
    return false;
}

/* Each trait of which there is, or was, an implementation. */
static void note_traits(const planning *p)
{
    const molt__list *traits = &p->module->world->traits;
    for (size_t i = 0; i < traits->count; i++) {
        const molt_trait *trait = traits->item[i];
        bool clashes = false, is = trait_offered(p->offer, trait, &clashes), was = trait_had(p->module, trait);
        if (is && was) note(p, clashes || molt__amend_draft(p->offer, trait) ? MOLT_CHANGE_CHANGED : MOLT_CHANGE_KEPT, trait->name, NULL);
        else if (is || was) note(p, is ? MOLT_CHANGE_ADDED : MOLT_CHANGE_DROPPED, trait->name, NULL);
    }
}

void molt__plan_make(const molt_module *module, molt__offer *offer, uint32_t number, molt__plan *plan)
{
    planning p = { module, offer, number, plan };
    size_t offered = offer->count;
    if (!offer->complete) return;        /* what it does not have, it did not come to */
    for (size_t i = 0; i < module->count; i++) compare_known(&p, module->impl[i].impl, module->impl[i].name);
    for (size_t i = 0; i < offered; i++) {
        if (!molt__module_provides(module, offer->impl[i].name)) add_all(&p, &offer->impl[i]);
    }
    note_traits(&p);
    molt__amend_reasons(offer);
}

void molt__plan_free(molt_world *world, molt__plan *plan)
{
    molt__free(world, plan->change, plan->capacity * sizeof *plan->change);
    *plan = (molt__plan){ 0 };
}
