/* callback.c: C reaches the Lua side: implementations of methods, and the bridge. */
#include "binding.h"

#include "closure.h"
#include "migrate.h"
#include "combine.h"
#include "trait.h"
#include "vtable.h"

#include <stdio.h>
#include <string.h>

static const char *caller_name(const molt__binding *b, char *text, size_t size)
{
    if (!b->top) return "the host";
    snprintf(text, size, "native method '%s.%s'", b->top->method->trait->name, b->top->method->name);
    return text;
}

static void refuse(molt__binding *b, const molt__call *call, int code, const char *reason)
{
    char text[512];
    snprintf(text, sizeof text, "method '%s.%s', which Lua fills, %s", call->method->trait->name, call->method->name,
             reason);
    molt__set_pending(b->world, code, text);
    b->world->border->pending = 1;
}

/* Rules that hold before Lua may be entered at all. */
static bool may_enter(molt__binding *b, const molt__call *call)
{
    molt_border *border = b->world->border;
    char text[300];
    if (border->leaf) {
        const molt__method *leaf = b->world->methods.item[border->leaf - 1];
        snprintf(text, sizeof text, "was called while the leaf call of '%s.%s' was in flight", leaf->trait->name, leaf->name);
        refuse(b, call, MOLT_ERR_LEAF, text);
        return false;
    }
    if (border->depth >= MOLT__MAX_DEPTH) {
        snprintf(text, sizeof text, "was called %d calls deep between Lua and C", MOLT__MAX_DEPTH);
        refuse(b, call, MOLT_ERR_DEPTH, text);
        return false;
    }
    if (!lua_checkstack(b->current, MOLT__MAX_PARAMETERS + 10)) {
        refuse(b, call, MOLT_ERR_DEPTH, "found the Lua stack full");
        return false;
    }
    return true;
}

/* Pushes the function that answers: the object's own, else the shape's. False:
 * the shape's is native, or there is none. The method's name is on the top. */
static bool push_function(lua_State *L, const molt__call *call, int self)
{
    if (call->patched && lua_istable(L, self)) {
        lua_rawget(L, self);
        if (!lua_isnil(L, -1)) return true;
    }
    lua_pop(L, 1);
    if (!call->definition || !call->definition->foreign) return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, (int)call->definition->foreign);
    return true;
}

/* The words for an error are found only when there is one. */
static void refuse_result(lua_State *L, molt__binding *b, const molt__call *call)
{
    char what[300];
    snprintf(what, sizeof what, "the result of '%s.%s'", call->method->trait->name, call->method->name);
    molt_value value;
    molt__to_value(L, b, -1, call->method->declaration.kind, &value, what);
    molt__set_pending(b->world, molt_last_code(b->world), molt_last_error(b->world));
    b->world->border->pending = 1;
}

static void take_result(lua_State *L, molt__binding *b, const molt__call *call)
{
    molt_kind kind = call->method->declaration.kind;
    molt_value value;
    if (kind == MOLT_VOID) return;
    if (kind == MOLT_DOUBLE && lua_type(L, -1) == LUA_TNUMBER) {
        *(double *)call->result = lua_tonumber(L, -1);
        return;
    }
    if (molt__to_value(L, b, -1, kind, &value, "")) refuse_result(L, b, call);
    else molt__closure_result(call->result, value);
}

/* A yield that would cross the C frames is an error of LuaJIT's; say whose. */
static void explain(lua_State *L, molt__binding *b, const molt__call *call)
{
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    if (text && strstr(text, "attempt to yield across C-call boundary")) {
        char caller[300], reason[512];
        snprintf(reason, sizeof reason, "tried to yield across the C call that %s made", caller_name(b, caller, sizeof caller));
        lua_pop(L, 1);
        refuse(b, call, MOLT_ERR_YIELD, reason);
        return;
    }
    molt__set_pending_value(L, b, MOLT_ERR_LUA);
}

/* What runs protected: pushing may need memory, and so run Lua, which may fill the
 * slot anew: it is looked at last. Stack: call, binding. */
static int call_protected(lua_State *L)
{
    molt__call now = *(const molt__call *)lua_touserdata(L, 1);
    const molt__call *call = &now;
    molt__binding *b = lua_touserdata(L, 2);
    lua_pushstring(L, molt__shape_slot_name(call->self->object->shape, call->method));
    molt__push_object(L, b, call->self->object);
    lua_insert(L, 3);
    if (!call->only) now.definition = molt__vtable_filler(call->self->vtable, call->method->slot);
    else if (!molt__combine_still(call->self->object,
                                       molt__shape_slot_name(call->self->object->shape, call->method), call->definition)) return 0;
    if (!push_function(L, call, 3)) {
        if (call->definition) molt__closure_native(call);
        else refuse(b, call, MOLT_ERR_MISSING, "has no implementation");
        return 0;
    }
    lua_pushvalue(L, 3);
    const molt__declaration *declaration = &call->method->declaration;
    for (size_t i = 0; i < declaration->parameter_count; i++) {
        molt__push_value(L, b, molt__closure_argument(declaration->parameters[i].kind, call->arguments[i]));
    }
    lua_call(L, (int)declaration->parameter_count + 1, 1);
    take_result(L, b, call);
    return 0;
}

/* The common case, without the protected frame in between: nothing pushed needs
 * memory, unless the object has no table yet or an argument is 64 bits wide. */
static bool push_plain(lua_State *L, molt__binding *b, const molt__call *call)
{
    const molt__declaration *declaration = &call->method->declaration;
    if (call->patched || !call->definition || !call->definition->foreign) return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);       /* stays beneath the call */
    lua_rawgeti(L, LUA_REGISTRYINDEX, (int)call->definition->foreign);
    lua_rawgeti(L, -2, call->self->object->slot);
    bool plain = !lua_isnil(L, -1);
    for (size_t i = 0; i < declaration->parameter_count && plain; i++) {
        molt_kind kind = declaration->parameters[i].kind;
        if (kind == MOLT_DOUBLE) {
            lua_pushnumber(L, *(const double *)call->arguments[i]);
            continue;
        }
        plain = kind != MOLT_INT64 && kind != MOLT_UINT64;
        if (plain) molt__push_value(L, b, molt__closure_argument(kind, call->arguments[i]));
    }
    return plain;
}

static void push_guarded(lua_State *L, const molt__binding *b, molt__guarded which)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->guarded);
    lua_rawgeti(L, -1, (int)which);
    lua_remove(L, -2);
}

static void run(lua_State *L, molt__binding *b, const molt__call *call)
{
    int top = lua_gettop(L);
    int status;
    if (push_plain(L, b, call)) {
        status = lua_pcall(L, (int)call->method->declaration.parameter_count + 1, 1, 0);
        if (status == 0) take_result(L, b, call);
    } else {
        lua_settop(L, top);
        push_guarded(L, b, MOLT__GUARDED_CALL);
        lua_pushlightuserdata(L, (void *)(uintptr_t)call);
        lua_pushlightuserdata(L, b);
        status = lua_pcall(L, 2, 0, 0);
    }
    if (status != 0) explain(L, b, call);
    lua_settop(L, top);
}

/* Runs beside an error that waits: Lua must not meet it, and it stays the one that
 * is raised in the end, whatever happens now. Not inlined: the copy is large. */
__attribute__((noinline)) static void run_beside_pending(lua_State *L, molt__binding *b, const molt__call *call)
{
    molt_world *world = b->world;
    const molt__error error = world->pending;
    const int64_t number = world->pending_number, valued = b->valued;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pending);
    lua_rawgeti(L, -1, 1);
    world->pending.code = MOLT_OK;
    run(L, b, call);
    lua_rawseti(L, -2, 1);           /* the slot exists */
    lua_pop(L, 1);
    world->pending = error;
    world->pending_number = number;
    b->valued = valued;
    world->border->pending = 1;
}

static void bridge_call(void *user, const molt__call *call)
{
    molt__binding *b = user;
    if (!may_enter(b, call)) return;
    if (!call->self->object->slot) {
        refuse(b, call, MOLT_ERR_DESTROYED, "was called on a destroyed object");
        return;
    }
    lua_State *L = b->current;
    molt__frame *top = b->top;
    molt_border *border = b->world->border;
    border->depth++;
    if (molt_error_pending(b->world)) run_beside_pending(L, b, call);
    else run(L, b, call);
    border->depth--;
    b->current = L;
    b->top = top;
}

/* Runs a callback of the Lua side; its arguments are on the stack. What it
 * raises can only be an error of molt's own or want of memory: it is logged. */
static int run_callback(molt__binding *b, molt__callback which, int arguments)
{
    lua_State *L = b->current;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->callbacks);
    lua_rawgeti(L, -1, (int)which);
    lua_remove(L, -2);
    lua_insert(L, -1 - arguments);
    if (lua_pcall(L, arguments, 0, 0) == 0) return MOLT_OK;
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

/* A metatable stays as long as its shape; the first look is the dear one. */
static int bridge_ready(void *user, molt_shape *shape)
{
    molt__binding *b = user;
    lua_State *L = b->current;
    const molt_shape **known = &b->ready[shape->id % (sizeof b->ready / sizeof *b->ready)];
    if (*known == shape) return MOLT_OK;
    if (!lua_checkstack(L, 8)) return molt__fail(b->world, MOLT_ERR_MEMORY, "the Lua stack is full");
    push_guarded(L, b, MOLT__GUARDED_READY);
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
    } else if (b->collecting) {
        lua_gc(L, LUA_GCRESTART, 0);
    }
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
    molt__relaid(b->current, b, moves, count, commit);
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
    push_guarded(L, b, MOLT__GUARDED_PIN);
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

/* Beside an error that waits, as a method that Lua fills (see run_beside_pending). */
static int bridge_hook(void *user, molt__turn turn, molt_object *object, molt_trait *trait)
{
    molt__binding *b = user;
    molt_world *world = b->world;
    lua_State *L = b->current;
    if (!lua_checkstack(L, 16)) return molt__fail(world, MOLT_ERR_MEMORY, "the Lua stack is full");
    const molt__error error = world->pending;
    const int64_t number = world->pending_number, valued = b->valued;
    const bool waits = molt_error_pending(world);
    int top = lua_gettop(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pending);
    lua_rawgeti(L, -1, 1);
    world->pending.code = MOLT_OK;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->callbacks);
    lua_rawgeti(L, -1, MOLT__CALLBACK_HOOK);
    lua_remove(L, -2);
    lua_pushinteger(L, turn);
    lua_pushnumber(L, molt_object_id(object));
    lua_pushlightuserdata(L, trait);
    int err = MOLT_OK;
    if (lua_pcall(L, 3, 1, 0) != 0) err = molt__fail(world, MOLT_ERR_LUA, "error in a hook");
    else if (lua_isstring(L, -1)) err = molt__fail(world, MOLT_ERR_LUA, "%s", lua_tostring(L, -1));
    b->current = L;
    if (waits) {
        lua_pushvalue(L, top + 2);
        lua_rawseti(L, top + 1, 1);  /* the slot exists */
        world->pending = error;
        world->pending_number = number;
        b->valued = valued;
        world->border->pending = 1;
    }
    lua_settop(L, top);
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
        if (border->objects[slot]) bridge_ended(b, border->objects[slot]);
    }
    b->world = NULL;
}

void molt__push_guarded(lua_State *L)
{
    lua_createtable(L, 3, 0);
    lua_pushcfunction(L, call_protected);
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
    .call = bridge_call,
    .closing = bridge_closing,
};
