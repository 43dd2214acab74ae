#include "definition.h"

#include "error.h"
#include "memory.h"
#include "trait.h"
#include "vtable.h"
#include "world_state.h"

static int no_such_method(molt_world *world, const molt_trait *trait, const char *name)
{
    molt__near search = molt__near_begin(name);
    for (size_t i = 0; i < trait->method_count; i++) molt__near_offer(&search, trait->methods[i]->name);
    molt__fail(world, MOLT_ERR_UNKNOWN, "trait '%s' declares no typed method '%s' (declared at %s)", trait->name, name,
               trait->where);
    if (molt__near_result(&search)) molt__hint(world, "did you mean '%s'?", molt__near_result(&search));
    return MOLT_ERR_UNKNOWN;
}

molt_definition *molt__definition_new(molt_world *world, molt_trait *trait, const molt_fill *fill)
{
    if (fill->size != sizeof *fill || !fill->name || !fill->function == !fill->foreign) {
        molt__fail(world, MOLT_ERR_ARGUMENT, "a fill needs its size, a name and one of function and foreign");
        return NULL;
    }
    const char *name = molt__name(world, fill->name);
    if (!name) return NULL;
    const molt__method *method = trait ? molt__trait_method(trait, name) : NULL;
    if (fill->function && !method) {
        if (trait) no_such_method(world, trait, name);
        else molt__fail(world, MOLT_ERR_ARGUMENT, "a native fill of '%s' needs the trait whose method it fills", name);
        return NULL;
    }
    molt_definition *definition = molt__allocate(world, sizeof *definition);
    if (!definition) return NULL;
    definition->where = molt__copy_text(world, fill->where ? fill->where : "?");
    if (!definition->where) {
        molt__free(world, definition, sizeof *definition);
        return NULL;
    }
    definition->name = name;
    definition->function = fill->function;
    definition->foreign = fill->foreign;
    definition->flags = fill->flags;
    definition->trait = trait;
    definition->slot = method ? method->slot : 0;
    return definition;
}

void molt__definition_free(molt_world *world, molt_definition *definition)
{
    if (!definition) return;
    if (world->left_behind) molt__vtables_let_go(world, definition);
    if (definition->foreign && world->bridge) world->bridge->forget(world->bridge_user, definition->foreign);
    molt__free_text(world, definition->where);
    molt__limbo_link(world, &definition->waiting, sizeof *definition);
}

molt_definition *molt__definitions_find(const molt__definitions *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i]->name == name) return set->item[i];
    }
    return NULL;
}

int molt__definitions_put(molt_world *world, molt__definitions *set, molt_definition *definition,
                          molt_definition **old)
{
    *old = NULL;
    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i]->name != definition->name) continue;
        *old = set->item[i];
        set->item[i] = definition;
        return MOLT_OK;
    }
    if (molt__reserve(world, (void **)&set->item, &set->capacity, set->count + 1, sizeof *set->item))
        return MOLT_ERR_MEMORY;
    set->item[set->count++] = definition;
    return MOLT_OK;
}

molt_definition *molt__definitions_take(molt__definitions *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        molt_definition *definition = set->item[i];
        if (definition->name != name) continue;
        for (size_t j = i + 1; j < set->count; j++) set->item[j - 1] = set->item[j];
        set->count--;
        return definition;
    }
    return NULL;
}

void molt__definitions_free(molt_world *world, molt__definitions *set)
{
    for (size_t i = 0; i < set->count; i++) molt__definition_free(world, set->item[i]);
    molt__free(world, set->item, set->capacity * sizeof *set->item);
    *set = (molt__definitions){ 0 };
}
