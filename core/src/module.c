#include "module.h"

#include "error.h"
#include "later.h"
#include "loader.h"
#include "memory.h"
#include "search.h"
#include "trait.h"
#include "transaction.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

static void module_free(molt_module *module)
{
    molt_world *world = module->world;
    molt__content_free(world, &module->content);
    molt__content_free(world, &module->previous);
    molt__free(world, module->change, module->change_capacity * sizeof *module->change);
    molt__free_text(world, module->name);
    molt__free_text(world, module->version);
    molt__free_text(world, module->file);
    molt__free(world, module->impl, module->capacity * sizeof *module->impl);
    molt__free(world, module, sizeof *module);
}

static molt_module *module_new(molt_world *world, const molt_module_info *info, const char *file)
{
    molt_module *module = molt__allocate(world, sizeof *module);
    if (!module) return NULL;
    module->world = world;
    module->name = molt__copy_text(world, info->name);
    module->version = molt__copy_text(world, info->version);
    module->file = molt__copy_text(world, file);
    if (module->name && module->version && module->file) return module;
    module_free(module);
    return NULL;
}

/* The first generation of a module. NULL: refused, and nothing has changed; what the
 * step holds is closed and freed. */
static molt_module *adopt(molt_world *world, const char *file, molt__step *step)
{
    bool room = !molt__reserve(world, (void **)&world->modules.item, &world->modules.capacity,
                               world->modules.count + 1, sizeof(void *));
    molt_module *module = room ? module_new(world, step->info, file) : NULL;
    molt__transaction t = { .world = world, .step = step, .count = 1 };
    step->module = module;
    bool refused = module && molt__transaction_run(&t);
    if (refused) molt__reasons_fail(world, &world->refusal, file[0] ? file : module->name, "");
    molt__transaction_free(&t);
    if (refused) module_free(module);
    if (!module || refused) return NULL;
    world->modules.item[world->modules.count++] = module;
    return module;
}

static molt_module *find_by_file(const molt_world *world, const char *file)
{
    for (size_t i = 0; i < world->modules.count; i++) {
        molt_module *module = world->modules.item[i];
        if (strcmp(module->file, file) == 0) return module;
    }
    return NULL;
}

static molt_module *find_by_name(const molt_world *world, const char *name)
{
    for (size_t i = 0; i < world->modules.count; i++) {
        molt_module *module = world->modules.item[i];
        if (strcmp(module->name, name) == 0) return module;
    }
    return NULL;
}

/* One name, one module: its implementations are found by it. */
static int check_name_is_free(molt_world *world, const char *file, const char *name)
{
    const molt_module *other = find_by_name(world, name);
    if (!other) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_MODULE, "%s: module '%s' is loaded already, from %s", file, name,
                      other->file[0] ? other->file : "the program itself");
}

static molt_module *load_image(molt_world *world, const char *file, molt__content *content)
{
    molt__step step = { .kind = MOLT__STEP_LOAD };
    if (molt__image_inspect(world, file, content->bytes, content->length, &step.image, &world->refusal)) return NULL;
    if (check_name_is_free(world, file, step.image.note.name)) return NULL;
    const molt__opening opening = { .world = world, .file = file, .content = content, .image = &step.image };
    step.next = molt__generation_open(&opening);
    if (!step.next) return NULL;
    step.info = step.next->info;
    step.content = *content;         /* the module's from now on */
    *content = (molt__content){ 0 };
    return adopt(world, file, &step);
}

/* A module that was unloaded serves again. */
static molt_module *revive(molt_module *module)
{
    molt_world *world = module->world;
    molt__step step = { .kind = MOLT__STEP_RELOAD, .module = module };
    molt__transaction t = { .world = world, .step = &step, .count = 1 };
    int err = molt__transaction_run(&t);
    if (err) molt__reasons_fail(world, &world->refusal, module->file, "");
    molt__transaction_free(&t);
    return err ? NULL : module;
}

static molt_module *load_file(molt_world *world, const char *file)
{
    molt_module *module = find_by_file(world, file);
    if (module && !module->unloaded) return module;
    double start = world->config.clock(world->config.user);
    if (module) {
        module = revive(module);
    } else {
        molt__content content;
        if (molt__content_read(world, file, &content)) return NULL;
        module = load_image(world, file, &content);
        molt__content_free(world, &content);
    }
    if (!module) return NULL;
    molt_log(world, MOLT_LOG_INFO, "%s g%u  loaded from %s  %.1f ms", module->name, (unsigned)module->number,
             module->file, (world->config.clock(world->config.user) - start) * 1e3);
    return module;
}

static molt_module *load_by_name(molt_world *world, const char *name)
{
    if (molt__loader_ready(world)) return NULL;
    char *file = molt__search(world, name);
    if (!file) return NULL;
    molt_module *module = load_file(world, file);
    molt__free_text(world, file);
    return module;
}

molt_module *molt_module_load(molt_world *world, const char *name)
{
    if (molt__threads_check(world, __func__)) return NULL;
    molt_module *module = name && !strchr(name, '/') ? find_by_name(world, name) : NULL;
    if (module && !module->unloaded) return module;
    if (molt__loader_begin(world, name ? name : "?")) return NULL;
    module = module ? load_file(world, module->file) : load_by_name(world, name);
    if (!module && !molt__reasons_any(&world->refusal)) {
        molt__reasons_take(world, &world->refusal);
        world->refusal.told = true;
    }
    return module;
}

const molt_reason *molt_last_reasons(const molt_world *world, size_t *count)
{
    *count = 0;
    return world->refusal.told ? molt__reasons_list(&world->refusal, count) : NULL;
}

molt_module *molt_module_register(molt_world *world, molt_module_entry *entry)
{
    if (molt__threads_check(world, __func__)) return NULL;
    molt__reasons_free(world, &world->refusal);
    const molt_module_info *info = entry();
    if (molt__info_check(world, "a module of the program", info)) return NULL;
    if (check_name_is_free(world, "a module of the program", info->name)) return NULL;
    if (molt__loader_begin(world, info->name)) return NULL;
    molt__step step = { .kind = MOLT__STEP_LOAD, .info = info };
    return adopt(world, "", &step);
}

int molt_module_path(molt_world *world, const char *folders)
{
    int barred = molt__threads_check(world, __func__);
    if (barred) return barred;
    if (!folders) return molt__fail(world, MOLT_ERR_ARGUMENT, "the path of native modules cannot be NULL");
    if (molt__loader_ready(world)) return MOLT_ERR_MEMORY;
    char *path = molt__copy_text(world, folders);
    if (!path) return MOLT_ERR_MEMORY;
    molt__free_text(world, world->loader->path);
    world->loader->path = path;
    return MOLT_OK;
}

molt_module *molt_module_find(molt_world *world, const char *name)
{
    if (molt__threads_check(world, __func__)) return NULL;
    molt_module *module = find_by_name(world, name);
    if (module) return module;
    molt__near search = molt__near_begin(name);
    for (size_t i = 0; i < world->modules.count; i++) {
        molt__near_offer(&search, ((molt_module *)world->modules.item[i])->name);
    }
    molt__fail(world, MOLT_ERR_UNKNOWN, "no native module '%s' is loaded", name);
    if (molt__near_result(&search)) molt__hint(world, "did you mean '%s'?", molt__near_result(&search));
    return NULL;
}

const char *molt_module_name(const molt_module *module)
{
    return module->name;
}

const char *molt_module_version(const molt_module *module)
{
    return module->version;
}

const char *molt_module_file(const molt_module *module)
{
    return module->file;
}

uint32_t molt_module_generation(const molt_module *module)
{
    return module->number;
}

static void list_impls(const molt_module *module, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < module->count && length < size; i++) {
        if (module->impl[i].impl->gone) continue;
        int added = snprintf(text + length, size - length, "%s%s", length ? ", " : "", module->impl[i].name);
        length += added > 0 ? (size_t)added : 0;
    }
}

molt_impl *molt_module_impl(molt_module *module, const char *name)
{
    if (molt__threads_check(module->world, __func__)) return NULL;
    molt_world *world = module->world;
    molt__near search = molt__near_begin(name);
    for (size_t i = 0; i < module->count; i++) {
        molt_impl *impl = module->impl[i].impl;
        if (strcmp(module->impl[i].name, name) == 0) return molt__impl_check(impl) ? NULL : impl;
        if (!impl->gone) molt__near_offer(&search, module->impl[i].name);
    }
    if (module->unloaded) {
        molt__fail(world, MOLT_ERR_STATE, "module '%s' has been unloaded", module->name);
        return NULL;
    }
    char list[512];
    list_impls(module, list, sizeof list);
    molt__fail(world, MOLT_ERR_UNKNOWN, "module '%s' has no implementation '%s'; it has %s", module->name, name,
               list[0] ? list : "none");
    if (molt__near_result(&search)) molt__hint(world, "did you mean '%s'?", molt__near_result(&search));
    return NULL;
}

molt_impl *molt_module_impl_at(molt_module *module, size_t position, const char **name)
{
    for (size_t i = 0; i < module->count; i++) {
        if (module->impl[i].impl->gone || position-- > 0) continue;
        if (name) *name = module->impl[i].name;
        return module->impl[i].impl;
    }
    return NULL;
}

void molt__modules_tick(molt_world *world)
{
    if (!world->loader) return;
    molt__later_run(world);
    molt__loader_tick(world);
}

void molt__modules_free(molt_world *world)
{
    for (size_t i = 0; i < world->modules.count; i++) module_free(world->modules.item[i]);
    molt__free(world, world->modules.item, world->modules.capacity * sizeof(void *));
    world->modules = (molt__list){ 0 };
    molt__loader_free(world);
}
