#include "report.h"

#include "error.h"
#include "shape.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

int molt__report_check(molt_world *world, const molt_reload_options *options, const molt_reload_report *report)
{
    if (options && options->size != sizeof *options) {
        return molt__fail(world, MOLT_ERR_ARGUMENT, "the size of a molt_reload_options is %zu, found %zu",
                          sizeof *options, options->size);
    }
    uint32_t known = MOLT_RELOAD_PROBE | MOLT_RELOAD_NO_PROBE | MOLT_RELOAD_TOMBSTONES;
    if (options && options->flags & ~known) {
        return molt__fail(world, MOLT_ERR_ARGUMENT, "unknown flags of a reload: 0x%x", (unsigned)(options->flags & ~known));
    }
    if (options && !(options->timeout >= 0 && options->timeout < 1e9)) {
        return molt__fail(world, MOLT_ERR_RANGE, "the timeout of a reload is in seconds, got %g", options->timeout);
    }
    if (report && report->size != sizeof *report) {
        return molt__fail(world, MOLT_ERR_ARGUMENT, "the size of a molt_reload_report is %zu, found %zu",
                          sizeof *report, report->size);
    }
    return MOLT_OK;
}

static bool has_trait_of(const molt_shape *shape, const molt_module *module)
{
    for (size_t i = 0; i < module->count; i++) {
        const molt_impl *impl = module->impl[i].impl;
        if (!impl->gone && molt__shape_part(shape, impl->trait->identity)) return true;
    }
    return false;
}

/* Objects alive that have a trait which the module implements. */
static uint32_t objects_of(const molt_module *module)
{
    const molt__list *shapes = &module->world->shapes;
    size_t count = 0;
    for (size_t i = 0; i < shapes->count; i++) {
        const molt_shape *shape = shapes->item[i];
        if (shape->live && has_trait_of(shape, module)) count += shape->live;
    }
    return (uint32_t)count;
}

static void describe(const molt__step *s, double seconds, molt_reload_report *report)
{
    const molt_module *module = s->module;
    *report = (molt_reload_report){
        .size = sizeof *report, .from = s->from, .to = module->number, .unchanged = s->unchanged,
        .slots = s->slots, .instances = s->instances, .objects = s->objects, .restored = s->restored,
        .seconds = seconds, .build_id = module->build_id, .fate = s->fate,
        .fate_reason = s->unchanged ? "" : module->fate,
    };
    if (!s->unchanged) {
        report->change = module->change;
        report->change_count = module->change_count;
    }
    memcpy(report->phase, s->phase, sizeof report->phase);
}

/* "1,204" */
static const char *grouped(size_t number, char *text, size_t size)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%zu", number);
    size_t at = 0;
    for (int i = 0; i < length && at + 2 < size; i++) {
        if (i && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

static const char *fate_text(molt_image_fate fate)
{
    switch (fate) {
    case MOLT_IMAGE_NONE: break;
    case MOLT_IMAGE_RETIRED: return "  old image retired";
    case MOLT_IMAGE_UNLOADED: return "  old image unloaded";
    case MOLT_IMAGE_PINNED: return "  old image pinned";
    case MOLT_IMAGE_QUARANTINED: return "  old image quarantined";
    }
    return "";
}

size_t molt_reload_text(const molt_module *module, const molt_reload_report *report, char *text, size_t size)
{
    char objects[32], slots[32], restored[40] = "";
    const char *separator = report->fate_reason[0] ? ": " : "";
    int n;
    if (report->deferred) {
        n = snprintf(text, size, "%s g%u  deferred to the next quiescent point", module->name, (unsigned)report->to);
    } else if (report->unchanged) {
        n = snprintf(text, size, "%s g%u  unchanged", module->name, (unsigned)report->to);
    } else {
        if (report->restored) snprintf(restored, sizeof restored, " (g%u again)", (unsigned)report->restored);
        n = snprintf(text, size, "%s g%u→g%u%s  %s object%s  %s slot%s changed  %.1f ms%s%s%s", module->name,
                     (unsigned)report->from, (unsigned)report->to, restored,
                     grouped(report->objects, objects, sizeof objects), report->objects == 1 ? "" : "s",
                     grouped(report->slots, slots, sizeof slots), report->slots == 1 ? "" : "s",
                     report->seconds * 1e3, fate_text(report->fate), separator, report->fate_reason);
    }
    return n > 0 ? (size_t)n : 0;
}

static double seconds_of(const molt__step *s)
{
    const molt_world *world = s->module->world;
    return world->config.clock(world->config.user) - s->start;
}

void molt__report_done(molt__step *s, molt_reload_report *report)
{
    molt_module *module = s->module;
    molt_reload_report local;
    char text[512];
    if (!report) report = &local;
    if (!s->unchanged) s->objects = objects_of(module);
    describe(s, seconds_of(s), report);
    molt_reload_text(module, report, text, sizeof text);
    molt_log(module->world, MOLT_LOG_INFO, "%s", text);
}

void molt__report_refused(const molt__step *s, molt_reload_report *report)
{
    molt_world *world = s->module->world;
    size_t count;
    const molt_reason *reasons = molt__reasons_list(&world->refusal, &count);
    molt_log(world, MOLT_LOG_INFO, "%s g%u  refused: %zu reason%s  %.1f ms", s->module->name,
             (unsigned)s->module->number, count, count == 1 ? "" : "s", seconds_of(s) * 1e3);
    if (!report) return;
    describe(s, seconds_of(s), report);
    report->fate = MOLT_IMAGE_NONE;
    report->fate_reason = "";
    report->change = NULL;
    report->change_count = 0;
    report->reason = reasons;
    report->reason_count = count;
}
