/* member.c: fields and typed methods of an object, by name. */
#include "closure.h"
#include "error.h"
#include "object.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* A field of an object and where it is; the name is known to be interned. */
static const molt__field *find_field(const molt_object *object, const char *name, char **memory)
{
    const molt_shape *shape = object->shape;
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt__field *field = molt__trait_field(shape->parts[i].trait, name);
        if (!field || !field->offset) continue;
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
            if (trait->fields[f].offset) molt__near_offer(&search, trait->fields[f].name);
        }
        for (size_t m = 0; !field && m < trait->method_count; m++) molt__near_offer(&search, trait->methods[m]->name);
    }
    char text[128];
    molt__fail(shape->world, MOLT_ERR_UNKNOWN, "%s has no typed %s '%s'", molt__object_name(object, text, sizeof text),
               what, name);
    if (molt__near_result(&search)) molt__hint(shape->world, "did you mean '%s'?", molt__near_result(&search));
    return MOLT_ERR_UNKNOWN;
}

int molt_object_get(const molt_object *object, const char *name, molt_value *out)
{
    int err = molt__object_check(object);
    if (err) return err;
    char *memory;
    const char *known = molt__name_find(object->shape->world, name);
    const molt__field *field = known ? find_field(object, known, &memory) : NULL;
    if (!field) return no_such(object, "field", name);
    *out = molt__value_read(field->kind, memory);
    return MOLT_OK;
}

int molt_object_set(molt_object *object, const char *name, molt_value value)
{
    int err = molt__object_check(object);
    if (err) return err;
    char *memory;
    molt_world *world = object->shape->world;
    const char *known = molt__name_find(world, name);
    const molt__field *field = known ? find_field(object, known, &memory) : NULL;
    if (!field) return no_such(object, "field", name);
    char what[128];
    snprintf(what, sizeof what, "field '%s'", field->name);
    molt_value converted;
    err = molt__value_convert(world, field->kind, value, &converted, what);
    if (!err) molt__value_write(memory, converted);
    return err;
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
