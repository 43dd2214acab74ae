#include "later.h"

#include "error.h"
#include "loader.h"
#include "memory.h"
#include "world_state.h"

#include <string.h>

static const char *const verbs[] = {
    [MOLT__LATER_RELOAD] = "reload", [MOLT__LATER_ROLLBACK] = "rollback", [MOLT__LATER_BATCH] = "reload",
    [MOLT__LATER_UNLOAD] = "unload",
};

bool molt__later_needed(const molt_world *world)
{
    return world->border->leaf || (world->loader && world->loader->busy);
}

static bool concerns(const molt__later *item, const molt_module *module)
{
    for (size_t i = 0; i < item->count; i++) {
        if (item->modules[i] == module) return true;
    }
    return false;
}

/* What was asked last of any of the modules, if it was the same. */
static molt__later *same(const molt__loader *loader, molt__later_kind kind, molt_module *const *modules, size_t count)
{
    for (size_t i = loader->later_count; i-- > loader->later_due;) {
        molt__later *item = &loader->later[i];
        bool any = false;
        for (size_t m = 0; m < count; m++) any = any || concerns(item, modules[m]);
        if (!any) continue;
        bool equal = item->kind == kind && item->count == count;
        return equal && memcmp(item->modules, modules, count * sizeof(void *)) == 0 ? item : NULL;
    }
    return NULL;
}

static molt__later *add(molt_world *world, molt__later_kind kind, molt_module *const *modules, size_t count)
{
    molt__loader *loader = world->loader;
    if (molt__reserve(world, (void **)&loader->later, &loader->later_capacity, loader->later_count + 1,
                      sizeof *loader->later)) return NULL;
    molt_module **list = molt__allocate(world, count * sizeof *list);
    if (!list) return NULL;
    memcpy(list, modules, count * sizeof *list);
    molt__later *item = &loader->later[loader->later_count++];
    *item = (molt__later){ .kind = kind, .modules = list, .count = count };
    return item;
}

static void tell(const molt_module *module, molt__later_kind kind, molt_reload_report *report)
{
    molt_log(module->world, MOLT_LOG_INFO, "%s g%u  %s deferred to the next quiescent point", module->name,
             (unsigned)module->number, verbs[kind]);
    if (!report) return;
    *report = (molt_reload_report){ .size = sizeof *report, .from = module->number, .to = module->number,
                                    .deferred = true, .build_id = module->build_id, .fate_reason = "" };
}

int molt__later_ask(molt__later_kind kind, molt_module *const *modules, size_t count, const molt_reload_options *options,
                    molt_reload_report *reports)
{
    molt_world *world = modules[0]->world;
    molt__later *item = same(world->loader, kind, modules, count);
    if (!item) item = add(world, kind, modules, count);
    if (!item) return MOLT_ERR_MEMORY;
    item->options = options ? *options : (molt_reload_options){ .size = sizeof *options };
    for (size_t i = 0; i < count; i++) tell(modules[i], kind, reports ? &reports[i] : NULL);
    return MOLT_OK;
}

size_t molt__later_due(molt_world *world)
{
    molt__loader *loader = world->loader;
    if (!loader || loader->busy) return 0;
    return loader->later_due = loader->later_count;
}

bool molt__later_take(molt_world *world, molt__later *item)
{
    molt__loader *loader = world->loader;
    if (!loader || !loader->later_due || loader->busy) return false;
    *item = loader->later[0];
    loader->later_due--;
    memmove(loader->later, loader->later + 1, --loader->later_count * sizeof *loader->later);
    return true;
}

void molt__later_end(molt_world *world, molt__later *item)
{
    molt__free(world, item->modules, item->count * sizeof *item->modules);
}

static int carry_out(const molt__later *item)
{
    switch (item->kind) {
    case MOLT__LATER_RELOAD: return molt_module_reload(item->modules[0], &item->options, NULL);
    case MOLT__LATER_ROLLBACK: return molt_module_rollback(item->modules[0], &item->options, NULL);
    case MOLT__LATER_BATCH: return molt_modules_reload(item->modules, item->count, &item->options, NULL);
    case MOLT__LATER_UNLOAD: return molt_module_unload(item->modules[0], item->options.flags);
    }
    return MOLT_OK;
}

void molt__later_run(molt_world *world)
{
    molt__later item;
    if (world->loader->later_skip) {
        world->loader->later_skip = false;
        return;
    }
    for (molt__later_due(world); molt__later_take(world, &item); molt__later_end(world, &item)) {
        if (!carry_out(&item)) continue;
        bool done = item.kind == MOLT__LATER_UNLOAD && molt_module_unloaded(item.modules[0]);
        molt_log(world, MOLT_LOG_WARNING, "%s: the deferred %s %s: %s", item.modules[0]->name, verbs[item.kind],
                 done ? "is done, but a hook failed" : "is refused", molt_last_error(world));
    }
}

void molt__later_skip(molt_world *world)
{
    if (world->loader) world->loader->later_skip = true;
}

void molt__later_free(molt_world *world)
{
    molt__loader *loader = world->loader;
    for (size_t i = 0; i < loader->later_count; i++) molt__later_end(world, &loader->later[i]);
    molt__free(world, loader->later, loader->later_capacity * sizeof *loader->later);
}
