/* unload.c: a module's code leaves the program; what it declared stays. */
#include "module.h"

#include "edit.h"
#include "error.h"
#include "later.h"
#include "loader.h"
#include "memory.h"
#include "persist.h"
#include "release.h"
#include "use.h"
#include "world_state.h"

#include <string.h>

bool molt_module_unloaded(const molt_module *module)
{
    return module->unloaded;
}

static int check_fit(const molt_module *module)
{
    molt_world *world = module->world;
    if (!molt__later_needed(world)) molt__reasons_free(world, &world->refusal);
    if (module->unloaded) {
        return molt__fail(world, MOLT_ERR_STATE, "module '%s' has been unloaded already", module->name);
    }
    if (!module->file[0]) {
        return molt__fail(world, MOLT_ERR_STATE, "module '%s' is linked into the program and cannot be unloaded",
                          module->name);
    }
    if (!module->kept) return MOLT_OK;
    molt__fail(world, MOLT_ERR_STATE, "module '%s' was loaded to be kept and cannot be unloaded", module->name);
    return molt__hint(world, "others may have its addresses; load it without 'keep' where it is to go");
}

/* Each implementation in use is a reason of its own. */
static int check_use(const molt_module *module)
{
    molt_world *world = module->world;
    for (size_t i = 0; i < module->count; i++) {
        molt__use use = { 0 };
        molt__use_of_impl(module->impl[i].impl, &use);
        if (!molt__used(&use)) continue;
        molt__reasons_add(world, &world->refusal, MOLT_ERR_IN_USE, "%s.%s is used by %s", module->name,
                          module->impl[i].name, use.text);
        molt__reasons_hint(world, &world->refusal, "drop and detach it first, or ask for that with 'detach'");
    }
    return molt__reasons_any(&world->refusal) ? MOLT_ERR_IN_USE : MOLT_OK;
}

/* A class may lose the trait, and its objects their bodies: not under native methods. */
static bool must_wait(const molt_module *module)
{
    const molt__list *classes = &module->world->classes;
    for (size_t i = 0; i < classes->count && module->world->border->depth; i++) {
        const molt_class *cls = classes->item[i];
        for (size_t f = 0; f < cls->fill_count; f++) {
            const molt_impl *impl = cls->fills[f].impl;
            if (impl && impl->module == module && molt__relayout_must_wait(cls)) return true;
        }
    }
    return false;
}

/* Every implementation becomes empty. */
static int empty(molt_module *module)
{
    static const molt_function none[MOLT__MAX_METHODS];
    molt_world *world = module->world;
    size_t room = (module->count ? module->count : 1) * sizeof(molt__impl_change);
    molt__impl_change *changes = molt__allocate(world, room);
    if (!changes) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < module->count; i++) {
        changes[i] = (molt__impl_change){ .impl = module->impl[i].impl, .functions = none };
    }
    int err = molt__impl_prepare(world, changes, module->count);
    if (!err) {
        molt__impl_commit(world, changes, module->count);
        for (size_t i = 0; i < module->count; i++) module->impl[i].impl->gone = module->number + 1;
        module->unloaded = true;
        molt__content_free(world, &module->content);
        molt__content_free(world, &module->previous);
        molt__generation *old = module->generation;
        module->generation = NULL;
        world->loader->busy = true;      /* telling Lua may run a finalizer, which loads it again */
        molt__edit_publish(world);
        world->loader->busy = false;
        molt__impl_release(world, changes, module->count);
        molt__states_end(world, module->name);
        molt__loader_retire(world, old);
    }
    molt__free(world, changes, room);
    return err;
}

static int refuse(molt_module *module)
{
    molt_world *world = module->world;
    if (!molt__reasons_any(&world->refusal)) molt__reasons_take(world, &world->refusal);
    return molt__reasons_fail(world, &world->refusal, module->file, ", the module stays loaded");
}

static int check_release(molt_module *module)
{
    int err = molt__release_check(module, &module->world->refusal);
    return err ? refuse(module) : MOLT_OK;
}

int molt__unload_begin(molt_module *module, uint32_t flags, bool *later)
{
    bool detach = flags & MOLT_UNLOAD_DETACH;
    int err = check_fit(module);
    *later = !err && (molt__later_needed(module->world) || (detach && must_wait(module)));
    if (!*later && !err) err = molt__loader_begin(module->world, module->name);
    if (!*later) return err || !detach ? err : check_release(module);
    const molt_reload_options options = { .size = sizeof options, .flags = flags };
    return molt__later_ask(MOLT__LATER_UNLOAD, &module, 1, &options, NULL);
}

/* What users it has left stay, and so does the module. */
static int unload(molt_module *module, int failed, const char *text)
{
    molt_world *world = module->world;
    int err = check_use(module);
    if (err && failed) molt__reasons_add(world, &world->refusal, failed, "%s", text);
    if (!err) err = empty(module);
    if (err) return refuse(module);
    molt_log(world, MOLT_LOG_INFO, "%s g%u  unloaded", module->name, (unsigned)module->number);
    return failed ? molt__fail(world, failed, "%s", text) : MOLT_OK;
}

int molt_module_unload(molt_module *module, uint32_t flags)
{
    int barred = molt__threads_check(module->world, __func__);
    if (barred) return barred;
    char text[MOLT__ERROR_TEXT] = "";
    bool later;
    int err = molt__unload_begin(module, flags, &later), failed = MOLT_OK;
    if (err || later) return err;
    if (flags & MOLT_UNLOAD_DETACH) failed = molt__release(module, text, sizeof text);
    return unload(module, failed, text);
}
