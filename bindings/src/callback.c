/* callback.c: C calls methods that Lua fills. */
#include "binding.h"

#include "closure.h"
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
int molt__call_protected(lua_State *L)
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

static void run(lua_State *L, molt__binding *b, const molt__call *call)
{
    int top = lua_gettop(L);
    int status;
    if (push_plain(L, b, call)) {
        status = lua_pcall(L, (int)call->method->declaration.parameter_count + 1, 1, 0);
        if (status == 0) take_result(L, b, call);
    } else {
        lua_settop(L, top);
        molt__push_guarded(L, b, MOLT__GUARDED_CALL);
        lua_pushlightuserdata(L, (void *)(uintptr_t)call);
        lua_pushlightuserdata(L, b);
        status = lua_pcall(L, 2, 0, 0);
    }
    if (status != 0) explain(L, b, call);
    lua_settop(L, top);
}

/* Beside an error that waits. Not inlined: what is put aside is large. */
__attribute__((noinline)) static void run_beside_pending(lua_State *L, molt__binding *b, const molt__call *call)
{
    molt__aside aside;
    molt__put_aside(L, b, &aside);
    run(L, b, call);
    molt__put_back(L, b, &aside);
}

void molt__call_lua(void *user, const molt__call *call)
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
