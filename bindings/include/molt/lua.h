/*
 * molt/lua.h: a world in a Lua state.
 *
 * One world belongs to one family of Lua states (a main state and its
 * coroutines). All functions here: the thread that opened the world.
 */
#ifndef MOLT_LUA_H
#define MOLT_LUA_H

#include <lua.h>

#include <molt/object.h>

typedef struct molt_lua_options {
    size_t size;                     /* sizeof(molt_lua_options) */
    bool keep_jit_limits;            /* leave maxtrace and maxmcode as they are */
} molt_lua_options;

/* Makes `require "molt"` in L find this world. LuaJIT's trace limits are raised
 * to what a program with hundreds of classes needs (maxtrace 8000, maxmcode
 * 16384 KB) unless `options` (NULL: the defaults) says to keep them. The world
 * must be closed before the Lua state, or after it; either order is safe.
 * MOLT_ERR_STATE when the world or the state has a partner already;
 * MOLT_ERR_VERSION when LuaJIT sees the shared structs in another way;
 * MOLT_ERR_LUA when Lua raised an error, see molt_last_error. */
MOLT_API int molt_lua_open(lua_State *L, molt_world *world);
MOLT_API int molt_lua_open_with(lua_State *L, molt_world *world, const molt_lua_options *options);

/* The world that `require "molt"` finds in L; NULL when there is none. */
MOLT_API molt_world *molt_lua_world(lua_State *L);

/* Pushes the object's table (made now, for an object of the host that Lua has
 * never seen). May raise a Lua error when there is no memory; pushes nil for an
 * object that has ended. */
MOLT_API void molt_lua_push(lua_State *L, molt_object *object);

/* The object at a stack index (a table, or a view), or NULL with an error
 * recorded. Does not keep it: retain it, or take its molt_ref. Runs no Lua. */
MOLT_API molt_object *molt_lua_object(lua_State *L, int index);

/* Lua implementations that C calls run on the Lua state that entered C last. A
 * lua_CFunction of the host that calls methods through handles says here which
 * state it runs on; restore what is returned before it returns. */
MOLT_API lua_State *molt_lua_use(lua_State *L, lua_State *now);

/* For package.preload and dlopen: `require "molt"` without a host opens a world
 * of its own, which is closed with the state. */
MOLT_API int luaopen_molt(lua_State *L);

#endif /* MOLT_LUA_H */
