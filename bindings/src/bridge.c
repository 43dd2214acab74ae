/* bridge.c: what the core asks the Lua side to do. */
#include "binding.h"

#include "migrate.h"

#include <limits.h>
#include <string.h>

/* Runs a callback of the Lua side; its arguments are on the stack. What it
 * raises can only be an error of molt's own or want of memory: it is logged. */
static int run_callback(molt__binding *b, molt__callback which, int arguments)
{
    lua_State *L = b->current;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->callbacks);
    lua_rawgeti(L, -1, (int)which);
    lua_remove(L, -2);
    lua_insert(L, -1 - arguments);
    molt__debug_hook hook = molt__hook_off(L);       /* which could break it off half done */
    int status = lua_pcall(L, arguments, 0, 0);
    molt__hook_on(L, hook);
    if (status == 0) return MOLT_OK;
    molt_log(b->world, MOLT_LOG_ERROR, "%s", lua_tostring(L, -1) ? lua_tostring(L, -1) : "error in a callback");
    lua_pop(L, 1);
    return MOLT_ERR_LUA;
}

static void bridge_changed(void *user)
{
    molt__binding *b = user;
    if (lua_checkstack(b->current, 8)) run_callback(b, MOLT__CALLBACK_CHANGED, 0);
}

/* Pushes the object's table if it has one. */
static bool push_table(molt__binding *b, const molt_object *object)
{
    lua_State *L = b->current;
    if (!lua_checkstack(L, 8)) return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_rawgeti(L, -1, object->slot);
    lua_remove(L, -2);
    if (!lua_isnil(L, -1)) return true;
    lua_pop(L, 1);
    return false;
}

void molt__push_guarded(lua_State *L, const molt__binding *b, molt__guarded which)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->guarded);
    lua_rawgeti(L, -1, (int)which);
    lua_remove(L, -2);
}

/* A metatable stays as long as its shape; the first look is the dear one. */
static int bridge_ready(void *user, molt_shape *shape)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    const molt_shape **known = &b->ready[shape->id % (sizeof b->ready / sizeof *b->ready)];
    if (*known == shape) return MOLT_OK;
    if (!lua_checkstack(L, 8)) return molt__fail(b->world, MOLT_ERR_MEMORY, "the Lua stack is full");
    molt__push_guarded(L, b, MOLT__GUARDED_READY);
    lua_pushlightuserdata(L, shape);
    if (lua_pcall(L, 1, 0, 0) == 0) {
        *known = shape;
        return MOLT_OK;
    }
    lua_pop(L, 1);
    return molt__fail(b->world, MOLT_ERR_MEMORY, "no memory for the metatable of a shape");
}

static void bridge_reshaped(void *user, molt_object *object)
{
    molt__binding *b = user;
    if (object->flags & MOLT__UNSEEN) return;
    if (lua_checkstack(b->current, 16)) molt__reshaped(b->current, b, object);
}

static void bridge_quiet(void *user, bool on)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    if (on) {
        b->collecting = lua_gc(L, LUA_GCISRUNNING, 0);
        lua_gc(L, LUA_GCSTOP, 0);
        b->heap = lua_gc(L, LUA_GCCOUNT, 0);
    } else if (b->collecting) {
        int made = lua_gc(L, LUA_GCCOUNT, 0) - b->heap;
        if (made > 0 && b->owed < INT_MAX / 4) b->owed += made;
        lua_gc(L, LUA_GCRESTART, 0);
    }
}

void molt__work_off(lua_State *L, molt__binding *b)
{
    int owed = b->owed;
    if (!owed || !lua_gc(L, LUA_GCISRUNNING, 0)) return;     /* it rests in finalizers, too */
    b->owed = 0;
    lua_gc(L, LUA_GCSTEP, owed);
}

/* Records an error of molt's that is on the top, or want of memory; pops it. */
static int fail_staged(lua_State *L, molt__binding *b)
{
    int code = MOLT_ERR_MEMORY;
    const char *message = "no memory for the new body of an object", *hint = NULL;
    if (lua_istable(L, -1)) {            /* its texts are kept by it: raw, for they are there */
        lua_pushliteral(L, "code");
        lua_rawget(L, -2);
        for (int c = MOLT_ERR_CLOSED; c < 0; c++) {
            if (lua_isstring(L, -1) && strcmp(molt_err_name(c), lua_tostring(L, -1)) == 0) code = c;
        }
        lua_pushliteral(L, "message");
        lua_rawget(L, -3);
        if (lua_isstring(L, -1)) message = lua_tostring(L, -1);
        lua_pushliteral(L, "hint");
        lua_rawget(L, -4);
        if (lua_isstring(L, -1)) hint = lua_tostring(L, -1);
        lua_pop(L, 3);
    }
    molt__fail(b->world, code, "%s", message);
    if (hint) molt__hint(b->world, "%s", hint);
    lua_pop(L, 1);
    return code;
}

static int bridge_stage(void *user, const molt__move *moves, size_t count)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    if (!lua_checkstack(L, 8)) return molt__fail(b->world, MOLT_ERR_MEMORY, "the Lua stack is full");
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->callbacks);
    lua_rawgeti(L, -1, MOLT__CALLBACK_STAGE);
    lua_replace(L, -2);
    lua_pushlightuserdata(L, (void *)(uintptr_t)moves);
    lua_pushnumber(L, (double)count);
    lua_pushboolean(L, b->world->staging->migrator_count > 0);
    return lua_pcall(L, 3, 0, 0) == 0 ? MOLT_OK : fail_staged(L, b);
}

static void bridge_relaid(void *user, const molt__move *moves, size_t count, bool commit)
{
    molt__binding *b = user;
    if (!lua_checkstack(b->current, 16)) return;
    if (commit) molt__relaid(b->current, b, moves, count);
    /* Whether patches end is judged by the flat tables: they follow first. */
    if (commit) bridge_changed(b);
    lua_pushboolean(b->current, commit);
    run_callback(b, MOLT__CALLBACK_RELAID, 1);
}

static int bridge_succeed(void *user, molt_trait *from, molt_trait *to, bool commit)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    if (!lua_checkstack(L, 8)) return molt__fail(b->world, MOLT_ERR_MEMORY, "the Lua stack is full");
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->callbacks);
    lua_rawgeti(L, -1, MOLT__CALLBACK_SUCCEED);
    lua_replace(L, -2);
    lua_pushlightuserdata(L, from);
    lua_pushlightuserdata(L, to);
    lua_pushboolean(L, commit);
    return lua_pcall(L, 3, 0, 0) == 0 ? MOLT_OK : fail_staged(L, b);
}

static void bridge_act(void *user, intptr_t foreign)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    if (!lua_checkstack(L, 8)) return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, (int)foreign);
    if (lua_pcall(L, 0, 0, 0)) molt__set_pending_value(L, b, MOLT_ERR_LUA);
}

static bool bridge_raw(void *user, const molt_object *object, const char *name)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    if (!push_table(b, object)) return false;
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    bool found = !lua_isnil(L, -1);
    lua_pop(L, 2);
    return found;
}

static int pin_protected(lua_State *L)
{
    molt_object *object = lua_touserdata(L, 1);
    molt__binding *b = lua_touserdata(L, 2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pins);
    lua_pushnumber(L, molt_object_id(object));
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_rawgeti(L, -1, object->slot);
    lua_remove(L, -2);
    /* An object that Lua has never seen needs no pin: it has no table. */
    if (lua_isnil(L, -1)) return 0;
    lua_rawset(L, -3);
    molt__object_mark(object, MOLT__PINNED);
    return 0;
}

static int bridge_pin(void *user, molt_object *object)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    if (!lua_checkstack(L, 8)) return molt__fail(b->world, MOLT_ERR_MEMORY, "the Lua stack is full");
    molt__push_guarded(L, b, MOLT__GUARDED_PIN);
    lua_pushlightuserdata(L, object);
    lua_pushlightuserdata(L, b);
    if (lua_pcall(L, 2, 0, 0) == 0) return MOLT_OK;
    lua_pop(L, 1);
    return molt__fail(b->world, MOLT_ERR_MEMORY, "no memory to hold the object's table");
}

static void bridge_unpin(void *user, molt_object *object)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    /* The table of an object of the host is held until its end. */
    if (!(object->flags & MOLT__HOST) && lua_checkstack(L, 8)) molt__unpin(L, b, object);
}

static int run_hooks(lua_State *L, molt__binding *b, molt__turn turn, molt_object *object, molt_trait *trait,
                     const molt_shape *before)
{
    int top = lua_gettop(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->callbacks);
    lua_rawgeti(L, -1, MOLT__CALLBACK_HOOK);
    lua_pushinteger(L, turn);
    lua_pushnumber(L, molt_object_id(object));
    lua_pushlightuserdata(L, trait);
    lua_pushinteger(L, before ? (lua_Integer)before->id : 0);
    int err = MOLT_OK;
    if (lua_pcall(L, 4, 1, 0) != 0) err = molt__fail(b->world, MOLT_ERR_LUA, "error in a hook");
    else if (lua_isstring(L, -1)) err = molt__fail(b->world, MOLT_ERR_LUA, "%s", lua_tostring(L, -1));
    b->current = L;
    lua_settop(L, top);
    return err;
}

static int bridge_hook(void *user, molt__turn turn, molt_object *object, molt_trait *trait, const molt_shape *before)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    if (!lua_checkstack(L, 16)) return molt__fail(b->world, MOLT_ERR_MEMORY, "the Lua stack is full");
    if (!molt_error_pending(b->world)) return run_hooks(L, b, turn, object, trait, before);
    molt__aside aside;
    molt__put_aside(L, b, &aside);
    int err = run_hooks(L, b, turn, object, trait, before);
    molt__put_back(L, b, &aside);
    return err;
}

static void bridge_ended(void *user, molt_object *object)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    if (!lua_checkstack(L, 16) || !push_table(b, object)) return;
    molt__strip(L, b, object, lua_gettop(L));
    lua_pop(L, 1);
}

static void bridge_forget(void *user, intptr_t foreign)
{
    molt__binding *b = user;
    luaL_unref(b->current, LUA_REGISTRYINDEX, (int)foreign);
}

static void bridge_closing(void *user)
{
    molt__binding *b = user;
    molt_border *border = b->world->border;
    run_callback(b, MOLT__CALLBACK_CLOSING, 0);
    for (int32_t slot = border->top; slot >= 1; slot--) {
        molt_object *object = molt__registry_at(b->world, slot);
        if (object) bridge_ended(b, object);
    }
    b->world = NULL;
}

void molt__make_guarded(lua_State *L)
{
    lua_createtable(L, 3, 0);
    lua_pushcfunction(L, molt__call_protected);
    lua_rawseti(L, -2, MOLT__GUARDED_CALL);
    lua_pushcfunction(L, pin_protected);
    lua_rawseti(L, -2, MOLT__GUARDED_PIN);
    lua_pushcfunction(L, molt__ready);
    lua_rawseti(L, -2, MOLT__GUARDED_READY);
    /* LuaJIT makes room for the first light userdata of each part of the address
     * space: here for those that lie on the C stack. */
    int on_stack;
    lua_pushlightuserdata(L, &on_stack);
    lua_pop(L, 1);
}

const molt__bridge molt__lua_bridge = {
    .changed = bridge_changed,
    .hook = bridge_hook,
    .ended = bridge_ended,
    .ready = bridge_ready,
    .reshaped = bridge_reshaped,
    .quiet = bridge_quiet,
    .stage = bridge_stage,
    .relaid = bridge_relaid,
    .succeed = bridge_succeed,
    .act = bridge_act,
    .raw = bridge_raw,
    .pin = bridge_pin,
    .unpin = bridge_unpin,
    .forget = bridge_forget,
    .call = molt__call_lua,
    .closing = bridge_closing,
};
