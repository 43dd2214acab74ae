/* member.c: fields and typed methods of an object, by name. */
#include "closure.h"
#include "error.h"
#include "fieldtype.h"
#include "object.h"
#include "value.h"
#include "vtable.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* A field of an object and where it is; the name is known to be interned. */
static const molt__field *find_field(const molt_object *object, const char *name, char **memory)
{
    const molt_shape *shape = object->shape;
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt__field *field = molt__trait_field(shape->parts[i].trait, name);
        if (!field || !field->offset || field->private) continue;
        *memory = (char *)molt__part_block(object, &shape->parts[i]) + field->offset;
        return field;
    }
    return NULL;
}

static int no_such(const molt_object *object, const char *what, const char *name)
{
    const molt_shape *shape = object->shape;
    bool field = what[0] == 'f';
    molt__near search = molt__near_begin(name);
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        for (size_t f = 0; field && f < trait->field_count; f++) {
            if (trait->fields[f].offset && !trait->fields[f].private) molt__near_offer(&search, trait->fields[f].name);
        }
        for (size_t m = 0; !field && m < trait->method_count; m++) molt__near_offer(&search, trait->methods[m]->name);
    }
    char text[128];
    molt__fail(shape->world, MOLT_ERR_UNKNOWN, "%s has no typed %s '%s'", molt__object_name(object, text, sizeof text),
               what, name);
    if (molt__near_result(&search)) molt__hint(shape->world, "did you mean '%s'?", molt__near_result(&search));
    return MOLT_ERR_UNKNOWN;
}

/* "pos[1]" and "speed.x": a scalar inside of an array or a struct. */
static int find_inside(const molt_object *object, const char *name, molt_kind *kind, char **memory)
{
    molt_world *world = object->shape->world;
    char field_name[128];
    size_t length = strcspn(name, "[.");
    if (!name[length] || length >= sizeof field_name) return no_such(object, "field", name);
    memcpy(field_name, name, length);
    field_name[length] = '\0';
    const char *known = molt__name_find(world, field_name);
    const molt__field *field = known ? find_field(object, known, memory) : NULL;
    if (!field) return no_such(object, "field", field_name);
    size_t offset;
    int err = molt__fieldtype_inside(world, field, name + length, kind, &offset);
    if (!err) *memory += offset;
    return err;
}

static int get_inside(const molt_object *object, const char *name, molt_value *out)
{
    molt_kind kind;
    char *memory;
    int err = find_inside(object, name, &kind, &memory);
    if (!err) *out = molt__value_read(kind, memory);
    return err;
}

static int set_inside(const molt_object *object, const char *name, molt_value value)
{
    molt_kind kind;
    char *memory, what[160];
    int err = find_inside(object, name, &kind, &memory);
    if (err) return err;
    snprintf(what, sizeof what, "field '%s'", name);
    err = molt__value_convert(object->shape->world, kind, value, &value, what);
    if (!err) molt__value_write(memory, value);
    return err;
}

int molt_object_get(const molt_object *object, const char *name, molt_value *out)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = molt__object_check(object);
    if (err) return err;
    char *memory;
    const char *known = molt__name_find(object->shape->world, name);
    const molt__field *field = known ? find_field(object, known, &memory) : NULL;
    if (!field) return get_inside(object, name, out);
    return molt__fieldtype_get(field, memory, out);
}

int molt_object_set(molt_object *object, const char *name, molt_value value)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = molt__object_check(object);
    if (err) return err;
    char *memory;
    molt_world *world = object->shape->world;
    const char *known = molt__name_find(world, name);
    const molt__field *field = known ? find_field(object, known, &memory) : NULL;
    if (!field) return set_inside(object, name, value);
    char what[128];
    snprintf(what, sizeof what, "field '%s'", field->name);
    return molt__fieldtype_set(world, field, value, memory, what);
}

/* A field of the handle's own trait. */
static const molt__field *own_field(const molt_block *block, const char *name, char **memory)
{
    const molt_trait *trait = molt__vtable_head(block->vtable)->trait;
    const char *known = molt__name_find(trait->world, name);
    const molt__field *field = known ? molt__trait_field(trait, known) : NULL;
    if (field && field->offset) {
        *memory = (char *)(uintptr_t)block + field->offset;
        return field;
    }
    molt__fail(trait->world, MOLT_ERR_UNKNOWN, "trait '%s' has no typed field '%s'", trait->name, name);
    return NULL;
}

int molt_field_get(const void *handle, const char *name, molt_value *out)
{
    int barred = molt__threads_check(molt_object_world(((const molt_block *)handle)->object), __func__);
    if (barred) return barred;
    const molt_block *block = handle;
    int err = molt__object_check(block->object);
    if (err) return err;
    char *memory;
    const molt__field *field = own_field(block, name, &memory);
    return field ? molt__fieldtype_get(field, memory, out) : MOLT_ERR_UNKNOWN;
}

int molt_field_set(void *handle, const char *name, molt_value value)
{
    int barred = molt__threads_check(molt_object_world(((const molt_block *)handle)->object), __func__);
    if (barred) return barred;
    const molt_block *block = handle;
    int err = molt__object_check(block->object);
    if (err) return err;
    char *memory, what[128];
    const molt__field *field = own_field(block, name, &memory);
    if (!field) return MOLT_ERR_UNKNOWN;
    snprintf(what, sizeof what, "field '%s'", field->name);
    return molt__fieldtype_set(block->object->shape->world, field, value, memory, what);
}

static int convert_arguments(molt_world *world, const molt__method *method, const molt_value *arguments, size_t count,
                             molt_value *converted)
{
    const molt__declaration *declaration = &method->declaration;
    if (count != declaration->parameter_count) {
        return molt__fail(world, MOLT_ERR_ARGUMENT, "method '%s' takes %zu arguments ('%s'), got %zu", method->name,
                          declaration->parameter_count, method->text, count);
    }
    for (size_t i = 0; i < count; i++) {
        char what[128];
        snprintf(what, sizeof what, "argument %zu of method '%s'", i + 1, method->name);
        int err = molt__value_convert(world, declaration->parameters[i].kind, arguments[i], &converted[i], what);
        if (err) return err;
    }
    return MOLT_OK;
}

static int call_slot(molt_block *block, molt__method *method, molt_value *arguments, molt_value *result)
{
    molt_world *world = method->trait->world;
    molt__closure *closure = molt__closure_for(method);
    if (!closure) return MOLT_ERR_MEMORY;
    void *pointers[MOLT__MAX_PARAMETERS + 1] = { &block };
    for (size_t i = 0; i < method->declaration.parameter_count; i++) pointers[i + 1] = &arguments[i].as;
    molt_function function;
    union { ffi_arg integer; double number; } out = { 0 };
    memcpy(&function, &block->vtable[method->slot], sizeof function);
    ffi_call(&closure->cif, function, &out, pointers);
    if (molt_error_pending(world)) return molt__fail(world, world->pending.code, "%s", world->pending.text);
    if (result) *result = molt__closure_argument(method->declaration.kind, &out);
    return MOLT_OK;
}

int molt_object_call(molt_object *object, const char *name, const molt_value *arguments, size_t count,
                     molt_value *result)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = molt__object_check(object);
    if (err) return err;
    const molt_shape *shape = object->shape;
    const char *known = molt__name_find(shape->world, name);
    for (size_t i = 0; known && i < shape->part_count; i++) {
        size_t at = 0;
        molt__method *method = molt__part_method(&shape->parts[i], known, &at);
        if (!method) continue;
        molt_value converted[MOLT__MAX_PARAMETERS];
        err = convert_arguments(shape->world, method, arguments, count, converted);
        return err ? err : call_slot(molt__part_block(object, &shape->parts[i]), method, converted, result);
    }
    return no_such(object, "method", name);
}
