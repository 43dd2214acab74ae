#include "offer.h"

#include "amend.h"
#include "api.h"
#include "leave.h"
#include "loader.h"
#include "error.h"
#include "memory.h"
#include "module.h"
#include "name.h"

#include <stdio.h>
#include <string.h>

/* The reason is the error that the world has just recorded. */
static int refuse(molt__offer *offer)
{
    return molt__reasons_take(offer->world, offer->reasons);
}

static int on_fail(molt_setup *setup, const char *format, va_list arguments)
{
    molt__offer *offer = (molt__offer *)setup;
    char text[MOLT__ERROR_TEXT];
    vsnprintf(text, sizeof text, format, arguments);
    molt__reasons_add(offer->world, offer->reasons, MOLT_ERR_MODULE, "%s", text);
    return MOLT_ERR_MODULE;
}

molt__offer_impl *molt__offer_impl_of(molt__offer *offer, molt_trait *trait, const char *text)
{
    const char *name = molt__name(offer->world, text);
    if (!name) return NULL;
    for (size_t i = 0; i < offer->count; i++) {
        if (offer->impl[i].name == name) return &offer->impl[i];
    }
    if (molt__reserve(offer->world, (void **)&offer->impl, &offer->capacity, offer->count + 1, sizeof *offer->impl)) {
        return NULL;
    }
    molt__offer_impl *impl = &offer->impl[offer->count++];
    *impl = (molt__offer_impl){ .name = name, .trait = trait, .gone = true };
    return impl;
}

/* The trait by whose slots an implementation's functions are. */
static const molt_trait *slots_of(const molt__offer *offer, const molt__offer_impl *impl)
{
    const molt_trait *draft = molt__amend_draft(offer, impl->trait);
    return draft ? draft : impl->trait;
}

/* `other` is the signature that the function has instead of the slot's; or NULL. */
static void add_function(molt__offer *offer, molt__offer_impl *impl, size_t slot, molt_function function,
                         const char *other, uint32_t flags)
{
    if (impl->functions[slot] || impl->other[slot]) {
        molt__reasons_add(offer->world, offer->reasons, MOLT_ERR_MODULE, "implementation '%s' is given '%s' twice",
                          impl->name, slots_of(offer, impl)->methods[slot]->name);
    }
    impl->other[slot] = other;
    if (other) return;
    impl->functions[slot] = function;
    if (flags & MOLT_LEAF) impl->leaf |= UINT64_C(1) << slot;
}

/* `functions` has the slots of the text, which are the trait's, as far as they go. */
static void add_functions(molt__offer *offer, molt__offer_impl *impl, const molt__clash *clash, const void *functions,
                          uint32_t flags)
{
    size_t count = clash->trait ? clash->method_count : slots_of(offer, impl)->method_count;
    for (size_t i = 0; i < count; i++) {
        molt_function function;
        memcpy(&function, (const char *)functions + i * sizeof function, sizeof function);
        if (function) add_function(offer, impl, i, function, clash->other[i], flags);
    }
}

/* The trait that the text declares. NULL: refused, and the reasons say why. Only what
 * the module has declared before may it declare otherwise. */
static molt_trait *trait_of(molt__offer *offer, molt_trait_text *text, molt__clash *clash)
{
    if (molt__wordings_add(offer->world, &offer->wordings, text, offer->reasons)) return NULL;
    molt_trait *trait = molt__clash_find(offer->world, text);
    bool own = trait && molt__module_implements(offer->module, trait);
    if (own && molt__amend_wanted(offer, trait, text)) return molt__amend_note(offer, trait, text, clash);
    if (own)
        return molt__clash_read(trait, text, offer->reasons, clash) ? NULL : trait;
    trait = molt_trait_declare_text(offer->world, text);
    if (!trait) refuse(offer);
    return trait;
}

static int on_provide(molt_setup *setup, molt_trait_text *text, const char *name, const void *functions,
                      uint32_t flags)
{
    molt__offer *offer = (molt__offer *)setup;
    molt__clash clash = { 0 };
    molt_trait *trait = trait_of(offer, text, &clash);
    molt__offer_impl *impl = molt__offer_impl_of(offer, trait, name);
    if (!impl) return refuse(offer);
    impl->gone = false;
    impl->clashes = impl->clashes || clash.trait;
    if (!trait) impl->trait = NULL;      /* what it lacks for that is not gone */
    if (!impl->trait) return MOLT_ERR_DECLARATION;
    if (impl->trait != trait) {
        return molt__reasons_add(offer->world, offer->reasons, MOLT_ERR_MODULE,
                                 "'%s' is named as an implementation of %s and of %s", name, impl->trait->name,
                                 trait->name);
    }
    if (functions) add_functions(offer, impl, &clash, functions, flags);
    return MOLT_OK;
}

static int on_migrate(molt_setup *setup, molt_trait_text *text, molt_migrate *migrate)
{
    molt__offer *offer = (molt__offer *)setup;
    molt__clash clash = { 0 };
    const molt_trait *trait = trait_of(offer, text, &clash);
    for (size_t i = 0; trait && i < offer->amendment_count; i++) {
        if (offer->amendments[i].current == trait) offer->amendments[i].migrate = migrate;
    }
    return trait ? MOLT_OK : MOLT_ERR_DECLARATION;
}

static int on_persist(molt_setup *setup, const molt_state_claim *claim)
{
    molt__offer *offer = (molt__offer *)setup;
    return molt__persist_claim(offer->world, &offer->states, offer->module->name, claim, offer->reasons);
}

static void on_before_unload(molt_setup *setup, int (*hook)(molt_leave *leave))
{
    molt__offer *offer = (molt__offer *)setup;
    molt__generation *generation = molt__loader_generation(offer->world, offer->info);
    if (generation) generation->leave = hook;
}

void molt__offer_collect(const molt_module *module, const molt_module_info *info, uint32_t generation, uint32_t flags,
                         molt__reasons *reasons, molt__offer *offer)
{
    molt_world *world = module->world;
    *offer = (molt__offer){
        .setup = { .size = sizeof(molt_setup), .abi = MOLT_ABI, .generation = generation, .world = world,
                   .file = module->file, .provide = on_provide, .fail = on_fail, .persist = on_persist,
                   .before_unload = on_before_unload, .migrate = on_migrate },
        .world = world,
        .module = module,
        .info = info,
        .reasons = reasons,
        .bury = flags & MOLT_RELOAD_TOMBSTONES,
    };
    *info->api = &molt__api_table;
    int code = info->setup(&offer->setup);
    offer->complete = code == MOLT_OK;
    if (code != MOLT_OK && !molt__reasons_any(offer->reasons)) {
        molt__reasons_add(world, offer->reasons, MOLT_ERR_MODULE, "its setup returned %d (%s)", code,
                          molt_err_name(code));
    }
}

/* Refused after it took up a state: its last words may need that still. */
static void dismiss(molt__offer *offer)
{
    molt__generation *generation = molt__loader_generation(offer->world, offer->info);
    if (generation) molt__leave_run(offer->world, generation);
    molt__persist_free(offer->world, &offer->states);
}

void molt__offer_free(molt__offer *offer)
{
    if (offer->states) dismiss(offer);
    molt__amend_free(offer);
    molt__wordings_free(offer->world, &offer->wordings);
    molt__free(offer->world, offer->impl, offer->capacity * sizeof *offer->impl);
}
