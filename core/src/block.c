/* block.c: the fields and methods of a trait, and the image of its blocks. */
#include "parsed.h"

#include "fieldtype.h"
#include "memory.h"
#include "value.h"
#include "world_state.h"

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

int molt__trait_add_lua_fields(molt_trait *trait, const molt__parsed *d)
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
