#include "transaction.h"

#include "edit.h"
#include "error.h"
#include "loader.h"
#include "memory.h"
#include "record.h"
#include "version.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

static double now(const molt_world *world)
{
    return world->config.clock(world->config.user);
}

/* The time since the last phase was this one's. */
static void spent(molt__step *s, molt_reload_phase phase)
{
    double time = now(s->module->world);
    s->phase[phase] += time - s->mark;
    s->mark = time;
}

/* ---- One module, up to its plan ---------------------------------------------- */

static int stage(molt__step *s)
{
    const molt_module *module = s->module;
    if (!s->content.bytes && molt__content_read(module->world, module->file, &s->content)) return MOLT_ERR_FILE;
    const molt__generation *serving = module->generation;
    s->unchanged = s->kind == MOLT__STEP_RELOAD && serving && s->content.hash == serving->hash &&
                   s->content.length == serving->length;
    spent(s, MOLT_PHASE_STAGE);
    return MOLT_OK;
}

static int check_name(const molt__step *s)
{
    const molt_module *module = s->module;
    if (strcmp(s->image.note.name, module->name) == 0) return MOLT_OK;
    return molt__fail(module->world, MOLT_ERR_MODULE, "%s: expected module '%s', found '%s'", module->file,
                      module->name, s->image.note.name);
}

/* Versions count where one of the two says which it can follow. Going back is not
 * following: the code has served before. */
static int check_version(const molt__step *s)
{
    const molt_module *module = s->module;
    molt_world *world = module->world;
    const molt_note *note = &s->image.note;
    if (s->kind == MOLT__STEP_ROLLBACK || (!note->compatible[0] && !module->compatible[0])) return MOLT_OK;
    if (molt__version_compare(note->version, module->version) < 0) {
        molt__fail(world, MOLT_ERR_VERSION, "%s: version %s is older than %s, which serves", module->file,
                   note->version, module->version);
        return molt__hint(world, "module:rollback() goes back to the generation before");
    }
    if (!note->compatible[0] || molt__version_compare(module->version, note->compatible) >= 0) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_VERSION, "%s: version %s can follow %s and later, but %s serves", module->file,
                      note->version, note->compatible, module->version);
}

static int inspect(molt__step *s)
{
    const molt_module *module = s->module;
    molt_world *world = module->world;
    int err = molt__image_inspect(world, module->file, s->content.bytes, s->content.length, &s->image,
                                  &world->refusal);
    if (err) return err;
    err = check_name(s);
    if (err) molt__reasons_take(world, &world->refusal);
    int old = check_version(s);
    if (old) molt__reasons_take(world, &world->refusal);
    spent(s, MOLT_PHASE_INSPECT);
    return err ? err : old;
}

static int open_image(const molt__transaction *t, molt__step *s)
{
    molt_module *module = s->module;
    const molt__opening opening = { .world = t->world, .module = module, .file = module->file, .content = &s->content,
                                    .image = &s->image, .flags = t->flags, .limit = t->timeout };
    s->next = molt__generation_open(&opening);
    if (!s->next) return molt_last_code(t->world);
    s->info = s->next->info;
    spent(s, MOLT_PHASE_OPEN);
    s->phase[MOLT_PHASE_PROBE] = s->next->probed;
    s->phase[MOLT_PHASE_OPEN] -= s->next->probed;
    return MOLT_OK;
}

static void agree(molt__transaction *t, molt__step *s)
{
    const molt_module *module = s->module;
    molt_world *world = t->world;
    if (world->loader) world->loader->back = s->kind == MOLT__STEP_ROLLBACK;
    molt__offer_collect(module, s->info, module->number + 1, t->flags, &world->refusal, &s->offer);
    spent(s, MOLT_PHASE_HANDSHAKE);
    molt__plan_make(module, &s->offer, module->number + 1, &s->plan);
    spent(s, MOLT_PHASE_PLAN);
}

static void examine(molt__transaction *t, molt__step *s)
{
    molt_world *world = t->world;
    size_t before = world->refusal.count + world->refusal.lost;
    int err = MOLT_OK;
    if (s->kind != MOLT__STEP_LOAD) {
        err = stage(s);
        if (s->unchanged) return;
        if (!err) err = inspect(s);
        if (!err) err = open_image(t, s);
    }
    if (!err) agree(t, s);
    else if (before == world->refusal.count + world->refusal.lost) molt__reasons_take(world, &world->refusal);
    if (t->count > 1) molt__reasons_of(world, &world->refusal, before, s->module->name);
}

/* ---- All of them ------------------------------------------------------------- */

static int prepare_step(molt__step *s, molt__impl_change *changes)
{
    molt_module *module = s->module;
    molt_world *world = module->world;
    s->changes = changes;
    s->version = molt__copy_text(world, s->info->version);
    if (!s->version) return MOLT_ERR_MEMORY;
    return molt__module_changes(module, &s->offer, module->number + 1, changes);
}

/* Traits that the modules declare otherwise than they are. */
static int gather(molt__transaction *t)
{
    molt_world *world = t->world;
    size_t room = (t->count + 1) * sizeof(molt__offer *), count = 0, amended = 0;
    molt__offer **offers = molt__allocate(world, room);
    if (!offers) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < t->count; i++) {
        if (!t->step[i].offer.world) continue;
        offers[count++] = &t->step[i].offer;
        amended += t->step[i].offer.amendment_count;
    }
    if (amended) t->rewritings = molt__amend_gather(world, offers, count, &t->evolution.count);
    t->rewriting_room = (amended + 1) * sizeof *t->rewritings;
    molt__free(world, offers, room);
    return amended && !t->rewritings ? molt_last_code(world) : MOLT_OK;
}

static int prepare_functions(molt__transaction *t)
{
    if (!t->evolution.count) return molt__impl_prepare(t->world, t->changes, t->change_count);
    t->evolution.world = t->world;
    t->evolution.rewritings = t->rewritings;
    t->evolution.natives = t->changes;
    t->evolution.native_count = t->change_count;
    return molt__evolution_prepare(&t->evolution);
}

/* How many objects of each module's traits have got other bodies. */
static void count_instances(molt__transaction *t)
{
    const molt__migration *migration = &t->evolution.overhaul.migration;
    for (size_t i = 0; i < t->count; i++) {
        if (t->step[i].offer.amendment_count) t->step[i].instances = (uint32_t)migration->count;
    }
}

static void commit_functions(molt__transaction *t)
{
    if (!t->evolution.count) {
        molt__impl_commit(t->world, t->changes, t->change_count);
        return;
    }
    count_instances(t);
    molt__evolution_commit(&t->evolution);
}

static int prepare(molt__transaction *t)
{
    molt_world *world = t->world;
    for (size_t i = 0; i < t->count; i++) t->change_count += t->step[i].offer.count;
    size_t room = (t->change_count ? t->change_count : 1) * sizeof *t->changes, at = 0;
    t->changes = molt__allocate(world, room);
    int err = t->changes ? MOLT_OK : MOLT_ERR_MEMORY;
    for (size_t i = 0; i < t->count && !err; i++) {
        if (!t->step[i].unchanged) err = prepare_step(&t->step[i], t->changes + at);
        at += t->step[i].offer.count;
    }
    if (!err) err = gather(t);
    if (!err) err = prepare_functions(t);
    if (err) molt__reasons_take(world, &world->refusal);
    return err;
}

static void write_build_id(const molt__image *image, char *text)
{
    text[0] = '\0';
    for (size_t i = 0; image->proof && image->proof_size < MOLT__BUILD_ID / 2 + 1 && i < image->proof_size; i++) {
        snprintf(text + 2 * i, 3, "%02x", image->proof[i]);
    }
}

/* The report's list becomes the module's, which had room for the last. */
static void keep_changes(molt__step *s)
{
    molt_module *module = s->module;
    molt__free(module->world, module->change, module->change_capacity * sizeof *module->change);
    module->change = s->plan.change;
    module->change_count = s->plan.count;
    module->change_capacity = s->plan.capacity;
    s->plan.change = NULL;
    s->plan.capacity = 0;
}

/* A rollback leaves nothing to go back to: its content is `previous` itself. */
static void keep_content(molt__step *s)
{
    molt_module *module = s->module;
    molt_world *world = module->world;
    if (s->kind != MOLT__STEP_ROLLBACK) molt__content_free(world, &module->previous);
    module->previous = (molt__content){ 0 };
    module->previous_number = 0;
    if (s->kind == MOLT__STEP_RELOAD && !module->unloaded) {
        module->previous = module->content;
        module->previous_number = s->from;
    } else {
        molt__content_free(world, &module->content);
    }
    module->content = s->content;
    s->content = (molt__content){ 0 };
}

/* From here on nothing can fail. */
static void take_over(molt__step *s)
{
    molt_module *module = s->module;
    molt_world *world = module->world;
    for (size_t i = 0; i < s->offer.count; i++) s->slots += s->changes[i].slots;
    module->number++;
    molt__module_mark(module, &s->offer, module->number);
    molt__persist_commit(world, &s->offer.states);
    molt__wordings_commit(world, &s->offer.wordings);
    keep_content(s);
    keep_changes(s);
    write_build_id(&s->image, module->build_id);
    memcpy(module->compatible, s->image.note.compatible, sizeof module->compatible);
    molt__free_text(world, module->version);
    module->version = s->version;
    s->version = NULL;
    spent(s, MOLT_PHASE_COMMIT);
    s->old = module->generation;
    module->generation = s->next;
    s->next = NULL;
    module->unloaded = false;
}

/* Everything follows the new code: the old may go. Its last words may reach Lua. */
static void retire(molt__step *s)
{
    molt_module *module = s->module;
    module->fate[0] = '\0';
    if (!s->old) return;
    s->mark = now(module->world);
    s->fate = molt__loader_retire(module->world, s->old);
    snprintf(module->fate, sizeof module->fate, "%s", module->world->loader->reason);
    spent(s, MOLT_PHASE_RETIRE);
}

static void commit(molt__transaction *t)
{
    for (size_t i = 0; i < t->count; i++) spent(&t->step[i], MOLT_PHASE_PREPARE);
    commit_functions(t);
    for (size_t i = 0; i < t->count; i++) {
        if (!t->step[i].unchanged) take_over(&t->step[i]);
    }
    molt__edit_publish(t->world);
    molt__impl_release(t->world, t->changes, t->change_count);
}

/* Takes back what setup declared: traits, then the structs that their fields have. */
static void cancel(molt__transaction *t)
{
    molt_world *world = t->world;
    for (size_t i = t->count; i-- > 0;) {
        molt__module_take_back(t->step[i].module, t->step[i].impls);
        if (t->step[i].offer.world) molt__amend_free(&t->step[i].offer);     /* drafts were declared after traits */
    }
    molt__traits_undo(world, t->traits);
    if (world->traits.count == t->traits) molt__records_undo(world, t->records);
}

/* Would objects get other bodies that native methods on the stack are in? */
static bool must_wait(const molt__transaction *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const molt__offer *offer = &t->step[i].offer;
        for (size_t a = 0; a < offer->amendment_count; a++) {
            if (molt__evolution_must_wait(offer->amendments[a].current)) return true;
        }
    }
    return false;
}

int molt__transaction_run(molt__transaction *t)
{
    molt_world *world = t->world;
    molt__loader *loader = world->loader;
    t->traits = world->traits.count;
    t->records = world->records.count;
    double limit = world->threads.limit;
    if (t->timeout > 0) world->threads.limit = t->timeout;
    if (loader) loader->busy = true;
    for (size_t i = 0; i < t->count; i++) {
        molt__step *s = &t->step[i];
        s->start = s->mark = now(world);
        s->impls = s->module->count;
        s->from = s->module->number;
        examine(t, s);
    }
    int err = molt__reasons_any(&world->refusal) ? MOLT_ERR_MODULE : MOLT_OK;
    t->waits = !err && t->may_wait && must_wait(t);
    if (!err && !t->waits) err = prepare(t);
    if (err || t->waits) cancel(t);
    else commit(t);
    if (loader) loader->busy = false;
    world->threads.limit = limit;
    for (size_t i = 0; i < t->count && !err && !t->waits; i++) retire(&t->step[i]);
    return err;
}

void molt__transaction_free(molt__transaction *t)
{
    molt_world *world = t->world;
    for (size_t i = 0; i < t->count; i++) {
        molt__step *s = &t->step[i];
        if (s->kind != MOLT__STEP_ROLLBACK) molt__content_free(world, &s->content);
        if (s->offer.world) molt__offer_free(&s->offer);
        molt__plan_free(world, &s->plan);
        molt__free_text(world, s->version);
        if (s->next) molt__loader_close(world, s->next);
    }
    if (t->rewritings) molt__free(world, t->rewritings, t->rewriting_room);
    molt__free(world, t->changes, (t->change_count ? t->change_count : 1) * sizeof *t->changes);
}
