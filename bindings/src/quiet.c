/*
 * quiet.c: nothing gets in between what a verb does.
 *
 * The collector may run finalizers wherever Lua allocates, a debug hook may run
 * anywhere, and both may call any verb. Verbs that every frame calls are written for
 * that: they look again after each allocation (lives.c, molt.accessor, molt.registry).
 * Those that change what classes and traits are keep the collector at rest instead,
 * until they are done, and debug hooks off. LuaJIT still runs finalizers at exits of
 * traces while it is in the midst of doing so: what they ask for then is refused.
 */
#include "binding.h"

enum {
    DEBT = 256,                      /* KB made at rest that are worked off at once */
    BREATH = 16 << 10                /* KB after which the collector works in the midst of a verb */
};

molt__debug_hook molt__hook_off(lua_State *L)
{
    molt__debug_hook hook = { lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L) };
    if (hook.function) lua_sethook(L, NULL, 0, 0);
    return hook;
}

void molt__hook_on(lua_State *L, molt__debug_hook hook)
{
    if (hook.function) lua_sethook(L, hook.function, hook.mask, hook.count);
}

int molt__call_user(lua_State *L, molt__binding *b, int arguments, int results)
{
    int32_t quiet = b->border.quiet;
    b->border.quiet = 0;
    molt__hook_on(L, b->quiet.hook);
    b->quiet.hook = (molt__debug_hook){ 0 };
    int status = lua_pcall(L, arguments, results, 0);
    if (!quiet) return status;
    b->quiet.hook = molt__hook_off(L);               /* it may be another now, or none */
    if (b->world) b->border.quiet = quiet;
    return status;
}

static void expect_quiet(lua_State *L, molt__binding *b)
{
    if (!b->border.quiet || b->border.depth > b->quiet.depth) return;    /* C called Lua since */
    molt__raise_with(L, b, 1, molt_err_name(MOLT_ERR_STATE),
                     "a finalizer or a debug hook cannot change anything in the midst of a verb of molt's",
                     "note what is to be done, and do it at the end of the frame");
}

/* (): for the other verbs, where border.quiet is set: raises, or the caller may go on */
static int expect(lua_State *L)
{
    expect_quiet(L, molt__binding_open(L));
    return 0;
}

/* What was made at rest is worked off: see molt__work_off. */
static void wake(lua_State *L, molt__binding *b, int before)
{
    int made = lua_gc(L, LUA_GCCOUNT, 0) - before;
    lua_gc(L, LUA_GCRESTART, 0);
    if (made > 0) b->owed += made;
    if (b->owed >= DEBT) molt__work_off(L, b);
}

/* (function, …) -> what the function returns. It cannot yield. */
static int quietly(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    expect_quiet(L, b);
    molt__quiet before = b->quiet;
    int32_t quiet = b->border.quiet;
    bool stops = lua_gc(L, LUA_GCISRUNNING, 0);
    if (stops) {
        lua_gc(L, LUA_GCSTOP, 0);
        b->quiet.stopped = true;
        b->quiet.heap = lua_gc(L, LUA_GCCOUNT, 0);
    }
    b->quiet.depth = b->border.depth;
    b->quiet.hook = molt__hook_off(L);
    b->border.quiet = 1;
    int failed = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (b->world) b->border.quiet = quiet;
    molt__debug_hook hook = b->quiet.hook;
    b->quiet.hook = before.hook;
    b->quiet.depth = before.depth;
    b->quiet.stopped = before.stopped;
    molt__hook_on(L, hook);
    if (stops) wake(L, b, b->quiet.heap);
    return failed ? lua_error(L) : lua_gettop(L);
}

/* Between two functions of the user's, who may do whatever a finalizer may. */
static void breathe(lua_State *L, molt__binding *b)
{
    if (!b->quiet.stopped || lua_gc(L, LUA_GCCOUNT, 0) - b->quiet.heap < BREATH) return;
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCSTOP, 0);
    b->quiet.heap = lua_gc(L, LUA_GCCOUNT, 0);
}

/* (function, …) -> true, nil; or false and the error: a hook or a listener. What is called
 * cannot yield. */
static int guarded(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    breathe(L, b);
    int status = molt__call_user(L, b, lua_gettop(L) - 1, 0);
    if (status == 0) lua_pushnil(L);
    lua_pushboolean(L, status == 0);
    lua_insert(L, -2);
    return 2;
}

void molt__open_quiet(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "quietly", quietly }, { "guarded", guarded }, { "expect_quiet", expect }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
