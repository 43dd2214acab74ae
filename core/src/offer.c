#include "offer.h"

#include "api.h"
#include "error.h"
#include "memory.h"
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

const molt__offer_impl *molt__offer_find(const molt__offer *offer, const char *name)
{
    for (size_t i = 0; i < offer->count; i++) {
        if (offer->impl[i].name == name) return &offer->impl[i];
    }
    return NULL;
}

/* The implementation of that name in the offer, added when it is the first time. */
static molt__offer_impl *impl_of(molt__offer *offer, molt_trait *trait, const char *text)
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
    *impl = (molt__offer_impl){ .name = name, .trait = trait };
    return impl;
}

static void add_functions(molt__offer *offer, molt__offer_impl *impl, const void *functions, uint32_t flags)
{
    for (size_t i = 0; i < impl->trait->method_count; i++) {
        molt_function function;
        memcpy(&function, (const char *)functions + i * sizeof function, sizeof function);
        if (!function) continue;
        if (impl->functions[i]) {
            molt__reasons_add(offer->world, offer->reasons, MOLT_ERR_MODULE, "implementation '%s' is given '%s' twice",
                              impl->name, impl->trait->methods[i]->name);
        }
        impl->functions[i] = function;
        if (flags & MOLT_LEAF) impl->leaf |= UINT64_C(1) << i;
    }
}

static int on_provide(molt_setup *setup, molt_trait_text *text, const char *name, const void *functions,
                      uint32_t flags)
{
    molt__offer *offer = (molt__offer *)setup;
    molt_trait *trait = molt_trait_declare_text(offer->world, text);
    int err = trait ? MOLT_OK : refuse(offer);
    molt__offer_impl *impl = impl_of(offer, trait, name);
    if (!impl) return refuse(offer);
    if (err || !impl->trait) return err;
    if (impl->trait != trait) {
        return molt__reasons_add(offer->world, offer->reasons, MOLT_ERR_MODULE,
                                 "'%s' is named as an implementation of %s and of %s", name, impl->trait->name,
                                 trait->name);
    }
    if (functions) add_functions(offer, impl, functions, flags);
    return MOLT_OK;
}

void molt__offer_collect(molt_world *world, const molt_module_info *info, const char *file, uint32_t generation,
                         molt__reasons *reasons, molt__offer *offer)
{
    *offer = (molt__offer){
        .setup = { .size = sizeof(molt_setup), .abi = MOLT_ABI, .generation = generation, .world = world,
                   .file = file, .provide = on_provide, .fail = on_fail },
        .world = world,
        .reasons = reasons,
    };
    *info->api = &molt__api_table;
    int code = info->setup(&offer->setup);
    offer->complete = code == MOLT_OK;
    if (code != MOLT_OK && !molt__reasons_any(offer->reasons)) {
        molt__reasons_add(world, offer->reasons, MOLT_ERR_MODULE, "its setup returned %d (%s)", code,
                          molt_err_name(code));
    }
}

void molt__offer_free(molt__offer *offer)
{
    molt__free(offer->world, offer->impl, offer->capacity * sizeof *offer->impl);
}
