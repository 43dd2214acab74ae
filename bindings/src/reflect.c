/* reflect.c: molt.core, the functions by which molt's Lua looks at a world. */
#include "binding.h"

#include "impl.h"
#include "resolve.h"
#include "value.h"
#include "trait.h"
#include "vtable.h"

#include <string.h>

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, double number)
{
    lua_pushnumber(L, number);
    lua_setfield(L, -2, key);
}

static void set_handle(lua_State *L, const char *key, const void *pointer)
{
    if (!pointer) return;
    lua_pushlightuserdata(L, (void *)(uintptr_t)pointer);
    lua_setfield(L, -2, key);
}

static void push_field(lua_State *L, molt__binding *b, const molt__field *field)
{
    lua_createtable(L, 0, 4);
    set_text(L, "name", field->name);
    set_text(L, "kind", molt__kind_name(field->kind));
    set_number(L, "offset", field->offset);
    if (field->kind != MOLT_ANY) {
        molt__push_value(L, b, field->initial);
        lua_setfield(L, -2, "initial");
    }
}

static void push_method(lua_State *L, const molt__method *method)
{
    const molt__declaration *declaration = &method->declaration;
    lua_createtable(L, 0, 8);
    set_text(L, "name", method->name);
    set_text(L, "text", method->text);
    set_text(L, "trait", method->trait->name);
    set_number(L, "slot", method->slot);
    set_number(L, "number", method->number);
    set_text(L, "result", molt__kind_name(declaration->kind));
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
    set_text(L, "name", trait->name);
    set_text(L, "where", trait->where);
    set_number(L, "size", (double)trait->block_size);
    set_number(L, "index", trait->index);
    lua_createtable(L, (int)trait->field_count, 0);
    for (size_t i = 0; i < trait->field_count; i++) {
        push_field(L, b, &trait->fields[i]);
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

static void push_part(lua_State *L, const molt__part *part)
{
    lua_createtable(L, 0, 3);
    set_handle(L, "trait", part->trait);
    set_number(L, "offset", part->offset);
    set_number(L, "block", part->block);
}

static const molt_shape *shape_at(lua_State *L, const molt__binding *b, int index)
{
    size_t id = (size_t)luaL_checkinteger(L, index);
    luaL_argcheck(L, id >= 1 && id <= b->world->shapes.count, index, "no such shape");
    return b->world->shapes.item[id - 1];
}

/* (shape id) -> { pointer, class, layout, size, parts, attached } */
static int shape_info(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_shape *shape = shape_at(L, b, 1);
    lua_createtable(L, 0, 8);
    set_handle(L, "pointer", shape);
    set_handle(L, "class", shape->cls);
    set_number(L, "layout", shape->layout->id);
    set_number(L, "size", (double)shape->layout->size);
    lua_createtable(L, (int)shape->part_count, 0);
    for (size_t i = 0; i < shape->part_count; i++) {
        push_part(L, &shape->parts[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "parts");
    lua_createtable(L, (int)shape->attached_count, 0);
    for (size_t i = 0; i < shape->attached_count; i++) {
        lua_createtable(L, 0, 3);
        set_handle(L, "trait", shape->attached[i].trait);
        set_handle(L, "impl", shape->attached[i].impl);
        set_number(L, "block", shape->attached[i].block);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "attached");
    return 1;
}

/* Pushes what a definition is in Lua: its function, or the caller of the typed
 * method whose slot it fills; then how it is called natively, or nil. */
static int push_definition(lua_State *L, const molt_definition *definition)
{
    if (!definition) return 0;
    if (definition->foreign) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, (int)definition->foreign);
        return 1;
    }
    molt__push_caller(L, definition->trait->methods[definition->slot]);
    lua_createtable(L, 0, 3);
    set_handle(L, "trait", definition->trait);
    set_number(L, "slot", definition->slot);
    lua_pushboolean(L, definition->flags & MOLT_LEAF ? 1 : 0);
    lua_setfield(L, -2, "leaf");
    return 2;
}

/* (shape id, name) -> function, native or nil */
static int definition_of(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    return name ? push_definition(L, molt__resolve(shape_at(L, b, 1), name)) : 0;
}

/* (class, name) -> function, native or nil */
static int class_definition(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    return name ? push_definition(L, molt__class_resolve(lua_touserdata(L, 1), name)) : 0;
}

static bool add_name(const char *name, void *user)
{
    lua_State *L = user;
    lua_pushstring(L, name);
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
    return true;
}

/* (shape id or class) -> names that some layer defines */
static int names(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    bool shape = lua_type(L, 1) == LUA_TNUMBER;
    lua_newtable(L);
    if (shape) molt__resolve_names(shape_at(L, b, 1), add_name, L);
    else molt__class_resolve_names(lua_touserdata(L, 1), add_name, L);
    return 1;
}

static bool add_claim(const molt__claim *claim, void *user)
{
    static const char *const layers[] = { "object", "fill", "trait" };
    lua_State *L = user;
    lua_createtable(L, 0, 6);
    set_text(L, "layer", layers[claim->layer]);
    set_text(L, "where", claim->definition->where);
    lua_pushboolean(L, claim->definition->function != NULL);
    lua_setfield(L, -2, "native");
    if (claim->cls) set_text(L, "class", claim->cls->name);
    if (claim->trait) set_text(L, "trait", claim->trait->name);
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
    return true;
}

/* (shape id or class, name) -> { winner, what it hides … } */
static int claims(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    bool shape = lua_type(L, 1) == LUA_TNUMBER;
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    lua_newtable(L);
    if (!name) return 1;
    if (shape) molt__resolve_each(shape_at(L, b, 1), name, add_claim, L);
    else molt__class_resolve_each(lua_touserdata(L, 1), name, add_claim, L);
    return 1;
}

/* () -> shape id, name (nil: all of them) of what resolves anew next; or nothing */
static int next_change(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_world *world = b->world;
    if (!world->change_count) return 0;
    molt__change change = world->changes[--world->change_count];
    lua_pushinteger(L, (lua_Integer)change.shape->id);
    lua_pushstring(L, change.name);      /* nil: every name */
    return 2;
}

/* (class) -> { name, where, base, traits (its own), live } */
static int class_info(lua_State *L)
{
    molt__binding_open(L);
    const molt_class *cls = lua_touserdata(L, 1);
    lua_createtable(L, 0, 5);
    set_text(L, "name", cls->name);
    set_text(L, "where", cls->where);
    set_handle(L, "base", cls->base);
    set_number(L, "live", (double)cls->live);
    lua_createtable(L, (int)cls->traits.count, 0);
    for (size_t i = 0; i < cls->traits.count; i++) {
        lua_pushlightuserdata(L, cls->traits.item[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "traits");
    return 1;
}

/* (impl) -> { name, where, trait, methods = { name = where … } } */
static int impl_info(lua_State *L)
{
    molt__binding_open(L);
    const molt_impl *impl = lua_touserdata(L, 1);
    lua_createtable(L, 0, 4);
    set_text(L, "name", impl->name);
    set_text(L, "where", impl->where);
    set_handle(L, "trait", impl->trait);
    lua_newtable(L);
    for (size_t i = 0; i < impl->native.count; i++) set_text(L, impl->native.item[i]->name, impl->native.item[i]->where);
    for (size_t i = 0; i < impl->lua.count; i++) set_text(L, impl->lua.item[i]->name, impl->lua.item[i]->where);
    lua_setfield(L, -2, "methods");
    return 1;
}

/* (impl, name) -> function, native or nil */
static int impl_definition(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    return name ? push_definition(L, molt__impl_find(lua_touserdata(L, 1), name)) : 0;
}

static void offer_names(molt__near *search, const molt__list *list, const char *(*name)(const void *))
{
    for (size_t i = 0; i < list->count; i++) molt__near_offer(search, name(list->item[i]));
}

static const char *class_name(const void *cls)
{
    return molt_class_name(cls);
}

static const char *trait_name(const void *trait)
{
    return molt_trait_name(trait);
}

/* (name) -> handle, "class" or "trait"; or nil and an error with a near match of either */
static int find(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_world *world = b->world;
    const char *name = luaL_checkstring(L, 1);
    molt_class *cls = molt_class_find(world, name);
    molt_trait *trait = cls ? NULL : molt_trait_find(world, name);
    if (cls || trait) {
        lua_pushlightuserdata(L, cls ? (void *)cls : (void *)trait);
        lua_pushstring(L, cls ? "class" : "trait");
        return 2;
    }
    molt__near search = molt__near_begin(name);
    offer_names(&search, &world->classes, class_name);
    offer_names(&search, &world->traits, trait_name);
    molt__fail(world, MOLT_ERR_UNKNOWN, "no class or trait '%s'", name);
    if (molt__near_result(&search)) molt__hint(world, "did you mean '%s'?", molt__near_result(&search));
    return molt__push_failure(L, b);
}

/* (wanted, candidates) -> the nearest, or nil */
static int nearest(lua_State *L)
{
    molt__near search = molt__near_begin(luaL_checkstring(L, 1));
    size_t count = lua_objlen(L, 2);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, 2, (int)i);
        if (lua_tostring(L, -1)) molt__near_offer(&search, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    if (!molt__near_result(&search)) return 0;
    lua_pushstring(L, molt__near_result(&search));
    return 1;
}

/* (value) -> shape id, id, name of a living object; or nil, code, text */
static int object_info(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);    /* inside of migrate, too */
    if (!b->world) return molt__raise(L, 1, MOLT_ERR_CLOSED, "the world has been closed");
    molt__refusal why = { 0 };
    molt_object *object = molt__to_object(L, b, 1, &why);
    if (!object) {
        lua_pushnil(L);
        lua_pushstring(L, molt_err_name(why.code));
        lua_pushstring(L, why.text);
        return 3;
    }
    char name[128];
    lua_pushinteger(L, (lua_Integer)object->shape->id);
    lua_pushnumber(L, molt_object_id(object));
    lua_pushstring(L, molt__object_name(object, name, sizeof name));
    return 3;
}

/* (view) -> the object's table */
static int object_of(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    if (!b->world) return 0;
    molt__refusal why = { 0 };
    molt_object *object = molt__to_object(L, b, 1, &why);
    if (!object) return 0;
    molt__push_object(L, b, object);
    return 1;
}

/* (slot) -> shape id, id of an object of the host that Lua has not seen yet */
static int unseen(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_border *border = b->world->border;
    lua_Integer slot = lua_tointeger(L, 1);
    const molt_object *object = slot >= 1 && slot <= border->top ? border->objects[slot] : NULL;
    if (!object || !(object->flags & MOLT__HOST)) return 0;
    lua_pushinteger(L, (lua_Integer)object->shape->id);
    lua_pushnumber(L, molt_object_id(object));
    return 2;
}

/* (id) -> the object's table, made now if it has none; nothing for a stale id */
static int object_at(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_object *object = molt_id_object(b->world, luaL_checknumber(L, 1));
    if (!object) return 0;
    molt__push_object(L, b, object);
    return 1;
}

void molt__open_reflect(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "trait_info", trait_info }, { "class_info", class_info }, { "shape_info", shape_info },
        { "impl_info", impl_info }, { "impl_definition", impl_definition },
        { "definition", definition_of }, { "class_definition", class_definition }, { "names", names },
        { "claims", claims }, { "next_change", next_change }, { "find", find }, { "nearest", nearest },
        { "object_info", object_info }, { "object_of", object_of }, { "object_at", object_at }, { "unseen", unseen }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
