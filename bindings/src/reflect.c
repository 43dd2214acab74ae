/* reflect.c: molt.core, what traits, shapes, classes and implementations are made of. */
#include "handles.h"
#include "tables.h"

#include "fieldtype.h"
#include "impl.h"
#include "record.h"
#include "trait.h"
#include "value.h"

static void push_members(lua_State *L, const molt__record *record)
{
    lua_createtable(L, (int)record->count, 0);
    for (size_t i = 0; i < record->count; i++) {
        lua_createtable(L, 0, 3);
        molt__set_text(L, "name", record->member[i].name);
        molt__set_text(L, "kind", molt__kind_name(record->member[i].kind));
        molt__set_number(L, "offset", record->member[i].offset);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "members");
}

/* What a field wider than a scalar is: "string", "reference", "array", "struct". */
static void set_wide(lua_State *L, molt__binding *b, const molt_trait *trait, const molt__field *field)
{
    const molt__type *type = &field->type;
    bool memory = field->kind == MOLT_MEMORY;
    const char *wide = type->count ? "array" : memory ? "struct" : field->kind == MOLT_STRING ? "string" : "reference";
    molt__set_text(L, "wide", wide);
    molt__set_number(L, "size", field->size);
    if (type->target) molt__set_text(L, "target", type->target);
    if (type->record) push_members(L, type->record);
    if (type->count) {
        molt__set_text(L, "element", molt__kind_name(type->element));
        molt__set_number(L, "count", type->count);
    }
    molt__push_field(L, b, field, (const char *)trait->block + field->offset);
    lua_setfield(L, -2, "initial");
}

/* The place of a field among the typed ones, as molt__typed_field counts. */
static size_t typed_place(const molt_trait *trait, const molt__field *field)
{
    size_t place = 1;
    for (const molt__field *other = trait->fields; other < field; other++) place += other->offset != 0;
    return place;
}

static void push_field(lua_State *L, molt__binding *b, const molt_trait *trait, const molt__field *field)
{
    char type[128];
    molt__declaration_type(field->kind, &field->type, type, sizeof type);
    lua_createtable(L, 0, 8);
    molt__set_text(L, "name", field->name);
    molt__set_text(L, "kind", type);
    molt__set_number(L, "offset", field->offset);
    molt__set_number(L, "index", (double)typed_place(trait, field));
    if (field->private) lua_pushboolean(L, 1), lua_setfield(L, -2, "private");
    if (field->required) lua_pushboolean(L, 1), lua_setfield(L, -2, "required");
    if (molt__fieldtype_is_wide(field->kind)) {
        set_wide(L, b, trait, field);
    } else if (field->kind != MOLT_ANY) {
        molt__push_value(L, b, field->initial);
        lua_setfield(L, -2, "initial");
    }
}

static void push_method(lua_State *L, const molt__method *method)
{
    const molt__declaration *declaration = &method->declaration;
    lua_createtable(L, 0, 8);
    molt__set_text(L, "name", method->name);
    molt__set_text(L, "text", method->text);
    molt__set_text(L, "trait", method->trait->name);
    molt__set_handle(L, "handle", method);
    molt__set_number(L, "slot", method->slot);
    molt__set_number(L, "number", method->number);
    molt__set_text(L, "result", molt__kind_name(declaration->kind));
    lua_pushboolean(L, declaration->all);
    lua_setfield(L, -2, "all");
    lua_createtable(L, (int)declaration->parameter_count, 0);
    for (size_t i = 0; i < declaration->parameter_count; i++) {
        lua_pushstring(L, molt__kind_name(declaration->parameters[i].kind));
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "parameters");
    molt__push_caller(L, method);
    lua_setfield(L, -2, "caller");
}

/* (trait) -> { name, where, size, typed, fields, methods, required } */
static int trait_info(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_trait *trait = lua_touserdata(L, 1);
    lua_createtable(L, 0, 8);
    molt__set_text(L, "name", trait->name);
    molt__set_text(L, "where", trait->where);
    molt__set_number(L, "size", (double)trait->block_size);
    molt__set_number(L, "index", trait->index);
    lua_createtable(L, (int)trait->field_count, 0);
    for (size_t i = 0; i < trait->field_count; i++) {
        push_field(L, b, trait, &trait->fields[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "fields");
    lua_createtable(L, (int)trait->method_count, 0);
    for (size_t i = 0; i < trait->method_count; i++) {
        push_method(L, trait->methods[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "methods");
    return 1;
}

/* names = { own = the name of its slot } of the methods for which they differ */
static void push_part(lua_State *L, const molt__part *part)
{
    lua_createtable(L, 0, 4);
    lua_newtable(L);
    for (size_t i = 0; part->names && i < part->trait->method_count; i++) {
        const char *own = part->trait->methods[i]->name, *name = molt__select_slot(part->names, own);
        if (own != name) molt__set_text(L, own, name);
    }
    lua_setfield(L, -2, "names");
    molt__set_handle(L, "trait", part->trait);
    molt__set_number(L, "offset", part->offset);
    molt__set_number(L, "block", part->block);
}

/* (shape id) -> { pointer, class, layout, size, parts, attached } */
static int shape_info(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_shape *shape = molt__shape_at(L, b, 1);
    lua_createtable(L, 0, 8);
    molt__set_handle(L, "pointer", shape);
    molt__set_handle(L, "class", shape->cls);
    molt__set_number(L, "layout", shape->layout->id);
    molt__set_number(L, "size", (double)shape->layout->size);
    lua_createtable(L, (int)shape->part_count, 0);
    for (size_t i = 0; i < shape->part_count; i++) {
        push_part(L, &shape->parts[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "parts");
    lua_createtable(L, (int)shape->attached_count, 0);
    for (size_t i = 0; i < shape->attached_count; i++) {
        lua_createtable(L, 0, 3);
        molt__set_handle(L, "trait", shape->attached[i].trait);
        molt__set_handle(L, "impl", shape->attached[i].impl);
        molt__set_handle(L, "names", shape->attached[i].names);
        molt__set_number(L, "block", shape->attached[i].block);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "attached");
    return 1;
}

/* The names of the typed methods of the class's own traits. */
static void add_slots(lua_State *L, const molt_class *cls)
{
    for (size_t i = 0; i < cls->traits.count; i++) {
        const molt_trait *trait = cls->traits.item[i];
        const molt__selection *names = molt__class_names(cls, trait);
        for (size_t m = 0; m < trait->method_count; m++) {
            molt__append_text(L, molt__select_slot(names, trait->methods[m]->name));
        }
    }
}

/* (class) -> { name, where, base, traits, slots (its own), live } */
static int class_info_calm(lua_State *L)
{
    molt__binding_open(L);
    const molt_class *cls = lua_touserdata(L, 1);
    lua_createtable(L, 0, 6);
    molt__set_text(L, "name", cls->name);
    molt__set_text(L, "where", cls->where);
    molt__set_handle(L, "base", cls->base);
    molt__set_number(L, "live", (double)cls->live);
    lua_createtable(L, (int)cls->traits.count, 0);
    for (size_t i = 0; i < cls->traits.count; i++) {
        lua_pushlightuserdata(L, cls->traits.item[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "traits");
    lua_newtable(L);
    add_slots(L, cls);
    lua_setfield(L, -2, "slots");
    return 1;
}
MOLT__CALM(class_info)

/* (impl) -> { name, where, trait, methods = { name = where … } } */
static int impl_info_calm(lua_State *L)
{
    molt__binding_open(L);
    const molt_impl *impl = lua_touserdata(L, 1);
    lua_createtable(L, 0, 4);
    molt__set_text(L, "name", impl->name);
    molt__set_text(L, "where", impl->where);
    molt__set_handle(L, "trait", impl->trait);
    lua_newtable(L);
    for (size_t i = 0; i < impl->native.count; i++) {
        molt__set_text(L, impl->native.item[i]->name, impl->native.item[i]->where);
    }
    for (size_t i = 0; i < impl->lua.count; i++) {
        molt__set_text(L, impl->lua.item[i]->name, impl->lua.item[i]->where);
    }
    lua_setfield(L, -2, "methods");
    return 1;
}
MOLT__CALM(impl_info)

void molt__open_reflect(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "trait_info", trait_info }, { "class_info", class_info }, { "shape_info", shape_info },
        { "impl_info", impl_info }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
