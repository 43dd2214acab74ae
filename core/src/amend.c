#include "amend.h"

#include "error.h"
#include "memory.h"
#include "module.h"
#include "parsed.h"
#include "redraft.h"
#include "use.h"
#include "world_state.h"

#include <string.h>

static molt__amendment *amendment_of(const molt__offer *offer, const molt_trait *trait)
{
    for (size_t i = 0; i < offer->amendment_count; i++) {
        if (offer->amendments[i].current == trait) return &offer->amendments[i];
    }
    return NULL;
}

molt_trait *molt__amend_draft(const molt__offer *offer, const molt_trait *trait)
{
    const molt__amendment *amendment = amendment_of(offer, trait);
    return amendment ? amendment->draft : NULL;
}

/* Does the text declare the method as it is? */
static bool declares(const molt__parsed *d, const molt__method *method)
{
    char text[512];
    for (size_t i = 0; i < d->count; i++) {
        if (d->members[i].member != MOLT__METHOD || d->members[i].name != method->name) continue;
        molt__declaration_canonical(&d->members[i], text, sizeof text);
        return strcmp(text, method->text) == 0;
    }
    return false;
}

/* Of any module's implementations: in a batch all mean the same draft. */
static bool wants_tombstone(const molt__offer *offer, const molt__method *method)
{
    const molt__list *impls = &offer->world->impls;
    for (size_t i = 0; i < impls->count; i++) {
        const molt_impl *impl = impls->item[i];
        const molt_definition *had = impl->trait == method->trait ? molt__definitions_find(&impl->native, method->name) : NULL;
        molt__use use = { 0 };
        if (had && (offer->bury || had->flags & MOLT__BURIED)) molt__use_of_definition(impl, had, &use);
        if (molt__used(&use)) return true;
    }
    return false;
}

static bool keeps_in_vain(const molt__offer *offer, const molt_trait *trait, const molt_trait_text *text)
{
    bool keeps = false, vain = false;
    molt__parsed d = { 0 };
    for (size_t i = 0; i < trait->method_count; i++) keeps = keeps || trait->methods[i]->kept;
    if (!keeps || molt__parsed_text(offer->world, &d, text)) return false;
    for (size_t i = 0; i < trait->method_count && !vain; i++) {
        const molt__method *method = trait->methods[i];
        vain = method->kept && !declares(&d, method) && !wants_tombstone(offer, method);
    }
    molt__parsed_free(offer->world, &d);
    return vain;
}

bool molt__amend_wanted(const molt__offer *offer, molt_trait *trait, molt_trait_text *text)
{
    bool native = trait->native && strcmp(trait->where, trait->native) == 0;
    return native && (molt__clash_moves(trait, text, offer->reasons) || keeps_in_vain(offer, trait, text));
}

static molt_trait *make_draft(const molt__offer *offer, const molt_trait *trait, molt_trait_text *text)
{
    molt__method *kept[MOLT__MAX_METHODS];
    size_t count = 0;
    molt__parsed d = { 0 };
    if (molt__parsed_text(offer->world, &d, text)) return NULL;
    for (size_t i = 0; i < trait->method_count; i++) {
        molt__method *method = trait->methods[i];
        if (!declares(&d, method) && wants_tombstone(offer, method)) kept[count++] = method;
    }
    molt__parsed_free(offer->world, &d);
    return molt__redraft_text(trait, text, kept, count);
}

static molt_trait *add_amendment(molt__offer *offer, molt_trait *trait, molt_trait_text *text)
{
    if (molt__reserve(offer->world, (void **)&offer->amendments, &offer->amendment_capacity, offer->amendment_count + 1,
                      sizeof *offer->amendments)) return NULL;
    molt_trait *draft = make_draft(offer, trait, text);
    if (draft) offer->amendments[offer->amendment_count++] = (molt__amendment){ .current = trait, .draft = draft };
    return draft;
}

molt_trait *molt__amend_note(molt__offer *offer, molt_trait *trait, molt_trait_text *text, molt__clash *clash)
{
    molt_trait *draft = molt__amend_draft(offer, trait);
    if (!draft) draft = add_amendment(offer, trait, text);
    if (!draft) molt__reasons_take(offer->world, offer->reasons);
    return draft && molt__clash_read(draft, text, offer->reasons, clash) == MOLT_OK ? trait : NULL;
}

void molt__amend_reasons(const molt__offer *offer)
{
    for (size_t i = 0; i < offer->amendment_count; i++) {
        const molt__amendment *a = &offer->amendments[i];
        molt__rewriting rewriting = { .current = a->current, .draft = a->draft, .migrate = a->migrate };
        molt__evolution_reasons(&rewriting, offer->reasons);
    }
}

static int refuse_other(molt_world *world, const molt__offer *offer, const molt__rewriting *w)
{
    molt__fail(world, MOLT_ERR_IN_USE, "trait '%s' is declared by module '%s', too, otherwise than at %s", w->current->name,
               offer->module->name, w->draft->where);
    molt__hint(world, "change both, and reload them together");
    return MOLT_ERR_IN_USE;
}

/* Does every offer that has something of the trait mean the same by it? */
static int check_offers(molt_world *world, molt__offer *const *offers, size_t offer_count, const molt__rewriting *w)
{
    for (size_t o = 0; o < offer_count; o++) {
        bool concerned = false;
        for (size_t i = 0; i < offers[o]->count; i++) concerned = concerned || offers[o]->impl[i].trait == w->current;
        if (concerned && molt__amend_draft(offers[o], w->current) != w->draft) return refuse_other(world, offers[o], w);
    }
    return MOLT_OK;
}

static molt__rewriting *find(molt__rewriting *list, size_t count, const molt_trait *trait)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].current == trait) return &list[i];
    }
    return NULL;
}

molt__rewriting *molt__amend_gather(molt_world *world, molt__offer *const *offers, size_t offer_count, size_t *count)
{
    size_t most = 1;
    *count = 0;
    for (size_t o = 0; o < offer_count; o++) most += offers[o]->amendment_count;
    molt__rewriting *list = molt__allocate(world, most * sizeof *list);
    if (!list) return NULL;
    for (size_t o = 0; o < offer_count; o++) {
        for (size_t i = 0; i < offers[o]->amendment_count; i++) {
            const molt__amendment *a = &offers[o]->amendments[i];
            molt__rewriting *known = find(list, *count, a->current);
            if (!known) list[(*count)++] = (molt__rewriting){ .current = a->current, .draft = a->draft, .migrate = a->migrate };
            else if (!known->migrate) known->migrate = a->migrate;
        }
    }
    for (size_t i = 0; i < *count; i++) {
        if (check_offers(world, offers, offer_count, &list[i]) == MOLT_OK) continue;
        molt__free(world, list, most * sizeof *list);
        return NULL;
    }
    return list;
}

void molt__amend_free(molt__offer *offer)
{
    for (size_t i = offer->amendment_count; i-- > 0;) {
        const molt__amendment *a = &offer->amendments[i];
        bool again = false;
        for (size_t j = 0; j < i; j++) again = again || offer->amendments[j].draft == a->draft;
        if (!again) molt__redraft_drop(offer->world, a->draft);
    }
    molt__free(offer->world, offer->amendments, offer->amendment_capacity * sizeof *offer->amendments);
    offer->amendments = NULL;
    offer->amendment_count = offer->amendment_capacity = 0;
}
