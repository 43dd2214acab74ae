/*
 * quiet.c: no finalizer runs in the midst of a verb.
 *
 * The collector may run finalizers wherever Lua allocates, and a finalizer may call any
 * verb. Verbs that every frame calls are written for that: they look again after each
 * allocation (lives.c, molt.accessor, molt.registry). Those that change what classes and
 * traits are keep the collector at rest instead, until they are done.
 */
#include "binding.h"

enum { BREATH = 16 << 10 };          /* KB made at rest after which it works for once */

/* (function, …) -> what the function returns. It cannot yield. */
static int quietly(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    bool rested = !lua_gc(L, LUA_GCISRUNNING, 0);    /* the user's doing, a finalizer, or a verb within a verb */
    if (!rested) {
        lua_gc(L, LUA_GCSTOP, 0);
        b->hushed_at = lua_gc(L, LUA_GCCOUNT, 0);
        b->hushed = true;
    }
    int failed = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (!rested) {
        int made = lua_gc(L, LUA_GCCOUNT, 0) - b->hushed_at;
        b->hushed = false;
        lua_gc(L, LUA_GCRESTART, 0);
        if (made > 0) b->owed += made;
        molt__work_off(L, b);
    }
    return failed ? lua_error(L) : lua_gettop(L);
}

/* (): between two functions of the user's that a verb calls, who may do what a finalizer
 * may, so that what they leave behind does not pile up. */
static int breathe(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    if (!b->hushed || lua_gc(L, LUA_GCCOUNT, 0) - b->hushed_at < BREATH) return 0;
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCSTOP, 0);
    b->hushed_at = lua_gc(L, LUA_GCCOUNT, 0);
    return 0;
}

void molt__open_quiet(lua_State *L)
{
    static const luaL_Reg functions[] = { { "quietly", quietly }, { "breathe", breathe }, { NULL, NULL } };
    luaL_register(L, NULL, functions);
}
