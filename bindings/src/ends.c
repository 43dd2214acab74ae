/*
 * ends.c: an object ends with its table and its body at once.
 *
 * Nothing is allocated between looking at the object and its end: see lives.c.
 */
#include "lives.h"

#include "slab.h"

void molt__unpin(lua_State *L, const molt__binding *b, molt_object *object)
{
    if (!(object->flags & MOLT__PINNED)) return;
    molt__object_unmark(object, MOLT__PINNED);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pins);
    lua_pushnumber(L, molt_object_id(object));
    lua_pushnil(L);
    lua_rawset(L, -3);               /* a key that is there: no memory needed */
    lua_pop(L, 1);
}

/* What a destroyed object keeps in [0]: its place, and the tick of its end. */
static double epitaph(const molt__binding *b, const molt_object *object)
{
    double tick = b->world->border->tick;
    uint64_t lasting = (uint64_t)tick % (1u << MOLT__GENERATION_BITS);
    return (double)molt__slab_place(b->world, object) + (double)lasting * 4294967296.0;
}

/* Clears all fields but [0]. */
static void clear_fields(lua_State *L, int index)
{
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) == 0) continue;
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, index);        /* clears a field that is there: lua_next goes on */
    }
}

/* The tables of objects and of tombstones are at two indices. Where the user took
 * [0] away, its place may be gone: then `kept` is false, and nothing is put there. */
static void strip(lua_State *L, molt__binding *b, molt_object *object, int index, bool kept, int objects, int tombstones)
{
    molt__views_follow(L, b, object, NULL);
    if (kept) {
        lua_pushnumber(L, epitaph(b, object));
        lua_rawseti(L, index, 0);
    }
    clear_fields(L, index);
    /* A table exists only where the shape's record does, and with it the tombstone. */
    lua_rawgeti(L, tombstones, (int)object->shape->id);
    lua_setmetatable(L, index);
    molt__unpin(L, b, object);
    lua_pushnil(L);
    lua_rawseti(L, objects, object->slot);
}

void molt__strip(lua_State *L, molt__binding *b, molt_object *object, int index)
{
    int top = lua_gettop(L);
    lua_rawgeti(L, index, 0);
    bool kept = !lua_isnil(L, -1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->tombstones);
    strip(L, b, object, index, kept, top + 2, top + 3);
    lua_settop(L, top);
}

/* (object) -> true: its end, where nobody but the object is concerned; or false, and
 * nothing has happened. */
static int finish_plain(lua_State *L)
{
    molt__binding *b = lua_touserdata(L, lua_upvalueindex(MOLT__AT_BINDING));
    bool may = b->world && !b->migrating;
    molt_object *object = may ? molt__own_object(L, b, 1, lua_upvalueindex(MOLT__AT_OBJECTS)) : NULL;
    if (!object || object->flags & (MOLT__HOST | MOLT__ARMED)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    strip(L, b, object, 1, true, lua_upvalueindex(MOLT__AT_OBJECTS), lua_upvalueindex(MOLT__AT_TOMBSTONES));
    molt__object_end(object);
    lua_pushboolean(L, 1);
    return 1;
}

/* (object): its end. An object of the host is the host's to end. */
static int finish(lua_State *L)
{
    molt__binding *b = molt__lives_binding(L);
    molt_object *object = molt__lives_object(L, b, 1, "destroy");
    if (object->flags & MOLT__HOST) {
        char name[128];
        molt__fail(b->world, MOLT_ERR_STATE, "%s belongs to the host, which alone destroys it",
                   molt__object_name(object, name, sizeof name));
        return molt__push_failure(L, b);
    }
    if (lua_type(L, 1) != LUA_TTABLE) {  /* a view: its environment is the object */
        lua_getfenv(L, 1);
        lua_replace(L, 1);
    }
    molt__strip(L, b, object, 1);
    molt__object_end(object);
    lua_pushboolean(L, 1);
    return 1;
}

void molt__open_ends(lua_State *L)
{
    static const luaL_Reg functions[] = { { "finish", finish }, { "finish_plain", finish_plain }, { NULL, NULL } };
    molt__lives_register(L, functions);
}
