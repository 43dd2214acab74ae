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

/* What there is must still be there, for the same trait. */
static void check_kept(const molt_module *module, molt__offer *offer)
{
    for (size_t i = 0; i < module->count; i++) {
        const molt_trait *trait = module->impl[i].impl->trait;
        const molt__offer_impl *offered = molt__offer_find(offer, module->impl[i].name);
        if (!offered) {
            molt__reasons_add(module->world, offer->reasons, MOLT_ERR_IN_USE, "implementation '%s' of %s is gone",
                              module->impl[i].name, trait->name);
        } else if (offered->trait && offered->trait != trait) {
            molt__reasons_add(module->world, offer->reasons, MOLT_ERR_IN_USE, "implementation '%s' is now of %s and was of %s",
                              offered->name, offered->trait->name, trait->name);
        }
    }
}

/* Makes the implementations that are new. They are the last of the world's list,
 * where take_back finds them. */
static int make_impls(molt_module *module, const molt__offer *offer, const char *where)
{
    if (molt__reserve(module->world, (void **)&module->impl, &module->capacity, offer->count, sizeof *module->impl)) {
        return MOLT_ERR_MEMORY;
    }
    for (size_t i = 0; i < offer->count; i++) {
        if (impl_of(module, offer->impl[i].name)) continue;
        molt_impl *impl = molt_impl_new(offer->impl[i].trait, offer->impl[i].name, where);
        if (!impl) return MOLT_ERR_MEMORY;
        impl->module = module;
        module->impl[module->count++] = (molt__module_impl){ offer->impl[i].name, impl };
    }
    return MOLT_OK;
}

static void take_back(molt_module *module, size_t count)
{
    while (module->count > count) {
        molt__impl_free(module->impl[--module->count].impl);
        module->world->impls.count--;
    }
}

static int exchange(molt_module *module, const molt__offer *offer, const char *where, uint32_t *slots)
{
    molt_world *world = module->world;
    size_t bytes = offer->count * sizeof(molt__impl_change);
    molt__impl_change *changes = molt__allocate(world, bytes);
    if (!changes) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < offer->count; i++) {
        const molt__offer_impl *offered = &offer->impl[i];
        changes[i] = (molt__impl_change){ impl_of(module, offered->name), offered->functions, offered->leaf, where };
    }
    int err = molt__impl_commit(world, changes, offer->count, slots);
    molt__free(world, changes, bytes);
    return err;
}

int molt__module_commit(molt_module *module, molt__offer *offer, uint32_t number, uint32_t *slots)
{
    molt_world *world = module->world;
    size_t before = module->count;
    char where[MOLT_NOTE_NAME + 32];
    snprintf(where, sizeof where, "%s generation %u", module->name, number);
    if (offer->complete) check_kept(module, offer);
    if (molt__reasons_any(offer->reasons)) return MOLT_ERR_MODULE;
    int err = make_impls(module, offer, where);
    if (!err) err = exchange(module, offer, where, slots);
    if (err) {
        take_back(module, before);
        molt__reasons_take(world, offer->reasons);
    }
    return err;
}
