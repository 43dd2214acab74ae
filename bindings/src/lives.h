/*
 * lives.h: what the functions that join tables and bodies share.
 *
 * They have three upvalues: the binding, and the tables of objects and tombstones,
 * which are some lookups away otherwise.
 */
#ifndef MOLT_SRC_LIVES_H
#define MOLT_SRC_LIVES_H

#include "binding.h"

enum { MOLT__AT_BINDING = 1, MOLT__AT_OBJECTS, MOLT__AT_TOMBSTONES };

static inline molt__binding *molt__lives_binding(lua_State *L)
{
    molt__binding *b = lua_touserdata(L, lua_upvalueindex(MOLT__AT_BINDING));
    return b->world && !b->migrating ? b : molt__binding_open(L);
}

static inline molt_object *molt__lives_object(lua_State *L, molt__binding *b, int index, const char *function)
{
    molt_object *object = molt__own_object(L, b, index, lua_upvalueindex(MOLT__AT_OBJECTS));
    return object ? object : molt__check_object(L, b, index, function);
}

static inline void molt__lives_register(lua_State *L, const luaL_Reg *functions)
{
    molt__binding *b = molt__binding_of(L);
    lua_pushlightuserdata(L, b);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->tombstones);
    luaL_openlib(L, NULL, functions, MOLT__AT_TOMBSTONES);
}

#endif
