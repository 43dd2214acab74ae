/*
 * tables.h: what the core knows becomes Lua tables.
 *
 * The table that is filled is on the top of the stack.
 */
#ifndef MOLT_SRC_TABLES_H
#define MOLT_SRC_TABLES_H

#include "binding.h"

static inline void molt__set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static inline void molt__set_number(lua_State *L, const char *key, double number)
{
    lua_pushnumber(L, number);
    lua_setfield(L, -2, key);
}

/* No entry for NULL. */
static inline void molt__set_handle(lua_State *L, const char *key, const void *pointer)
{
    if (!pointer) return;
    lua_pushlightuserdata(L, (void *)(uintptr_t)pointer);
    lua_setfield(L, -2, key);
}

static inline void molt__append_text(lua_State *L, const char *text)
{
    lua_pushstring(L, text);
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
}

/* Runs a function that goes through lists of the core and allocates as it does:
 * with the collector at rest, for a finalizer may change them. */
static inline int molt__calmly(lua_State *L, lua_CFunction fn)
{
    lua_pushcfunction(L, fn);
    lua_insert(L, 1);
    const bool running = lua_gc(L, LUA_GCISRUNNING, 0);
    lua_gc(L, LUA_GCSTOP, 0);
    const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (running) lua_gc(L, LUA_GCRESTART, 0);
    return status ? lua_error(L) : lua_gettop(L);
}

/* Defines `name` as `name_calm`, run calmly. */
#define MOLT__CALM(name) \
    static int name(lua_State *L) { return molt__calmly(L, name##_calm); }

#endif
