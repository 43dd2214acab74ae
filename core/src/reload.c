/* reload.c: modules follow their files, one alone or several together; and back again. */
#include "transaction.h"

#include "error.h"
#include "later.h"
#include "loader.h"
#include "memory.h"
#include "report.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

static int check_fit(const molt_module *module)
{
    molt_world *world = module->world;
    if (!molt__later_needed(world)) molt__reasons_free(world, &world->refusal);
    if (world->closing) return molt__fail(world, MOLT_ERR_CLOSED, "the world is being closed");
    if (!module->file[0]) {
        return molt__fail(world, MOLT_ERR_STATE, "module '%s' is linked into the program and cannot be reloaded",
                          module->name);
    }
    if (module->unloaded) {
        molt__fail(world, MOLT_ERR_STATE, "module '%s' has been unloaded", module->name);
        return molt__hint(world, "load it again");
    }
    return MOLT_OK;
}

static int defer(const molt__transaction *t, molt__later_kind kind, molt_module *const *modules, molt_reload_report *reports)
{
    const molt_reload_options options = { .size = sizeof options, .flags = t->flags, .timeout = t->timeout };
    return molt__later_ask(kind, modules, t->count, &options, reports);
}

/* Carries it out, now or later, and reports on each step. `reports` may be NULL. */
static int run(molt__transaction *t, molt__later_kind kind, molt_module *const *modules, const char *file,
               const char *meanwhile, molt_reload_report *reports)
{
    molt_world *world = t->world;
    if (molt__later_needed(world)) return defer(t, kind, modules, reports);
    int err = molt__loader_begin(world, modules[0]->name);
    if (err) return err;
    t->may_wait = true;
    err = molt__transaction_run(t);
    if (err) err = molt__reasons_fail(world, &world->refusal, file, meanwhile);
    for (size_t i = 0; i < t->count && !t->waits; i++) {
        molt_reload_report *report = reports ? &reports[i] : NULL;
        if (err) molt__report_refused(&t->step[i], report);
        else molt__report_done(&t->step[i], report);
    }
    molt__transaction_free(t);
    return t->waits ? defer(t, kind, modules, reports) : err;
}

static molt__transaction transaction_of(molt_world *world, const molt_reload_options *options)
{
    return (molt__transaction){ .world = world, .flags = options ? options->flags : 0,
                                .timeout = options ? options->timeout : 0 };
}

int molt_module_reload(molt_module *module, const molt_reload_options *options, molt_reload_report *report)
{
    int barred = molt__threads_check(module->world, __func__);
    if (barred) return barred;
    molt_world *world = module->world;
    int err = molt__report_check(world, options, report);
    if (!err) err = check_fit(module);
    if (err) return err;
    molt__step step = { .kind = MOLT__STEP_RELOAD, .module = module };
    molt__transaction t = transaction_of(world, options);
    t.step = &step;
    t.count = 1;
    return run(&t, MOLT__LATER_RELOAD, &module, module->file, ", the earlier generation serves on", report);
}

/* Every module once, each fit to be reloaded. */
static int check_batch(molt_module *const *modules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int err = check_fit(modules[i]);
        if (err) return err;
        for (size_t j = 0; j < i; j++) {
            if (modules[i] != modules[j]) continue;
            return molt__fail(modules[i]->world, MOLT_ERR_ARGUMENT, "module '%s' is listed twice", modules[i]->name);
        }
        if (modules[i]->world == modules[0]->world) continue;
        return molt__fail(modules[0]->world, MOLT_ERR_ARGUMENT, "module '%s' is of another world", modules[i]->name);
    }
    return MOLT_OK;
}

int molt_modules_reload(molt_module *const *modules, size_t count, const molt_reload_options *options,
                        molt_reload_report *reports)
{
    if (!count) return MOLT_OK;
    molt_world *world = modules[0]->world;
    int barred = molt__threads_check(world, __func__);
    if (barred) return barred;
    int err = molt__report_check(world, options, NULL);
    for (size_t i = 0; reports && i < count && !err; i++) err = molt__report_check(world, NULL, &reports[i]);
    if (!err) err = check_batch(modules, count);
    if (err) return err;
    molt__transaction t = transaction_of(world, options);
    t.step = molt__allocate(world, count * sizeof *t.step);
    if (!t.step) return MOLT_ERR_MEMORY;
    t.count = count;
    for (size_t i = 0; i < count; i++) t.step[i] = (molt__step){ .kind = MOLT__STEP_RELOAD, .module = modules[i] };
    char what[48];
    snprintf(what, sizeof what, "%zu modules", count);
    molt__step *steps = t.step;
    err = run(&t, MOLT__LATER_BATCH, modules, count == 1 ? modules[0]->file : what, ", the earlier generations serve on", reports);
    molt__free(world, steps, count * sizeof *steps);
    return err;
}

int molt_module_rollback(molt_module *module, const molt_reload_options *options, molt_reload_report *report)
{
    int barred = molt__threads_check(module->world, __func__);
    if (barred) return barred;
    molt_world *world = module->world;
    int err = molt__report_check(world, options, report);
    if (!err) err = check_fit(module);
    if (!err && !module->previous.bytes) {
        err = molt__fail(world, MOLT_ERR_STATE, "module '%s', generation %u, has no generation to go back to",
                         module->name, (unsigned)module->number);
        molt__hint(world, "a reload that is accepted makes one; a rollback uses it up");
    }
    if (err) return err;
    molt__step step = { .kind = MOLT__STEP_ROLLBACK, .module = module, .content = module->previous,
                        .restored = module->previous_number };
    molt__transaction t = transaction_of(world, options);
    t.step = &step;
    t.count = 1;
    return run(&t, MOLT__LATER_ROLLBACK, &module, module->file, ", the generation that serves stays", report);
}
