#include "class.h"

#include "error.h"
#include "impl.h"
#include "intern.h"
#include "layout.h"
#include "memory.h"
#include "record.h"
#include "relayout.h"
#include "shape.h"
#include "world_state.h"

#include <string.h>

static molt_class *find_quietly(const molt_world *world, const char *name)
{
    for (size_t i = 0; i < world->classes.count; i++) {
        molt_class *cls = world->classes.item[i];
        if (cls->name == name) return cls;
    }
    return NULL;
}

static int list_add(molt_world *world, molt__list *list, void *item)
{
    int err = molt__reserve(world, (void **)&list->item, &list->capacity, list->count + 1, sizeof(void *));
    if (!err) list->item[list->count++] = item;
    return err;
}

static bool named_before(const molt_class_lines *lines, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (molt__trait_now(lines->traits[j]) == molt__trait_now(lines->traits[i])) return true;
    }
    return false;
}

const molt__selection *molt__class_names(const molt_class *cls, const molt_trait *trait)
{
    for (; cls; cls = cls->base) {
        for (size_t i = 0; i < cls->selections.count; i++) {
            const molt__selection *names = cls->selections.item[i];
            if (names->trait == trait) return names;
        }
    }
    return NULL;
}

static const molt__selection *find_names(const molt__selection *const *selections, size_t count, const molt_trait *trait)
{
    for (size_t i = 0; i < count; i++) {
        if (selections[i]->trait == trait) return selections[i];
    }
    return NULL;
}

static bool same_names(const molt_class *cls, const molt__selection *const *selections, size_t count)
{
    for (size_t i = 0; i < cls->traits.count; i++) {
        const molt_trait *trait = cls->traits.item[i];
        if (molt__class_names(cls, trait) != find_names(selections, count, trait)) return false;
    }
    return true;
}

/* What a base brings is as the base has it. */
int molt__class_check_names(molt_world *world, const char *name, const molt_class *base,
                            const molt__selection *const *selections, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const molt_trait *trait = selections[i]->trait;
        if (!molt__class_has(base, trait) || molt__class_names(base, trait) == selections[i]) continue;
        return molt__fail(world, MOLT_ERR_CONFLICT, "class '%s' cannot have '%s' under other names: its base '%s' (%s) has it",
                          name, trait->name, base->name, base->where);
    }
    return MOLT_OK;
}

/* Traits that the base has, or that are named twice, did not become the class's own. */
static bool same_composition(const molt_class *cls, const molt_class_lines *lines)
{
    size_t own = 0;
    if (cls->base != lines->base) return false;
    for (size_t i = 0; i < lines->trait_count; i++) {
        const molt_trait *trait = molt__trait_now(lines->traits[i]);
        if (own < cls->traits.count && cls->traits.item[own] == trait) own++;
        else if (!molt__class_has(cls->base, trait) && !named_before(lines, i)) return false;
    }
    return own == cls->traits.count;
}

static molt_class *class_make(molt_world *world, const char *name, const molt_class_lines *lines,
                              const molt__selection *const *selections, size_t count)
{
    molt_class *cls = molt__allocate(world, sizeof *cls);
    if (!cls) return NULL;
    cls->world = world;
    cls->name = name;
    cls->base = lines->base;
    cls->where = molt__copy_text(world, lines->where ? lines->where : "?");
    int err = cls->where ? MOLT_OK : MOLT_ERR_MEMORY;
    for (size_t i = 0; i < lines->trait_count && !err; i++) {
        /* A trait that the base has already, or that is named twice, is one trait. */
        molt_trait *trait = molt__trait_now(lines->traits[i]);
        if (!molt__class_has(cls, trait)) err = list_add(world, &cls->traits, trait);
    }
    for (size_t i = 0; i < count && !err; i++) {
        err = list_add(world, &cls->selections, (void *)(uintptr_t)selections[i]);
    }
    if (!err) err = list_add(world, &world->classes, cls);
    if (!err && cls->base && (err = list_add(world, &cls->base->children, cls))) world->classes.count--;
    if (!err) return cls;
    molt__class_free(cls);
    return NULL;
}

molt_class *molt_class_declare(molt_world *world, const molt_class_lines *lines)
{
    if (molt__threads_check(world, __func__)) return NULL;
    return molt__class_declare(world, lines, NULL, 0);
}

molt_class *molt__class_declare(molt_world *world, const molt_class_lines *lines,
                                const molt__selection *const *selections, size_t count)
{
    if (lines->size != sizeof *lines || !lines->name || !*lines->name) {
        molt__fail(world, MOLT_ERR_ARGUMENT, "a class needs its size and a name");
        return NULL;
    }
    const char *name = molt__name(world, lines->name);
    if (!name) return NULL;
    molt_class *cls = find_quietly(world, name);
    if (molt__class_check_names(world, name, lines->base, selections, count)) return NULL;
    if (!cls && molt__record_refuse(world, name, "class")) return NULL;
    if (!cls) return class_make(world, name, lines, selections, count);
    if (same_composition(cls, lines) && same_names(cls, selections, count)) return cls;
    if (lines->base && molt__class_extends(lines->base, cls)) {
        molt__fail(world, MOLT_ERR_DECLARATION, "class '%s' cannot extend '%s', which extends it (%s)", name,
                   lines->base->name, lines->base->where);
        return NULL;
    }
    molt__fail(world, MOLT_ERR_DECLARATION, "class '%s' is declared unequally at %s and at %s", name, cls->where,
               lines->where ? lines->where : "?");
    return NULL;
}

molt_class *molt_class_find(molt_world *world, const char *name)
{
    if (molt__threads_check(world, __func__)) return NULL;
    const char *known = molt__name_find(world, name);
    molt_class *cls = known ? find_quietly(world, known) : NULL;
    if (cls) return cls;
    molt__near search = molt__near_begin(name);
    for (size_t i = 0; i < world->classes.count; i++) molt__near_offer(&search, ((molt_class *)world->classes.item[i])->name);
    molt__fail(world, MOLT_ERR_UNKNOWN, "no class '%s'", name);
    if (molt__near_result(&search)) molt__hint(world, "did you mean '%s'?", molt__near_result(&search));
    return NULL;
}

const char *molt_class_name(const molt_class *cls)
{
    return cls->name;
}

bool molt__class_extends(const molt_class *cls, const molt_class *base)
{
    while (cls && cls != base) cls = cls->base;
    return cls != NULL;
}

bool molt__class_has(const molt_class *cls, const molt_trait *trait)
{
    for (; cls; cls = cls->base) {
        for (size_t i = 0; i < cls->traits.count; i++) {
            if (cls->traits.item[i] == trait) return true;
        }
    }
    return false;
}

const molt_class *molt__class_owner(const molt_class *cls, const molt_trait *trait)
{
    const molt_class *owner = cls;
    while (owner->base && molt__class_has(owner->base, trait)) owner = owner->base;
    return owner;
}

molt_shape *molt__class_shape(molt_class *cls)
{
    if (cls->shape) return cls->shape;
    molt__layout *layout = cls->layout ? cls->layout : molt__layout_new(cls);
    if (layout) cls->shape = molt__shape_intern(cls, layout, NULL, 0);
    if (cls->shape) cls->layout = layout;    /* until then the class may stay open */
    return cls->shape;
}

/* What an extension has of its own already, it keeps the names of. */
static int check_extensions(const molt_class *cls, const molt__attached *piece)
{
    for (size_t i = 0; i < cls->children.count; i++) {
        const molt_class *child = cls->children.item[i];
        if (molt__class_has(child, piece->trait) && molt__class_names(child, piece->trait) != piece->names) {
            return molt__fail(cls->world, MOLT_ERR_CONFLICT, "class '%s' cannot have '%s' under these names: "
                              "'%s' (%s), which extends it, has it under others", cls->name, piece->trait->name,
                              child->name, child->where);
        }
        int err = check_extensions(child, piece);
        if (err) return err;
    }
    return MOLT_OK;
}

static int check_piece(const molt_class *cls, const molt__attached *piece)
{
    if (piece->impl && molt__impl_check(piece->impl)) return MOLT_ERR_STATE;
    if (!molt__class_has(cls, piece->trait)) return check_extensions(cls, piece);
    if (piece->impl && !piece->named) return MOLT_OK;
    return molt__fail(cls->world, MOLT_ERR_STATE, "class '%s' has the trait '%s' already", cls->name, piece->trait->name);
}

int molt__class_use_set(molt_class *cls, const molt__attached *add, size_t count)
{
    molt_world *world = cls->world;
    size_t bytes = (count + 1) * sizeof *add, pieces = 0;
    molt__attached *list = molt__allocate(world, bytes);
    int err = list ? MOLT_OK : MOLT_ERR_MEMORY;
    for (size_t i = 0; i < count && !err; i++) err = molt__attached_put(world, list, &pieces, add[i]);
    for (size_t i = 0; i < pieces && !err; i++) err = check_piece(cls, &list[i]);
    if (!err && pieces) err = molt__relayout_add(cls, list, pieces);
    molt__free(world, list, bytes);
    return err;
}

int molt_class_use(molt_class *cls, molt_trait *trait, molt_impl *impl)
{
    int barred = molt__threads_check(cls->world, __func__);
    if (barred) return barred;
    molt_world *world = cls->world;
    if (impl) trait = molt_impl_trait(impl);
    if (!trait) return molt__fail(world, MOLT_ERR_ARGUMENT, "molt_class_use needs a trait or an implementation");
    if (impl && molt__impl_check(impl)) return MOLT_ERR_STATE;
    trait = molt__trait_now(trait);
    /* An implementation of a trait that the class lacks brings the trait along. */
    if (!impl || !molt__class_has(cls, trait)) {
        return molt__class_use_set(cls, &(molt__attached){ .trait = trait, .impl = impl }, 1);
    }
    int64_t number = molt__class_push_fill(cls, (molt__class_fill){ .impl = impl });
    return number < 0 ? (int)number : MOLT_OK;
}

static bool has_own(const molt_class *cls, const molt_trait *trait)
{
    bool own = false;
    for (size_t i = 0; i < cls->traits.count; i++) own |= cls->traits.item[i] == trait;
    return own;
}

int molt__class_drop_set(molt_class *cls, const molt__attached *pieces, size_t count)
{
    molt_world *world = cls->world;
    for (size_t i = 0; i < count; i++) {
        const molt_trait *trait = pieces[i].trait;
        if (has_own(cls, trait)) continue;
        molt__fail(world, MOLT_ERR_UNKNOWN, "class '%s' has no trait '%s' of its own", cls->name, trait->name);
        if (molt__class_has(cls, trait)) molt__hint(world, "a base class brings it; drop it there");
        return MOLT_ERR_UNKNOWN;
    }
    return count ? molt__relayout_remove(cls, pieces, count) : MOLT_OK;
}

int molt_class_drop(molt_class *cls, molt_trait *trait, molt_impl *impl)
{
    int barred = molt__threads_check(cls->world, __func__);
    if (barred) return barred;
    molt_world *world = cls->world;
    if (impl) {
        for (size_t i = cls->fill_count; i-- > 0;) {
            if (cls->fills[i].impl == impl) return molt__class_remove_fill(cls, i);
        }
        return molt__fail(world, MOLT_ERR_UNKNOWN, "class '%s' does not use the implementation '%s' (%s)", cls->name,
                          impl->name, impl->where);
    }
    if (!trait) return molt__fail(world, MOLT_ERR_ARGUMENT, "molt_class_drop needs a trait or an implementation");
    return molt__class_drop_set(cls, &(molt__attached){ .trait = molt__trait_now(trait) }, 1);
}

void molt__class_forget_idle(molt_class *cls)
{
    for (size_t i = cls->fill_count; i-- > 0;) {
        const molt_impl *impl = cls->fills[i].impl;
        if (impl && !molt__class_has(cls, impl->trait)) molt__class_take_out(cls, i);
    }
    for (size_t i = cls->selections.count; i-- > 0;) {
        const molt__selection *names = cls->selections.item[i];
        if (!molt__class_has(cls, names->trait)) cls->selections.item[i] = cls->selections.item[--cls->selections.count];
    }
    for (size_t i = 0; i < cls->children.count; i++) molt__class_forget_idle(cls->children.item[i]);
}

void molt__class_free(molt_class *cls)
{
    molt_world *world = cls->world;
    for (size_t i = 0; i < cls->fill_count; i++) molt__definition_free(world, cls->fills[i].definition);
    molt__free(world, cls->fills, cls->fill_capacity * sizeof *cls->fills);
    molt__free(world, cls->children.item, cls->children.capacity * sizeof(void *));
    molt__free(world, cls->selections.item, cls->selections.capacity * sizeof(void *));
    molt__free(world, cls->traits.item, cls->traits.capacity * sizeof(void *));
    molt__free(world, cls->shapes.item, cls->shapes.capacity * sizeof(void *));
    molt__intern_free(cls);
    molt__free_text(world, cls->where);
    molt__free(world, cls, sizeof *cls);
}
