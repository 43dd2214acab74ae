#include "parsed.h"

#include "class.h"
#include "closure.h"
#include "error.h"
#include "fieldtype.h"
#include "impl.h"
#include "loader.h"
#include "memory.h"
#include "record.h"
#include "world_state.h"

#include <string.h>

int molt__traits_copy(molt_world *world, molt_trait ***to, size_t *to_count, molt_trait *const *from, size_t count)
{
    if (!count) return MOLT_OK;
    *to = molt__allocate(world, count * sizeof **to);
    if (!*to) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) (*to)[i] = molt__trait_now(from[i]);
    *to_count = count;
    return MOLT_OK;
}

/* A declaration that was undone may have left its place to another trait. */
molt_trait *molt__trait_now(molt_trait *trait)
{
    const molt__list *traits = &trait->world->traits;
    molt_trait *now = trait->index < traits->count ? traits->item[trait->index] : trait;
    return now->name == trait->name ? now : trait;
}

static molt_trait *trait_adopt(molt_world *world, const molt__parsed *d)
{
    if (molt__record_refuse(world, d->name, "trait")) return NULL;
    if (molt__reserve(world, (void **)&world->traits.item, &world->traits.capacity, world->traits.count + 1,
                      sizeof(void *))) return NULL;
    molt_trait *trait = molt__allocate(world, sizeof *trait);
    if (!trait) return NULL;
    trait->world = world;
    size_t methods = world->methods.count;
    if (molt__trait_fill_from(trait, d, true)) {
        world->methods.count = methods;
        molt__trait_free(trait);
        return NULL;
    }
    trait->index = (uint32_t)world->traits.count;
    world->traits.item[world->traits.count++] = trait;
    return trait;
}

/* Takes back the trait that was adopted last. */
static void trait_undo(molt_trait *trait)
{
    trait->world->traits.count--;
    trait->world->methods.count -= trait->method_count;
    molt__trait_free(trait);
}

static bool in_use(const molt_trait *trait)
{
    const molt_world *world = trait->world;
    for (size_t i = 0; i < world->classes.count; i++) {
        if (molt__class_has(world->classes.item[i], trait)) return true;
    }
    for (size_t i = 0; i < world->impls.count; i++) {
        if (((const molt_impl *)world->impls.item[i])->trait == trait) return true;
    }
    return false;
}

/* A version of another trait may have been drafted since. */
static bool methods_are_last(const molt_trait *trait)
{
    const molt__list *methods = &trait->world->methods;
    return !trait->method_count || ((molt__method *)methods->item[methods->count - 1])->trait == trait;
}

void molt__traits_undo(molt_world *world, size_t count)
{
    while (world->traits.count > count) {
        molt_trait *trait = world->traits.item[world->traits.count - 1];
        if (in_use(trait) || !methods_are_last(trait)) return;
        trait_undo(trait);
    }
}

static molt_trait *find_quietly(const molt_world *world, const char *name)
{
    for (size_t i = 0; i < world->traits.count; i++) {
        molt_trait *trait = world->traits.item[i];
        if (trait->name == name) return trait;
    }
    return NULL;
}

static molt_trait *declare(molt_world *world, const molt__parsed *d)
{
    molt_trait *trait = find_quietly(world, d->name);
    if (!trait) return trait_adopt(world, d);
    if (trait->identity != d->identity) {
        molt__parsed_refuse(world, trait, d);
        return NULL;
    }
    return molt__trait_add_lua_fields(trait, d) ? NULL : trait;
}

int molt__trait_demand(molt_trait *trait, const molt_trait_lines *lines)
{
    molt_world *world = trait->world;
    if (molt__requirements_parse(world, &trait->needs, lines->required_lines, lines->required_line_count, false) ||
        molt__requirements_parse(world, &trait->bans, lines->excluded_lines, lines->excluded_line_count, true) ||
        molt__traits_copy(world, &trait->required, &trait->required_count, lines->required, lines->required_count) ||
        molt__traits_copy(world, &trait->excluded, &trait->excluded_count, lines->excluded, lines->excluded_count)) {
        return molt_last_code(world);
    }
    return molt__requirements_check(trait);
}

molt_trait *molt_trait_declare(molt_world *world, const molt_trait_lines *lines)
{
    if (molt__threads_check(world, __func__)) return NULL;
    if (lines->size != sizeof *lines || !lines->name || !*lines->name) {
        molt__fail(world, MOLT_ERR_ARGUMENT, "a trait needs its size and a name");
        return NULL;
    }
    molt__parsed d = { 0 };
    if (molt__parsed_lines(world, &d, lines)) return NULL;
    bool known = find_quietly(world, d.name) != NULL;
    molt_trait *trait = declare(world, &d);
    molt__parsed_free(world, &d);
    if (!trait || known) return trait;
    if (molt__trait_demand(trait, lines)) {
        trait_undo(trait);
        return NULL;
    }
    return trait;
}

/* C lays a struct out by its own rules: believe only what agrees with ours. */
int molt__trait_check_text(molt_world *world, const molt_trait *trait, const molt_trait_text *text)
{
    if (text->block_size != trait->block_size) {
        return molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s': struct %s at %s has %zu bytes, expected %zu",
                          trait->name, trait->name, text->where, text->block_size, trait->block_size);
    }
    for (size_t i = 0; i < text->member_count; i++) {
        molt__declaration member;
        if (molt__declaration_parse_in(world, trait->name, text->members[i].declaration, &member)) return MOLT_ERR_DECLARATION;
        if (member.member != MOLT__FIELD) continue;
        size_t align, size = molt__fieldtype_size(member.kind, &member.type, &align);
        if (text->members[i].size != size) {
            return molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s': field '%s' at %s has %zu bytes, expected %zu",
                              trait->name, member.name, text->where, text->members[i].size, size);
        }
        if (text->members[i].align == align) continue;
        return molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s': field '%s' at %s has alignment %zu, expected %zu",
                          trait->name, member.name, text->where, text->members[i].align, align);
    }
    return MOLT_OK;
}

molt_trait *molt_trait_declare_text(molt_world *world, molt_trait_text *text)
{
    if (molt__threads_check(world, __func__)) return NULL;
    molt__parsed d = { 0 };
    if (molt__parsed_text(world, &d, text)) return NULL;
    bool known = find_quietly(world, d.name) != NULL;
    molt_trait *trait = declare(world, &d);
    molt__parsed_free(world, &d);
    if (!trait) return NULL;
    if (molt__trait_check_text(world, trait, text)) {
        if (!known) trait_undo(trait);
        return NULL;
    }
    if (!known && molt__trait_adopt_defaults(trait, text->defaults)) {
        trait_undo(trait);
        return NULL;
    }
    if (!trait->native && !(trait->native = molt__copy_text(world, text->where ? text->where : "?"))) {
        if (!known) trait_undo(trait);
        return NULL;
    }
    MOLT__STORE(&text->identity, trait->identity);
    return trait;
}

/* A module's text may mean a trait that keeps more than it says. One of the program's
 * is for any world, and means what it says. */
static uint64_t stands_for(const molt_world *world, const molt_trait_text *text, const molt__parsed *d)
{
    const molt_trait *trait = find_quietly(world, d->name);
    bool meant = trait && trait->meant == d->identity && molt__loader_generation(world, text);
    return meant ? trait->identity : d->identity;
}

uint64_t molt__text_identity(molt_world *world, molt_trait_text *text)
{
    molt__parsed d = { 0 };
    uint64_t identity = MOLT__LOAD(&text->identity);
    if (identity) return identity;
    if (!molt__threads_owner(world)) {
        molt__fail(world, MOLT_ERR_THREAD, "the owner of the world has not used the trait '%s' of %s yet", text->name,
                   text->where);
        molt__hint(world, "molt_trait_declare_text(world, &%s_trait), there, before workers do", text->name);
        return 0;
    }
    if (molt__parsed_text(world, &d, text)) return 0;
    identity = stands_for(world, text, &d);
    MOLT__STORE(&text->identity, identity);
    molt__parsed_free(world, &d);
    return identity;
}

molt_trait *molt__trait_by_text(molt_world *world, molt_trait_text *text)
{
    uint64_t identity = molt__text_identity(world, text);
    for (size_t i = 0; i < world->traits.count; i++) {
        molt_trait *trait = world->traits.item[i];
        if (trait->identity == identity) return trait;
    }
    return NULL;
}

molt_trait *molt_trait_find(molt_world *world, const char *name)
{
    if (molt__threads_check(world, __func__)) return NULL;
    const char *known = molt__name_find(world, name);
    molt_trait *trait = known ? find_quietly(world, known) : NULL;
    if (trait) return trait;
    molt__near search = molt__near_begin(name);
    for (size_t i = 0; i < world->traits.count; i++) molt__near_offer(&search, ((molt_trait *)world->traits.item[i])->name);
    molt__fail(world, MOLT_ERR_UNKNOWN, "no trait '%s'", name);
    if (molt__near_result(&search)) molt__hint(world, "did you mean '%s'?", molt__near_result(&search));
    return NULL;
}

const char *molt_trait_name(const molt_trait *trait)
{
    return trait->name;
}

const molt__field *molt__trait_field(const molt_trait *trait, const char *name)
{
    for (size_t i = 0; i < trait->field_count; i++) {
        if (trait->fields[i].name == name) return &trait->fields[i];
    }
    return NULL;
}

molt__method *molt__trait_method(const molt_trait *trait, const char *name)
{
    for (size_t i = 0; i < trait->method_count; i++) {
        if (trait->methods[i]->name == name) return trait->methods[i];
    }
    return NULL;
}

bool molt__method_same(const molt__method *a, const molt__method *b)
{
    return a->name == b->name && strcmp(a->text, b->text) == 0;
}

void molt__trait_free(molt_trait *trait)
{
    molt_world *world = trait->world;
    for (size_t i = 0; i < trait->method_count; i++) {
        molt__closure_free(world, trait->methods[i]->closure);
        molt__free_text(world, trait->methods[i]->text);
        molt__free(world, trait->methods[i], sizeof *trait->methods[i]);
    }
    molt__definitions_free(world, &trait->own);
    molt__free(world, trait->methods, trait->method_capacity * sizeof *trait->methods);
    molt__free(world, trait->fields, trait->member_capacity * sizeof *trait->fields);
    molt__free(world, trait->required, trait->required_count * sizeof *trait->required);
    molt__free(world, trait->excluded, trait->excluded_count * sizeof *trait->excluded);
    molt__requirements_free(world, &trait->needs);
    molt__requirements_free(world, &trait->bans);
    molt__free(world, trait->block, trait->block_size);
    molt__free_text(world, trait->where);
    molt__free_text(world, trait->native);
    molt__free(world, trait, sizeof *trait);
}
