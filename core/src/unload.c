/* unload.c: a module's code leaves the program; what it declared stays. */
#include "module.h"

#include "edit.h"
#include "error.h"
#include "later.h"
#include "loader.h"
#include "memory.h"
#include "object.h"
#include "persist.h"
#include "registry.h"
#include "shape.h"
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

static bool is_of(const molt_impl *impl, const molt_module *module)
{
    return impl && impl->module == module;
}

/* The trait of an object that an implementation of the module was attached with. */
static molt_trait *attached_by(const molt_object *object, const molt_module *module)
{
    const molt_shape *shape = object->shape;
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (is_of(shape->attached[i].impl, module)) return shape->attached[i].trait;
    }
    return NULL;
}

/* Hooks run, and may attach anew: go on until nothing is left, or something fails. */
static int detach_objects(molt_module *module)
{
    const molt_border *border = module->world->border;
    for (int32_t slot = 1; slot <= border->top; slot++) {
        molt_object *object = molt__registry_at(module->world, slot);
        molt_trait *trait = object ? attached_by(object, module) : NULL;
        int err = trait ? molt_object_detach(object, trait) : MOLT_OK;
        if (err) return err;
        slot -= trait && molt__registry_at(module->world, slot) == object;    /* there may be another */
    }
    return MOLT_OK;
}

static molt_impl *fill_of(const molt_class *cls, const molt_module *module)
{
    for (size_t i = cls->fill_count; i-- > 0;) {
        if (is_of(cls->fills[i].impl, module)) return cls->fills[i].impl;
    }
    return NULL;
}

/* A class loses the implementation, and where it is not complete without it, the
 * trait. */
static int drop_from(molt_class *cls, molt_impl *impl)
{
    int err = molt_class_drop(cls, NULL, impl);
    for (size_t i = 0; err == MOLT_ERR_MISSING && i < cls->traits.count; i++) {
        if (cls->traits.item[i] == impl->trait) return molt_class_drop(cls, impl->trait, NULL);
    }
    return err;
}

/* A class may lose the trait, and its objects their bodies: not under native methods. */
static bool must_wait(const molt_module *module)
{
    const molt__list *classes = &module->world->classes;
    for (size_t i = 0; i < classes->count && module->world->border->depth; i++) {
        if (fill_of(classes->item[i], module) && molt__relayout_must_wait(classes->item[i])) return true;
    }
    return false;
}

static int drop_from_classes(molt_module *module)
{
    const molt__list *classes = &module->world->classes;
    for (size_t i = 0; i < classes->count; i++) {
        for (molt_impl *impl; (impl = fill_of(classes->item[i], module));) {
            int err = drop_from(classes->item[i], impl);
            if (err) return err;
        }
    }
    return MOLT_OK;
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

int molt__unload_begin(molt_module *module, uint32_t flags, bool *later)
{
    int err = check_fit(module);
    *later = !err && (molt__later_needed(module->world) || (flags & MOLT_UNLOAD_DETACH && must_wait(module)));
    if (!*later) return err ? err : molt__loader_begin(module->world, module->name);
    const molt_reload_options options = { .size = sizeof options, .flags = flags };
    return molt__later_ask(MOLT__LATER_UNLOAD, &module, 1, &options, NULL);
}

int molt_module_unload(molt_module *module, uint32_t flags)
{
    int barred = molt__threads_check(module->world, __func__);
    if (barred) return barred;
    molt_world *world = module->world;
    bool later;
    int err = molt__unload_begin(module, flags, &later);
    if (err || later) return err;
    if (flags & MOLT_UNLOAD_DETACH) err = detach_objects(module);
    if (!err && flags & MOLT_UNLOAD_DETACH) err = drop_from_classes(module);
    if (err) molt__reasons_take(world, &world->refusal);
    if (!err) err = check_use(module);
    if (!err) err = empty(module);
    if (err) return refuse(module);
    molt_log(world, MOLT_LOG_INFO, "%s g%u  unloaded", module->name, (unsigned)module->number);
    return MOLT_OK;
}
