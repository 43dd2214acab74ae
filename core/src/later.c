#include "later.h"

#include "error.h"
#include "loader.h"
#include "world_state.h"

bool molt__later_needed(const molt_module *module)
{
    const molt_world *world = module->world;
    return world->border->leaf || (world->loader && world->loader->busy);
}

void molt__later_ask(molt_module *module, const molt_reload_options *options, molt_reload_report *report)
{
    molt_world *world = module->world;
    if (!module->asked) world->loader->asked++;
    module->asked = true;
    module->asked_options = options ? *options : (molt_reload_options){ .size = sizeof *options };
    molt_log(world, MOLT_LOG_INFO, "%s g%u  reload deferred to the next quiescent point", module->name,
             (unsigned)module->number);
    if (!report) return;
    *report = (molt_reload_report){ .size = sizeof *report, .from = module->number, .to = module->number,
                                    .deferred = true, .build_id = module->build_id, .fate_reason = "" };
}

molt_module *molt__later_take(molt_world *world, molt_reload_options *options)
{
    if (!world->loader || !world->loader->asked || world->loader->busy) return NULL;
    for (size_t i = 0; i < world->modules.count; i++) {
        molt_module *module = world->modules.item[i];
        if (!module->asked) continue;
        module->asked = false;
        world->loader->asked--;
        *options = module->asked_options;
        return module;
    }
    return NULL;
}

void molt__later_run(molt_world *world)
{
    molt_reload_options options;
    for (molt_module *module; (module = molt__later_take(world, &options));) molt_module_reload(module, &options, NULL);
}
