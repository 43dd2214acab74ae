#define _GNU_SOURCE
#include "generation.h"

#include "error.h"
#include "loader.h"
#include "memory.h"
#include "module.h"
#include "open.h"
#include "persist.h"
#include "probe.h"
#include "stale.h"
#include "world_state.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

static int try_copy(const molt__opening *o, molt__generation *generation)
{
    molt_world *world = o->world;
    if (!molt__probe_wanted(world, o->flags)) return MOLT_OK;
    double start = world->config.clock(world->config.user);
    int err = molt__probe(o, generation->copy);
    generation->probed = world->config.clock(world->config.user) - start;
    return err;
}

static int map_copy(const molt__opening *o, molt__generation *generation, molt__opened *opened)
{
    molt_world *world = o->world;
    int err = molt__stage_copy(world, &world->loader->stage, o->image->note.name, o->file, o->content->bytes,
                               o->content->length, &generation->copy);
    if (err) return err;
    err = try_copy(o, generation);
    if (!err) err = molt__open(world, o->file, generation->copy, o->image, opened);
    if (err) molt__stage_remove(world, generation->copy);
    generation->handle = opened->handle;
    generation->base = opened->base;
    memcpy(generation->stays, o->image->stays, sizeof generation->stays);
    return err;
}

int molt__info_check(molt_world *world, const char *file, const molt_module_info *info)
{
    if (!info) return molt__fail(world, MOLT_ERR_MODULE, "%s: the module says nothing of itself", file);
    if (info->size == sizeof *info && info->abi == MOLT_ABI) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_VERSION, "%s: built for ABI %u of molt/native.h, expected %u", file,
                      (unsigned)info->abi, MOLT_ABI);
}

/* Is a stretch of memory the image's own? */
static bool own(const molt__opening *o, const molt__opened *opened, const void *memory, size_t size)
{
    uint64_t place = (uint64_t)(uintptr_t)memory - opened->base;
    return place >= o->image->low && place <= o->image->high && size <= o->image->high - place;
}

/* Is it the same text as in the note, which was looked at? */
static bool says(const molt__opening *o, const molt__opened *opened, const char *text, const char *noted)
{
    size_t size = strlen(noted) + 1;
    return own(o, opened, text, size) && memcmp(text, noted, size) == 0;
}

int molt__generation_meet(const molt__opening *o, const molt__opened *opened, const molt_module_info **info)
{
    const molt_note *note = &o->image->note;
    *info = opened->entry();
    if (*info && !own(o, opened, *info, sizeof **info)) {
        return molt__fail(o->world, MOLT_ERR_IMAGE, "%s: what it says of itself lies outside of it", o->file);
    }
    int err = molt__info_check(o->world, o->file, *info);
    if (err) return err;
    bool same = says(o, opened, (*info)->name, note->name) && says(o, opened, (*info)->version, note->version);
    if (same && own(o, opened, (*info)->api, sizeof *(*info)->api)) return MOLT_OK;
    return molt__fail(o->world, MOLT_ERR_IMAGE, "%s: its code and its note ('%s', version %s) say different things",
                      o->file, note->name, note->version);
}

static int shake_hands(const molt__opening *o, molt__generation *generation, const molt__opened *opened)
{
    int err = molt__generation_meet(o, opened, &generation->info);
    if (err) return err;
    if (generation->stays[0]) {
        molt_log(o->world, MOLT_LOG_INFO, "%s will stay mapped: %s", generation->copy, generation->stays);
    }
    return MOLT_OK;
}

static void enter(const molt__opening *o, molt__generation *generation, uintptr_t base)
{
    molt__loader *loader = o->world->loader;
    generation->span = molt__span_pages(base + o->image->low, base + o->image->high);
    memcpy(generation->name, o->image->note.name, sizeof generation->name);
    generation->number = o->module ? o->module->number + 1 : 1;
    generation->kept = o->module && o->module->kept;
    generation->next = loader->generations;
    loader->generations = generation;
    loader->images++;
}

molt__generation *molt__generation_open(const molt__opening *o)
{
    molt_world *world = o->world;
    molt__opened opened = { 0 };
    molt__generation *generation = molt__allocate(world, sizeof *generation);
    if (!generation) return NULL;
    generation->hash = o->content->hash;
    generation->length = o->content->length;
    if (map_copy(o, generation, &opened)) {
        molt__free(world, generation, sizeof *generation);
        return NULL;
    }
    enter(o, generation, opened.base);
    if (shake_hands(o, generation, &opened)) {
        molt__loader_close(world, generation);
        return NULL;
    }
    return generation;
}

bool molt__generation_close(molt_world *world, molt__generation *generation)
{
    molt__stale *stale = world->loader->stale;
    bool taken;
    if (generation->handle) dlclose(generation->handle);
    generation->handle = NULL;
    if (!molt__pins_gone(generation->copy, generation->span, &taken)) return false;
    if (taken && stale) molt__stale_keep(stale, generation->name, generation->number, generation->span);
    else if (taken) molt__span_release(generation->span);
    molt__generation_free(world, generation);
    return true;
}

/* Is there an image of the module that does not serve? */
static bool any_waits(const molt__generation *list, const char *name)
{
    while (list && (list->fate == MOLT_IMAGE_NONE || strcmp(list->name, name) != 0)) list = list->next;
    return list != NULL;
}

void molt__generation_free(molt_world *world, molt__generation *generation)
{
    molt__generation **link = &world->loader->generations;
    while (*link && *link != generation) link = &(*link)->next;
    if (*link) *link = generation->next;
    if (!any_waits(world->loader->generations, generation->name)) molt__states_forget(world, generation->name);
    molt__stage_remove(world, generation->copy);
    molt__free(world, generation, sizeof *generation);
    world->loader->images--;
}
