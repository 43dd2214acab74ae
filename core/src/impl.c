#include "impl.h"

#include "edit.h"
#include "error.h"
#include "fieldtype.h"
#include "memory.h"
#include "module.h"
#include "tombstone.h"
#include "trait.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

molt_impl *molt_impl_new(molt_trait *trait, const char *name, const char *where)
{
    if (molt__threads_check(trait->world, __func__)) return NULL;
    molt_world *world = trait->world;
    if (molt__reserve(world, (void **)&world->impls.item, &world->impls.capacity, world->impls.count + 1,
                      sizeof(void *))) return NULL;
    molt_impl *impl = molt__allocate(world, sizeof *impl);
    if (!impl) return NULL;
    impl->world = world;
    impl->trait = molt__trait_now(trait);
    impl->name = molt__copy_text(world, name ? name : trait->name);
    impl->where = molt__copy_text(world, where ? where : "?");
    if (!impl->name || !impl->where) {
        molt__impl_free(impl);
        return NULL;
    }
    world->impls.item[world->impls.count++] = impl;
    return impl;
}

molt_trait *molt_impl_trait(const molt_impl *impl)
{
    return impl->trait;
}

molt_definition *molt__impl_find(const molt_impl *impl, const char *name)
{
    molt_definition *definition = molt__definitions_find(&impl->lua, name);
    return definition ? definition : molt__definitions_find(&impl->native, name);
}

/* Puts one definition into a set that shapes resolve through, or leaves all as it was. */
static int put(molt_trait *trait, molt__definitions *set, const molt_fill *fill)
{
    molt_world *world = trait->world;
    molt__scope scope = { .trait = trait };
    molt_definition *definition = molt__definition_new(world, trait, fill);
    molt_definition *old;
    if (!definition) return molt_last_code(world);
    if (molt__definitions_put(world, set, definition, &old)) {
        definition->foreign = 0;
        molt__definition_free(world, definition);
        return MOLT_ERR_MEMORY;
    }
    int err = molt__edit_ready(world, scope, definition->name);
    if (err) {
        molt_definition *none;
        if (old) molt__definitions_put(world, set, old, &none);
        else molt__definitions_take(set, definition->name);
        definition->foreign = 0;         /* on failure the reference stays the caller's */
        molt__definition_free(world, definition);
        return err;
    }
    molt__edit_commit(world, scope, definition->name);
    molt__edit_publish(world);
    molt__definition_free(world, old);
    return MOLT_OK;
}

int molt_trait_fill(molt_trait *trait, const molt_fill *fill)
{
    int barred = molt__threads_check(trait->world, __func__);
    if (barred) return barred;
    trait = molt__trait_now(trait);
    return put(trait, &trait->own, fill);
}

int molt_impl_fill(molt_impl *impl, const molt_fill *fill)
{
    int barred = molt__threads_check(impl->world, __func__);
    if (barred) return barred;
    return put(impl->trait, fill->function ? &impl->native : &impl->lua, fill);
}

int molt_impl_set(molt_impl *impl, const char *name, molt_value value)
{
    int barred = molt__threads_check(impl->world, __func__);
    if (barred) return barred;
    molt_world *world = impl->world;
    molt_trait *trait = impl->trait;
    const molt__field *field = molt__trait_field(trait, molt__name_find(world, name));
    if (!field || !field->offset) {
        molt__near search = molt__near_begin(name);
        for (size_t i = 0; i < trait->field_count; i++) {
            if (trait->fields[i].offset) molt__near_offer(&search, trait->fields[i].name);
        }
        molt__fail(world, MOLT_ERR_UNKNOWN, "trait '%s' has no typed field '%s'", trait->name, name);
        if (molt__near_result(&search)) molt__hint(world, "did you mean '%s'?", molt__near_result(&search));
        return MOLT_ERR_UNKNOWN;
    }
    char what[128];
    snprintf(what, sizeof what, "field '%s'", field->name);
    molt_value converted;
    bool wide = molt__fieldtype_is_wide(field->kind);
    int err = wide ? molt__fieldtype_check(world, field, value, what)
                   : molt__value_convert(world, field->kind, value, &converted, what);
    if (err) return err;
    if (!impl->values) {
        impl->values = molt__allocate(world, trait->field_count * sizeof *impl->values);
        if (!impl->values) return MOLT_ERR_MEMORY;
        impl->value_count = trait->field_count;
    }
    molt_value *place = &impl->values[field - trait->fields];
    if (wide) {
        void *memory = place->kind == MOLT_MEMORY ? (void *)(uintptr_t)place->as.memory : molt__allocate(world, field->size);
        if (!memory) return MOLT_ERR_MEMORY;
        converted = (molt_value){ .kind = MOLT_MEMORY, .as.memory = memory };
        err = molt__fieldtype_share(world, field, value, memory);
        if (err && place->kind != MOLT_MEMORY) molt__free(world, memory, field->size);
        if (err) return err;
    }
    *place = converted;
    molt__shapes_reimage(world, trait);
    return MOLT_OK;
}

molt_impl *molt_impl_register(molt_world *world, molt_trait_text *text, const char *name, const void *functions,
                              uint64_t leaf, const char *where)
{
    if (molt__threads_check(world, __func__)) return NULL;
    molt_trait *trait = molt_trait_declare_text(world, text);
    molt_impl *impl = trait ? molt_impl_new(trait, name, where) : NULL;
    if (!impl) return NULL;
    molt__impl_change change = { .impl = impl, .functions = functions, .leaf = leaf, .where = where };
    if (molt__impl_prepare(world, &change, 1)) {
        world->impls.count--;
        molt__impl_free(impl);
        return NULL;
    }
    molt__impl_commit(world, &change, 1);
    molt__edit_publish(world);
    molt__impl_release(world, &change, 1);
    return impl;
}

int molt__impl_build(molt_world *world, molt_trait *trait, molt__impl_change *change)
{
    for (size_t i = 0; i < trait->method_count; i++) {
        if (!change->functions[i]) continue;
        uint32_t flags = (change->leaf >> i & 1 ? MOLT_LEAF : 0) | (change->buried >> i & 1 ? MOLT__BURIED : 0);
        molt_fill fill = { sizeof fill, trait->methods[i]->name, change->functions[i], 0, flags, change->where };
        char where[MOLT_NOTE_NAME + 48];
        if (!fill.where) {
            snprintf(where, sizeof where, "%s generation %u", change->module, (unsigned)change->generation);
            if (flags & MOLT__BURIED) molt__tombstone_where(change->impl, trait->methods[i], where, sizeof where);
            fill.where = where;
        }
        molt_definition *definition = molt__definition_new(world, trait, &fill);
        molt_definition *old;
        if (!definition) return molt_last_code(world);
        if (molt__definitions_put(world, &change->native, definition, &old)) {
            molt__definition_free(world, definition);
            return MOLT_ERR_MEMORY;
        }
    }
    return MOLT_OK;
}

void molt__impl_swap(molt__impl_change *change)
{
    molt__definitions was = change->impl->native;
    change->impl->native = change->native;
    change->native = was;
}

static int ready(molt_world *world, const molt__impl_change *change)
{
    const molt_trait *trait = change->impl->trait;
    for (size_t i = 0; i < trait->method_count; i++) {
        int err = molt__edit_ready(world, (molt__scope){ .trait = trait }, trait->methods[i]->name);
        if (err) return err;
    }
    return MOLT_OK;
}

/* How many names of `a` have another function in `b`, or (where `lacking`) none? */
static uint32_t differing(const molt__definitions *a, const molt__definitions *b, bool lacking)
{
    uint32_t count = 0;
    for (size_t i = 0; i < a->count; i++) {
        const molt_definition *other = molt__definitions_find(b, a->item[i]->name);
        count += lacking ? !other : other && other->function != a->item[i]->function;
    }
    return count;
}

void molt__impl_count(molt__impl_change *change)
{
    const molt__definitions *was = &change->native, *is = &change->impl->native;
    change->slots = differing(was, is, false) + differing(was, is, true) + differing(is, was, true);
}

static void commit(molt_world *world, molt__impl_change *change)
{
    const molt_trait *trait = change->impl->trait;
    for (size_t i = 0; i < trait->method_count; i++) {
        molt__edit_commit(world, (molt__scope){ .trait = trait }, trait->methods[i]->name);
    }
    molt__impl_count(change);
}

int molt__impl_prepare(molt_world *world, molt__impl_change *changes, size_t count)
{
    int err = MOLT_OK;
    size_t names = 0, built = 0;
    for (; built < count && !err; built++) {
        err = molt__impl_build(world, changes[built].impl->trait, &changes[built]);
        names += changes[built].impl->trait->method_count;
    }
    for (size_t i = 0; i < count && !err; i++) molt__impl_swap(&changes[i]);
    if (err) {
        molt__impl_release(world, changes, built);
        return err;
    }
    for (size_t i = 0; i < count && !err; i++) err = ready(world, &changes[i]);
    /* Each name was made ready by itself; together they need room for all. */
    if (!err) err = molt__reserve(world, (void **)&world->changes, &world->change_capacity,
                                  world->change_count + names * molt__edit_most(world), sizeof *world->changes);
    if (err) molt__impl_cancel(world, changes, count);
    return err;
}

void molt__impl_commit(molt_world *world, molt__impl_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) commit(world, &changes[i]);
}

void molt__impl_cancel(molt_world *world, molt__impl_change *changes, size_t count)
{
    for (size_t i = count; i-- > 0;) molt__impl_swap(&changes[i]);
    molt__impl_release(world, changes, count);
}

void molt__impl_release(molt_world *world, molt__impl_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) molt__definitions_free(world, &changes[i].native);
}

int molt__impl_check(const molt_impl *impl)
{
    const molt_module *module = impl->module;
    if (!impl->gone) return MOLT_OK;
    if (module->unloaded) {
        return molt__fail(impl->world, MOLT_ERR_STATE, "implementation '%s' is of module '%s', which has been unloaded",
                          impl->name, module->name);
    }
    return molt__fail(impl->world, MOLT_ERR_STATE, "implementation '%s' of module '%s' is gone since generation %u",
                      impl->name, module->name, (unsigned)impl->gone);
}

void molt__impl_free(molt_impl *impl)
{
    molt_world *world = impl->world;
    molt__definitions_free(world, &impl->native);
    molt__tombstones_free(impl);
    molt__definitions_free(world, &impl->lua);
    for (size_t i = 0; i < impl->value_count; i++) {
        if (impl->values[i].kind != MOLT_MEMORY) continue;
        molt__free(world, (void *)(uintptr_t)impl->values[i].as.memory, impl->trait->fields[i].size);
    }
    molt__free(world, impl->values, impl->value_count * sizeof *impl->values);
    molt__free_text(world, impl->name);
    molt__free_text(world, impl->where);
    molt__free(world, impl, sizeof *impl);
}
