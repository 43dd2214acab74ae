/* reflect.c: molt.core, the functions by which molt's Lua looks at a world. */
#include "binding.h"

#include "combine.h"
#include "fieldtype.h"
#include "impl.h"
#include "record.h"
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

/* Runs a function that goes through lists of the core and allocates as it does:
 * with the collector at rest, for a finalizer may change them. */
static int calmly(lua_State *L, lua_CFunction fn)
{
    lua_pushcfunction(L, fn);
    lua_insert(L, 1);
    const bool running = lua_gc(L, LUA_GCISRUNNING, 0);
    lua_gc(L, LUA_GCSTOP, 0);
    const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (running) lua_gc(L, LUA_GCRESTART, 0);
    return status ? lua_error(L) : lua_gettop(L);
}

#define CALM(name) \
    static int name(lua_State *L) { return calmly(L, name##_calm); }

static void push_members(lua_State *L, const molt__record *record)
{
    lua_createtable(L, (int)record->count, 0);
    for (size_t i = 0; i < record->count; i++) {
        lua_createtable(L, 0, 3);
        set_text(L, "name", record->member[i].name);
        set_text(L, "kind", molt__kind_name(record->member[i].kind));
        set_number(L, "offset", record->member[i].offset);
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
    set_text(L, "wide", wide);
    set_number(L, "size", field->size);
    if (type->target) set_text(L, "target", type->target);
    if (type->record) push_members(L, type->record);
    if (type->count) {
        set_text(L, "element", molt__kind_name(type->element));
        set_number(L, "count", type->count);
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
    set_text(L, "name", field->name);
    set_text(L, "kind", type);
    set_number(L, "offset", field->offset);
    set_number(L, "index", (double)typed_place(trait, field));
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
    set_text(L, "name", method->name);
    set_text(L, "text", method->text);
    set_text(L, "trait", method->trait->name);
    set_number(L, "slot", method->slot);
    set_number(L, "number", method->number);
    set_text(L, "result", molt__kind_name(declaration->kind));
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
    set_text(L, "name", trait->name);
    set_text(L, "where", trait->where);
    set_number(L, "size", (double)trait->block_size);
    set_number(L, "index", trait->index);
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
        if (own != name) set_text(L, own, name);
    }
    lua_setfield(L, -2, "names");
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
        set_handle(L, "names", shape->attached[i].names);
        set_number(L, "block", shape->attached[i].block);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "attached");
    return 1;
}

/* Pushes the caller of a combined method, nil, and the functions that run, if all
 * of them are Lua's. Whatever needs memory comes first: it may run a finalizer,
 * and that change the chain; the epoch tells the caller, who asks again. */
static int push_chain(lua_State *L, const molt_shape *shape, const char *name)
{
    const molt__chain *chain = molt__combine_find(shape, name);
    size_t room = chain->count;
    molt__push_caller(L, chain->method);
    lua_pushnil(L);
    lua_createtable(L, (int)room, 0);
    chain = molt__combine_find(shape, name);
    for (size_t i = 0; i < chain->count && i < room; i++) {
        if (!chain->item[i].definition->foreign) {
            lua_pop(L, 2);
            return 1;
        }
        lua_rawgeti(L, LUA_REGISTRYINDEX, (int)chain->item[i].definition->foreign);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 3;
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
    /* Room for the answer may take a finalizer, which may free the definition. */
    molt_trait *trait = definition->trait;
    const uint32_t slot = definition->slot;
    const bool leaf = definition->flags & MOLT_LEAF;
    molt__push_caller(L, trait->methods[slot]);
    lua_createtable(L, 0, 3);
    set_handle(L, "trait", trait);
    set_number(L, "slot", slot);
    lua_pushboolean(L, leaf);
    lua_setfield(L, -2, "leaf");
    return 2;
}

/* (shape id, name) -> function, native or nil */
static int definition_of(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    if (!name) return 0;
    const molt_shape *shape = shape_at(L, b, 1);
    const molt_definition *definition = molt__combine_answer(shape, name);
    if (definition && definition->chain) return push_chain(L, shape, name);
    if (!definition || !definition->function) return push_definition(L, definition);
    const molt__method *method = definition->trait->methods[definition->slot];
    if (molt__shape_slot_name(shape, method) == name) return push_definition(L, definition);
    molt__push_named_caller(L, name);
    return 1;
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

/* A method declared `all` is there even if nobody defines it. */
static void add_empty_names(const molt_shape *shape, lua_State *L)
{
    for (size_t i = 0; i < shape->combined_count; i++) {
        const molt__chain *chain = shape->combined[i].now;
        if (chain && !chain->count) add_name(chain->head.name, L);
    }
}

/* (shape id or class) -> names that some layer defines */
static int names_calm(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    bool shape = lua_type(L, 1) == LUA_TNUMBER;
    lua_newtable(L);
    if (shape) molt__resolve_names(shape_at(L, b, 1), add_name, L);
    else molt__class_resolve_names(lua_touserdata(L, 1), add_name, L);
    if (shape) add_empty_names(shape_at(L, b, 1), L);
    return 1;
}
CALM(names)

static const char *patch_name(const molt_definition *definition)
{
    switch (definition->flags & (MOLT__OVERRIDE | MOLT__WRAPS)) {
    case MOLT__OVERRIDE: return "override";
    case MOLT__BEFORE: return "before";
    case MOLT__AFTER: return "after";
    case MOLT__AROUND: return "around";
    default: return NULL;
    }
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
    if (patch_name(claim->definition)) set_text(L, "kind", patch_name(claim->definition));
    if (claim->cls) set_text(L, "class", claim->cls->name);
    if (claim->trait) set_text(L, "trait", claim->trait->name);
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
    return true;
}

/* (shape id or class, name) -> { winner, what it hides … } */
static int claims_calm(lua_State *L)
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
CALM(claims)

/* (shape id, name) -> what runs, in order, of a method declared `all`; nil of others */
static int runs_calm(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    lua_newtable(L);
    const molt__chain *chain = name ? molt__combine_find(shape_at(L, b, 1), name) : NULL;
    if (!chain) return 0;
    for (size_t i = 0; i < chain->count; i++) add_claim(&chain->item[i], L);
    return 1;
}
CALM(runs)

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

/* The names of the typed methods of the class's own traits. */
static void add_slots(lua_State *L, const molt_class *cls)
{
    for (size_t i = 0; i < cls->traits.count; i++) {
        const molt_trait *trait = cls->traits.item[i];
        const molt__selection *names = molt__class_names(cls, trait);
        for (size_t m = 0; m < trait->method_count; m++) {
            add_name(molt__select_slot(names, trait->methods[m]->name), L);
        }
    }
}

/* (class) -> { name, where, base, traits, slots (its own), live } */
static int class_info_calm(lua_State *L)
{
    molt__binding_open(L);
    const molt_class *cls = lua_touserdata(L, 1);
    lua_createtable(L, 0, 6);
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
    lua_newtable(L);
    add_slots(L, cls);
    lua_setfield(L, -2, "slots");
    return 1;
}
CALM(class_info)

/* (impl) -> { name, where, trait, methods = { name = where … } } */
static int impl_info_calm(lua_State *L)
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
CALM(impl_info)

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
        { "claims", claims }, { "runs", runs }, { "next_change", next_change }, { "find", find }, { "nearest", nearest },
        { "object_info", object_info }, { "object_of", object_of }, { "object_at", object_at }, { "unseen", unseen }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
