/* lookup.c: molt.core, what a name, a value or an id stands for. */
#include "binding.h"

#include "trait.h"

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
    const molt_object *object = slot >= 1 && slot <= border->top ? molt__registry_at(b->world, (int32_t)slot) : NULL;
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

void molt__open_lookup(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "find", find }, { "nearest", nearest }, { "object_info", object_info }, { "object_of", object_of },
        { "object_at", object_at }, { "unseen", unseen }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
