#include "release.h"

#include "class.h"
#include "edit.h"
#include "memory.h"
#include "object.h"
#include "registry.h"
#include "relayout.h"
#include "world_state.h"

#include <stdio.h>

/* Hooks that attach anew are not followed for ever. */
enum { ROUNDS = 8 };

static bool is_of(const molt_impl *impl, const molt_module *module)
{
    return impl && impl->module == module;
}

/* ---- Objects ------------------------------------------------------------------ */

/* The shape without what the module's implementations were attached with: the last
 * that came first, since it may require the others. `*which` is the first to go. NULL:
 * one of them cannot. */
static molt_shape *without(molt_shape *shape, const molt_module *module, molt_trait **which)
{
    *which = NULL;
    for (bool more = true; more && shape;) {
        molt_shape *to = NULL;
        more = false;
        for (size_t i = shape->attached_count; i-- > 0 && !to;) {
            molt_trait *trait = shape->attached[i].trait;
            if (!is_of(shape->attached[i].impl, module)) continue;
            more = true;
            to = molt__shape_detach(shape, trait);
            if (to && !*which) *which = trait;
        }
        if (more) shape = to;
    }
    return shape;
}

static void check_objects(const molt_module *module, molt__reasons *reasons)
{
    molt_world *world = module->world;
    for (size_t i = 0; i < world->shapes.count; i++) {
        molt_shape *shape = world->shapes.item[i];
        molt_trait *first;
        if (shape->live && !without(shape, module, &first)) molt__reasons_take(world, reasons);
    }
}

/* The first is kept, the others are told to the log. */
static void note(molt_world *world, int err, int *failed, char *text, size_t size)
{
    if (!err) return;
    if (*failed) {
        molt_log(world, MOLT_LOG_ERROR, "%s", molt_last_error(world));
        return;
    }
    *failed = err;
    snprintf(text, size, "%s", molt_last_error(world));
}

/* Was there anything? Hooks run, and may attach anew. */
static bool release_objects(const molt_module *module, int *failed, char *text, size_t size)
{
    molt_world *world = module->world;
    const molt_border *border = world->border;
    bool any = false;
    for (int32_t slot = 1; slot <= border->top; slot++) {
        molt_object *object = molt__registry_at(world, slot);
        size_t left = object ? object->shape->attached_count : 0;
        while (left-- > 0 && molt__registry_at(world, slot) == object) {
            molt_trait *trait;
            without(object->shape, module, &trait);
            if (!trait) break;
            any = true;
            note(world, molt_object_detach(object, trait), failed, text, size);
        }
    }
    return any;
}

/* ---- Classes ------------------------------------------------------------------ */

static bool has_own(const molt_class *cls, const molt_trait *trait)
{
    for (size_t i = 0; i < cls->traits.count; i++) {
        if (cls->traits.item[i] == trait) return true;
    }
    return false;
}

/* Does the class lose the trait, by itself or with a base? */
static bool loses(const molt__losses *losses, const molt_class *cls, const molt_trait *trait)
{
    for (size_t i = 0; i < losses->count; i++) {
        if (losses->piece[i].trait == trait && molt__class_extends(cls, losses->cls[i])) return true;
    }
    return false;
}

static int add_loss(molt__losses *losses, molt_class *cls, molt_trait *trait)
{
    molt_world *world = cls->world;
    if (loses(losses, cls, trait)) return MOLT_OK;
    if (molt__reserve(world, (void **)&losses->piece, &losses->piece_capacity, losses->count + 1, sizeof *losses->piece) ||
        molt__reserve(world, (void **)&losses->cls, &losses->cls_capacity, losses->count + 1, sizeof *losses->cls)) {
        return MOLT_ERR_MEMORY;
    }
    losses->piece[losses->count] = (molt__attached){ .trait = trait };
    losses->cls[losses->count++] = cls;
    return MOLT_OK;
}

/* A fill that is out for the time being. */
typedef struct taken {
    molt_class *cls;
    size_t at;
    molt__class_fill fill;
} taken;

static int find_among(molt__losses *losses, const taken *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        molt_class *cls = out[i].cls;
        molt_trait *trait = out[i].fill.impl->trait;
        if (loses(losses, cls, trait)) continue;
        int err = molt__class_fill_ready(cls, &out[i].fill);
        if (err == MOLT_ERR_MISSING && has_own(cls, trait)) err = add_loss(losses, cls, trait);
        if (err) return err;
    }
    return MOLT_OK;
}

static size_t fill_count(const molt_module *module)
{
    const molt__list *classes = &module->world->classes;
    size_t count = 0;
    for (size_t i = 0; i < classes->count; i++) {
        const molt_class *cls = classes->item[i];
        for (size_t f = 0; f < cls->fill_count; f++) count += is_of(cls->fills[f].impl, module);
    }
    return count;
}

/* All of the module's fills go at once, for a look; nothing of Lua runs meanwhile. */
int molt__losses_find(const molt_module *module, molt__losses *losses)
{
    molt_world *world = module->world;
    size_t room = (fill_count(module) + 1) * sizeof(taken), count = 0;
    taken *out = molt__allocate(world, room);
    if (!out) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < world->classes.count; i++) {
        molt_class *cls = world->classes.item[i];
        for (size_t f = cls->fill_count; f-- > 0;) {
            if (!is_of(cls->fills[f].impl, module)) continue;
            out[count++] = (taken){ cls, f, cls->fills[f] };
            molt__class_take_out(cls, f);
        }
    }
    int err = find_among(losses, out, count);
    for (size_t i = count; i-- > 0;) molt__class_put_back(out[i].cls, out[i].at, out[i].fill);
    molt__free(world, out, room);
    return err;
}

void molt__losses_free(molt_world *world, molt__losses *losses)
{
    molt__free(world, losses->piece, losses->piece_capacity * sizeof *losses->piece);
    molt__free(world, losses->cls, losses->cls_capacity * sizeof *losses->cls);
    *losses = (molt__losses){ 0 };
}

size_t molt__losses_group(const molt__losses *losses, size_t i)
{
    size_t end = i;
    while (end < losses->count && losses->cls[end] == losses->cls[i]) end++;
    return end - i;
}

static void check_classes(const molt_module *module, molt__reasons *reasons)
{
    molt__losses losses = { 0 };
    if (molt__losses_find(module, &losses)) molt__reasons_take(module->world, reasons);
    for (size_t i = 0, count; i < losses.count; i += count) {
        count = molt__losses_group(&losses, i);
        if (molt__relayout_may_remove(losses.cls[i], &losses.piece[i], count)) molt__reasons_take(module->world, reasons);
    }
    molt__losses_free(module->world, &losses);
}

static void release_classes(const molt_module *module, int *failed, char *text, size_t size)
{
    molt_world *world = module->world;
    molt__losses losses = { 0 };
    note(world, molt__losses_find(module, &losses), failed, text, size);
    for (size_t i = 0, count; i < losses.count; i += count) {
        count = molt__losses_group(&losses, i);
        note(world, molt__class_drop_set(losses.cls[i], &losses.piece[i], count), failed, text, size);
    }
    molt__losses_free(world, &losses);
    for (size_t i = 0; i < world->classes.count; i++) {
        molt_class *cls = world->classes.item[i];
        for (size_t f = cls->fill_count; f-- > 0;) {
            if (f < cls->fill_count && is_of(cls->fills[f].impl, module)) {
                note(world, molt__class_remove_fill(cls, f), failed, text, size);
            }
        }
    }
}

/* ---- Both --------------------------------------------------------------------- */

int molt__release_check(const molt_module *module, molt__reasons *reasons)
{
    check_objects(module, reasons);
    check_classes(module, reasons);
    return molt__reasons_any(reasons) ? MOLT_ERR_IN_USE : MOLT_OK;
}

int molt__release(const molt_module *module, char *text, size_t size)
{
    int failed = MOLT_OK;
    for (int i = 0; i < ROUNDS && release_objects(module, &failed, text, size); i++) {}
    release_classes(module, &failed, text, size);
    return failed;
}
