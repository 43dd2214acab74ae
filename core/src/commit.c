/* commit.c: from what a module offers to what the world's implementations do. */
#include "module.h"

#include "impl.h"
#include "memory.h"
#include "world_state.h"

#include <stdio.h>

static molt_impl *impl_of(const molt_module *module, const char *name)
{
    for (size_t i = 0; i < module->count; i++) {
        if (module->impl[i].name == name) return module->impl[i].impl;
    }
    return NULL;
}

bool molt__module_provides(const molt_module *module, const char *name)
{
    return impl_of(module, name) != NULL;
}

bool molt__module_implements(const molt_module *module, const molt_trait *trait)
{
    for (size_t i = 0; i < module->count; i++) {
        if (module->impl[i].impl->trait == trait) return true;
    }
    return false;
}

/* Makes the implementations that are new. They are the last of the world's list,
 * where molt__module_take_back finds them. */
static int make_impls(molt_module *module, const molt__offer *offer, const char *where)
{
    if (molt__reserve(module->world, (void **)&module->impl, &module->capacity, module->count + offer->count,
                      sizeof *module->impl)) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < offer->count; i++) {
        if (impl_of(module, offer->impl[i].name)) continue;
        molt_impl *impl = molt_impl_new(offer->impl[i].trait, offer->impl[i].name, where);
        if (!impl) return MOLT_ERR_MEMORY;
        impl->module = module;
        module->impl[module->count++] = (molt__module_impl){ offer->impl[i].name, impl };
    }
    return MOLT_OK;
}

void molt__module_take_back(molt_module *module, size_t count)
{
    while (module->count > count) {
        molt__impl_free(module->impl[--module->count].impl);
        module->world->impls.count--;
    }
}

int molt__module_changes(molt_module *module, const molt__offer *offer, uint32_t number, molt__impl_change *changes)
{
    size_t before = module->count;
    char where[MOLT_NOTE_NAME + 32];
    snprintf(where, sizeof where, "%s generation %u", module->name, (unsigned)number);
    int err = make_impls(module, offer, where);
    if (err) molt__module_take_back(module, before);
    for (size_t i = 0; i < offer->count && !err; i++) {
        const molt__offer_impl *offered = &offer->impl[i];
        changes[i] = (molt__impl_change){ .impl = impl_of(module, offered->name), .functions = offered->functions,
                                          .leaf = offered->leaf, .buried = offered->buried, .module = module->name,
                                          .generation = number };
    }
    return err;
}

void molt__module_mark(molt_module *module, const molt__offer *offer, uint32_t number)
{
    for (size_t i = 0; i < offer->count; i++) {
        molt_impl *impl = impl_of(module, offer->impl[i].name);
        if (!offer->impl[i].gone) impl->gone = 0;
        else if (!impl->gone) impl->gone = number;
    }
}
