/* reload.c: from one generation of a module to the next. */
#include "module.h"

#include "error.h"
#include "loader.h"
#include "memory.h"
#include "trait.h"
#include "world_state.h"

#include <string.h>

/* A reload under way. */
typedef struct reloading {
    molt_module *module;
    double start;
    molt__content content;
    molt__image image;
    molt__generation *next;
    molt__offer offer;
    uint32_t slots;
} reloading;

static int check_moment(const molt_module *module)
{
    molt_world *world = module->world;
    if (!module->generation) {
        return molt__fail(world, MOLT_ERR_STATE, "module '%s' is linked into the program and cannot be reloaded",
                          module->name);
    }
    if (!world->border->leaf) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_STATE, "module '%s' cannot be reloaded while a leaf call is in flight",
                      module->name);
}

static int check_name(const reloading *r)
{
    const molt_module *module = r->module;
    if (strcmp(r->image.note.name, module->name) == 0) return MOLT_OK;
    return molt__fail(module->world, MOLT_ERR_MODULE, "%s: expected module '%s', found '%s'", module->file,
                      module->name, r->image.note.name);
}

/* From here on nothing can fail. */
static void take_over(reloading *r, char *version)
{
    molt_module *module = r->module;
    molt_world *world = module->world;
    molt__loader_retire(world, module->generation);
    module->generation = r->next;
    module->number++;
    molt__free_text(world, module->version);
    module->version = version;
}

static int exchange(reloading *r)
{
    molt_module *module = r->module;
    molt_world *world = module->world;
    char *version = molt__copy_text(world, r->next->info->version);
    if (!version) return MOLT_ERR_MEMORY;
    size_t traits = world->traits.count;
    molt__offer_collect(world, r->next->info, module->file, module->number + 1, &world->refusal, &r->offer);
    int err = molt__module_commit(module, &r->offer, module->number + 1, &r->slots);
    if (!err) take_over(r, version);
    else molt__free_text(world, version);
    if (err) err = molt__reasons_fail(world, &world->refusal, module->file, ", the earlier generation serves on");
    if (err) molt__traits_undo(world, traits);
    molt__offer_free(&r->offer);
    return err;
}

static int replace(reloading *r)
{
    molt_module *module = r->module;
    molt_world *world = module->world;
    int err = molt__image_inspect(world, module->file, r->content.bytes, r->content.length, &r->image);
    if (!err) err = check_name(r);
    if (err) return err;
    r->next = molt__generation_open(world, module->file, &r->content, &r->image);
    if (!r->next) return molt_last_code(world);
    err = exchange(r);
    if (err) molt__loader_close(world, r->next);
    return err;
}

static void report_to(const reloading *r, bool unchanged, molt_reload_report *report)
{
    const molt_module *module = r->module;
    molt_world *world = module->world;
    double seconds = world->config.clock(world->config.user) - r->start;
    if (report) {
        *report = (molt_reload_report){ .size = sizeof *report, .from = module->number - !unchanged,
                                        .to = module->number, .unchanged = unchanged, .slots = r->slots,
                                        .seconds = seconds, .fate_reason = "" };
    }
    if (unchanged) {
        molt_log(world, MOLT_LOG_INFO, "%s g%u  unchanged", module->name, module->number);
    } else {
        molt_log(world, MOLT_LOG_INFO, "%s g%u→g%u  %u slot%s changed  %.1f ms", module->name, module->number - 1,
                 module->number, r->slots, r->slots == 1 ? "" : "s", seconds * 1e3);
    }
}

int molt_module_reload(molt_module *module, const molt_reload_options *options, molt_reload_report *report)
{
    molt_world *world = module->world;
    if (options && options->size != sizeof *options) {
        return molt__fail(world, MOLT_ERR_ARGUMENT, "the size of a molt_reload_options is %zu, found %zu",
                          sizeof *options, options->size);
    }
    if (report && report->size != sizeof *report) {
        return molt__fail(world, MOLT_ERR_ARGUMENT, "the size of a molt_reload_report is %zu, found %zu",
                          sizeof *report, report->size);
    }
    int err = check_moment(module);
    molt__reasons_free(world, &world->refusal);
    if (err) return molt__reasons_take(world, &world->refusal);
    reloading r = { .module = module, .start = world->config.clock(world->config.user) };
    err = molt__content_read(world, module->file, &r.content);
    if (err) return molt__reasons_take(world, &world->refusal);
    bool unchanged = r.content.hash == module->generation->hash && r.content.length == module->generation->length;
    if (!unchanged) err = replace(&r);
    molt__content_free(world, &r.content);
    if (err && !molt__reasons_any(&world->refusal)) molt__reasons_take(world, &world->refusal);
    if (!err) report_to(&r, unchanged, report);
    return err;
}
