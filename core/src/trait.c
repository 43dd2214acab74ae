#include "parsed.h"

#include "class.h"
#include "closure.h"
#include "error.h"
#include "fieldtype.h"
#include "hook.h"
#include "impl.h"
#include "memory.h"
#include "record.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001B3u;
    return hash;
}

/* The typed part in order; what only Lua sees does not count. */
static uint64_t draft_identity(const molt__parsed *d)
{
    uint64_t hash = hash_text(0xCBF29CE484222325u, d->name);
    for (size_t i = 0; i < d->count; i++) {
        if (d->members[i].kind == MOLT_ANY) continue;
        char text[512];
        molt__declaration_canonical(&d->members[i], text, sizeof text);
        hash = hash_text(hash_text(hash, ";"), text);
        if (d->members[i].type.record) hash = hash_text(hash, d->members[i].type.record->text);
    }
    return hash ? hash : 1;
}

static int draft_check_names(molt_world *world, const molt__parsed *d)
{
    size_t methods = 0;
    for (size_t i = 0; i < d->count; i++) {
        methods += d->members[i].member == MOLT__METHOD;
        for (size_t j = 0; j < i; j++) {
            if (d->members[i].name == d->members[j].name) {
                return molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s' declares '%s' twice", d->name,
                                  d->members[i].name);
            }
        }
    }
    if (methods <= MOLT__MAX_METHODS) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s' declares %zu typed methods; the most is %d", d->name,
                      methods, (int)MOLT__MAX_METHODS);
}

void molt__parsed_free(molt_world *world, molt__parsed *d)
{
    molt__free(world, d->members, d->count * sizeof *d->members);
    d->members = NULL;
}

/* Parses `count` lines, found through `line_at`. */
static int draft_parse(molt_world *world, molt__parsed *d, const char *name, const char *where, size_t count,
                       const char *(*line_at)(const void *lines, size_t i), const void *lines)
{
    *d = (molt__parsed){ .where = where ? where : "?", .count = count };
    d->name = molt__name(world, name);
    if (!d->name) return MOLT_ERR_MEMORY;
    if (count && !(d->members = molt__allocate(world, count * sizeof *d->members))) return MOLT_ERR_MEMORY;
    int err = MOLT_OK;
    for (size_t i = 0; i < count && !err; i++) {
        err = molt__declaration_parse_in(world, d->name, line_at(lines, i), &d->members[i]);
        if (!err) err = molt__hook_check(world, d->name, &d->members[i]);
    }
    if (!err) err = draft_check_names(world, d);
    if (err) molt__parsed_free(world, d);
    else d->identity = draft_identity(d);
    return err;
}

static const char *line_of_lines(const void *lines, size_t i)
{
    return ((const char *const *)lines)[i];
}

static const char *line_of_members(const void *members, size_t i)
{
    return ((const molt_member_text *)members)[i].declaration;
}

static void place_field(molt_trait *trait, const molt__declaration *member)
{
    molt__field *field = &trait->fields[trait->field_count++];
    field->name = member->name;
    field->kind = member->kind;
    field->initial = member->initial;
    field->type = member->type;
    field->private = member->private;
    field->required = member->required;
    if (member->kind == MOLT_ANY) return;
    size_t align, size = molt__fieldtype_size(member->kind, &member->type, &align);
    size_t offset = (trait->block_size + align - 1) / align * align;
    field->offset = (uint32_t)offset;
    field->size = (uint32_t)size;
    trait->block_size = offset + size;
    trait->strings += member->kind == MOLT_STRING;
    trait->typed = true;
}

static int place_method(molt_trait *trait, const molt__declaration *member)
{
    molt_world *world = trait->world;
    char text[512];
    molt__declaration_canonical(member, text, sizeof text);
    molt__method *method = molt__allocate(world, sizeof *method);
    if (!method) return MOLT_ERR_MEMORY;
    trait->methods[trait->method_count] = method;
    method->trait = trait;
    method->name = member->name;
    method->slot = (uint32_t)trait->method_count++;
    method->declaration = *member;
    method->text = molt__copy_text(world, text);
    if (!method->text) return MOLT_ERR_MEMORY;
    if (molt__reserve(world, (void **)&world->methods.item, &world->methods.capacity, world->methods.count + 1,
                      sizeof(void *))) return MOLT_ERR_MEMORY;
    world->methods.item[world->methods.count++] = method;
    method->number = (int32_t)world->methods.count;
    return MOLT_OK;
}

static int fill_wide(molt_trait *trait, const molt__parsed *d)
{
    for (size_t i = 0; i < d->count; i++) {
        const molt__declaration *member = &d->members[i];
        const molt__field *field = molt__fieldtype_is_wide(member->kind) ? molt__trait_field(trait, member->name) : NULL;
        if (!field || member->member != MOLT__FIELD) continue;
        if (molt__fieldtype_start(trait->world, member, (char *)trait->block + field->offset)) return MOLT_ERR_MEMORY;
    }
    return MOLT_OK;
}

static int fill_image(molt_trait *trait, const molt__parsed *d)
{
    trait->block_size = (trait->block_size + 7) / 8 * 8;
    trait->block = molt__allocate(trait->world, trait->block_size);
    if (!trait->block) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < trait->field_count; i++) {
        const molt__field *field = &trait->fields[i];
        if (!field->offset || molt__fieldtype_is_wide(field->kind)) continue;
        molt__value_write((char *)trait->block + field->offset, field->initial);
    }
    return fill_wide(trait, d);
}

int molt__traits_copy(molt_world *world, molt_trait ***to, size_t *to_count, molt_trait *const *from, size_t count)
{
    if (!count) return MOLT_OK;
    *to = molt__allocate(world, count * sizeof **to);
    if (!*to) return MOLT_ERR_MEMORY;
    memcpy(*to, from, count * sizeof *from);
    *to_count = count;
    return MOLT_OK;
}

int molt__trait_fill_from(molt_trait *trait, const molt__parsed *d, bool with_methods)
{
    molt_world *world = trait->world;
    trait->name = d->name;
    trait->identity = d->identity;
    trait->block_size = sizeof(molt_block);
    trait->where = molt__copy_text(world, d->where);
    if (!trait->where) return MOLT_ERR_MEMORY;
    if (d->count) {
        trait->fields = molt__allocate(world, d->count * sizeof *trait->fields);
        if (!trait->fields) return MOLT_ERR_MEMORY;
        trait->member_capacity = d->count;
        trait->methods = molt__allocate(world, d->count * sizeof *trait->methods);
        if (!trait->methods) return MOLT_ERR_MEMORY;
        trait->method_capacity = d->count;
    }
    for (size_t i = 0; i < d->count; i++) {
        if (d->members[i].member == MOLT__FIELD) place_field(trait, &d->members[i]);
        else if (with_methods && place_method(trait, &d->members[i])) return MOLT_ERR_MEMORY;
    }
    return fill_image(trait, d);
}

static molt_trait *trait_adopt(molt_world *world, const molt__parsed *d)
{
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

/* The first member in which an unequal declaration differs, for the error. */
int molt__parsed_refuse(molt_world *world, const molt_trait *trait, const molt__parsed *d)
{
    char theirs[512] = "nothing";
    const char *ours = "nothing";
    char field[512];
    size_t f = 0, m = 0;
    for (size_t i = 0; i <= d->count; i++) {
        while (i < d->count && d->members[i].kind == MOLT_ANY && d->members[i].member == MOLT__FIELD) i++;
        while (f < trait->field_count && trait->fields[f].kind == MOLT_ANY) f++;
        if (i < d->count) molt__declaration_canonical(&d->members[i], theirs, sizeof theirs);
        else snprintf(theirs, sizeof theirs, "nothing");
        bool is_method = i < d->count && d->members[i].member == MOLT__METHOD;
        ours = "nothing";
        if (is_method || (i >= d->count && f >= trait->field_count)) {
            if (m < trait->method_count) ours = trait->methods[m++]->text;
        } else if (f < trait->field_count) {
            char type[128];
            molt__declaration_type(trait->fields[f].kind, &trait->fields[f].type, type, sizeof type);
            snprintf(field, sizeof field, "%s%s %s", trait->fields[f].private ? "private " : "", type,
                     trait->fields[f].name);
            ours = field;
            f++;
        }
        if (strcmp(ours, theirs) != 0) break;
    }
    return molt__fail(world, MOLT_ERR_DECLARATION,
                      "trait '%s' is declared unequally: at %s it has '%s' where %s has '%s'",
                      trait->name, trait->where, strcmp(ours, theirs) ? ours : "another order", d->where, theirs);
}

/* What only Lua sees may be added by a later declaration; all of it, or nothing. */
static int add_lua_fields(molt_trait *trait, const molt__parsed *d)
{
    if (molt__reserve(trait->world, (void **)&trait->fields, &trait->member_capacity, trait->field_count + d->count,
                      sizeof *trait->fields)) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < d->count; i++) {
        const molt__declaration *member = &d->members[i];
        if (member->member != MOLT__FIELD || member->kind != MOLT_ANY) continue;
        if (molt__trait_field(trait, member->name)) continue;
        place_field(trait, member);
        trait->fields[trait->field_count - 1].added = true;
    }
    return MOLT_OK;
}

static molt_trait *declare(molt_world *world, const molt__parsed *d)
{
    molt_trait *trait = find_quietly(world, d->name);
    if (!trait) return trait_adopt(world, d);
    if (trait->identity != d->identity) {
        molt__parsed_refuse(world, trait, d);
        return NULL;
    }
    return add_lua_fields(trait, d) ? NULL : trait;
}

int molt__parsed_lines(molt_world *world, molt__parsed *d, const molt_trait_lines *lines)
{
    return draft_parse(world, d, lines->name, lines->where, lines->line_count, line_of_lines, lines->lines);
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

int molt__trait_adopt_defaults(molt_trait *trait, const void *defaults)
{
    if (!defaults) return MOLT_OK;
    for (size_t i = 0; i < trait->field_count; i++) {
        molt__field *field = &trait->fields[i];
        if (field->offset && molt__fieldtype_is_wide(field->kind)) {
            const char *given = (const char *)defaults + field->offset;
            if (molt__fieldtype_adopt(trait->world, field, given, (char *)trait->block + field->offset)) return MOLT_ERR_MEMORY;
            continue;
        }
        if (field->offset) field->initial = molt__value_read(field->kind, (const char *)defaults + field->offset);
        if (field->offset) molt__value_write((char *)trait->block + field->offset, field->initial);
    }
    return MOLT_OK;
}

int molt__parsed_text(molt_world *world, molt__parsed *d, const molt_trait_text *text)
{
    if (text->size != sizeof *text || text->abi != MOLT_ABI) {
        return molt__fail(world, MOLT_ERR_VERSION,
                          "trait '%s' was declared by another version of the header (ABI %u, expected %u)",
                          text->name, (unsigned)text->abi, (unsigned)MOLT_ABI);
    }
    return draft_parse(world, d, text->name, text->where, text->member_count, line_of_members, text->members);
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
    MOLT__STORE(&text->identity, d.identity);
    molt__parsed_free(world, &d);
    return d.identity;
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
