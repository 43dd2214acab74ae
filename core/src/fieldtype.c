#include "fieldtype.h"

#include "class.h"
#include "error.h"
#include "name.h"
#include "object.h"
#include "record.h"
#include "shape.h"
#include "text.h"
#include "value.h"
#include "world_state.h"

#include <stdlib.h>
#include <string.h>

static molt_trait *trait_named(const molt_world *world, const char *name)
{
    for (size_t i = 0; i < world->traits.count; i++) {
        molt_trait *trait = world->traits.item[i];
        if (trait->name == name) return trait;
    }
    return NULL;
}

static molt_class *class_named(const molt_world *world, const char *name)
{
    for (size_t i = 0; i < world->classes.count; i++) {
        molt_class *cls = world->classes.item[i];
        if (cls->name == name) return cls;
    }
    return NULL;
}

/* Is the target of a reference one that the object fits? */
static bool fits(const molt_world *world, const char *target, const molt_object *object)
{
    const molt_trait *trait = trait_named(world, target);
    const molt_class *cls = class_named(world, target);
    if (trait && molt__shape_part(object->shape, trait->identity)) return true;
    return cls && molt__class_extends(object->shape->cls, cls);
}

static int check_reference(molt_world *world, const molt__field *field, molt_ref ref, const char *what)
{
    const char *target = field->type.target;
    if (!ref.index1) return MOLT_OK;
    const molt_object *object = molt_ref_object(world, ref);
    if (!object) return molt_last_code(world);
    if (!target || fits(world, target, object)) return MOLT_OK;
    if (!trait_named(world, target) && !class_named(world, target)) {
        return molt__fail(world, MOLT_ERR_UNKNOWN, "%s refers to '%s', but there is no such trait or class", what, target);
    }
    char name[128];
    return molt__fail(world, MOLT_ERR_TYPE, "%s takes a reference to '%s', which %s is not", what, target,
                      molt__object_name(object, name, sizeof name));
}

int molt__fieldtype_check(molt_world *world, const molt__field *field, molt_value value, const char *what)
{
    if (value.kind != field->kind) {
        char type[128];
        molt__declaration_type(field->kind, &field->type, type, sizeof type);
        return molt__fail(world, MOLT_ERR_TYPE, "%s takes the type '%s', got %s %s", what, type,
                          molt__kind_article(value.kind), molt__kind_name(value.kind));
    }
    return value.kind == MOLT_REF ? check_reference(world, field, value.as.ref, what) : MOLT_OK;
}

int molt__fieldtype_get(const molt__field *field, const void *memory, molt_value *out)
{
    if (!molt__fieldtype_is_wide(field->kind)) {
        *out = molt__value_read(field->kind, memory);
        return MOLT_OK;
    }
    out->kind = field->kind;
    if (field->kind == MOLT_REF) memcpy(&out->as.ref, memory, sizeof out->as.ref);
    else out->as.memory = memory;        /* `string` is in the same place */
    return MOLT_OK;
}

/* A bool is one of two bytes, whatever the caller had in its memory. */
static void copy_memory(const molt__field *field, const void *from, void *to)
{
    const molt__type *type = &field->type;
    memmove(to, from, field->size);
    unsigned char *bytes = to;
    for (uint32_t i = 0; i < type->count && type->element == MOLT_BOOL; i++) bytes[i] = bytes[i] != 0;
    for (size_t i = 0; type->record && i < type->record->count; i++) {
        const molt__record_member *member = &type->record->member[i];
        if (member->kind == MOLT_BOOL) bytes[member->offset] = bytes[member->offset] != 0;
    }
}

int molt__fieldtype_set(molt_world *world, const molt__field *field, molt_value value, void *memory, const char *what)
{
    if (!molt__fieldtype_is_wide(field->kind)) {
        int failed = molt__value_convert(world, field->kind, value, &value, what);
        if (!failed) molt__value_write(memory, value);
        return failed;
    }
    int err = molt__fieldtype_check(world, field, value, what);
    if (err) return err;
    if (field->kind == MOLT_REF) {
        memcpy(memory, &value.as.ref, sizeof value.as.ref);
        return MOLT_OK;
    }
    if (field->kind == MOLT_MEMORY) {
        copy_memory(field, value.as.memory, memory);
        return MOLT_OK;
    }
    char fresh[sizeof(molt_string)];
    err = molt__text_own(world, value.as.string->text, value.as.string->length, fresh);
    if (err) return err;
    molt__text_release(world, memory);   /* last: the value may be the field's own text */
    memcpy(memory, fresh, sizeof fresh);
    return MOLT_OK;
}

int molt__fieldtype_share(molt_world *world, const molt__field *field, molt_value value, void *memory)
{
    if (field->kind == MOLT_STRING) return molt__text_share(world, value.as.string->text, value.as.string->length, memory);
    if (field->kind == MOLT_MEMORY) copy_memory(field, value.as.memory, memory);
    else if (value.as.ref.index1) {
        return molt__fail(world, MOLT_ERR_ARGUMENT, "field '%s' is a reference, which no implementation can start with",
                          field->name);
    }
    return MOLT_OK;
}

int molt__fieldtype_adopt(molt_world *world, const molt__field *field, const void *given, void *memory)
{
    if (field->kind == MOLT_REF) return MOLT_OK;
    molt_value value;
    molt__fieldtype_get(field, given, &value);
    if (field->kind == MOLT_STRING && !value.as.string->text) return MOLT_OK;
    return molt__fieldtype_share(world, field, value, memory);
}

static int index_of(molt_world *world, const molt__field *field, const char *path, uint32_t *index)
{
    char *end;
    unsigned long at = strtoul(path + 1, &end, 10);
    bool number = path[0] == '[' && path[1] >= '0' && path[1] <= '9' && strcmp(end, "]") == 0;
    if (!number) return molt__fail(world, MOLT_ERR_UNKNOWN, "field '%s' is an array: it has no '%s'", field->name, path);
    if (at >= field->type.count) {
        return molt__fail(world, MOLT_ERR_RANGE, "index %lu is out of range for field '%s' (0 to %u)", at, field->name,
                          (unsigned)field->type.count - 1);
    }
    *index = (uint32_t)at;
    return MOLT_OK;
}

int molt__fieldtype_inside(molt_world *world, const molt__field *field, const char *path, molt_kind *kind,
                           size_t *offset)
{
    const molt__record *record = field->type.record;
    if (field->type.count) {
        uint32_t index = 0;
        int err = index_of(world, field, path, &index);
        *kind = field->type.element;
        *offset = err ? 0 : index * molt__kind_size(*kind);
        return err;
    }
    molt__near search = molt__near_begin(path + 1);
    for (size_t i = 0; record && i < record->count; i++) {
        *kind = record->member[i].kind;
        *offset = record->member[i].offset;
        if (path[0] == '.' && strcmp(path + 1, record->member[i].name) == 0) return MOLT_OK;
        molt__near_offer(&search, record->member[i].name);
    }
    molt__fail(world, MOLT_ERR_UNKNOWN, "field '%s' has no '%s'", field->name, path);
    if (molt__near_result(&search)) molt__hint(world, "did you mean '%s'?", molt__near_result(&search));
    return MOLT_ERR_UNKNOWN;
}

void molt__fieldtype_release(const molt_trait *trait, const void *block)
{
    for (size_t i = 0; trait->strings && i < trait->field_count; i++) {
        const molt__field *field = &trait->fields[i];
        if (field->kind == MOLT_STRING) molt__text_release(trait->world, (const char *)block + field->offset);
    }
}
