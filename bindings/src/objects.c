#include "binding.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* LuaJIT's own type number of a cdata; lua.h does not name it. */
enum { LUAJIT_TCDATA = 10 };

/* A cdata's head lies before its payload: link, mark, type tag, ctype id. With
 * 64 bit links the id is 6 bytes before the payload, with 32 bit ones 2. That
 * this holds is proved when the binding opens (molt.border). */
enum { CTYPE_ID_BEFORE = sizeof(void *) == 8 ? 6 : 2 };

unsigned molt__ctype_of(lua_State *L, int index)
{
    if (lua_type(L, index) != LUAJIT_TCDATA) return 0;
    uint16_t id;
    memcpy(&id, (const char *)lua_topointer(L, index) - CTYPE_ID_BEFORE, sizeof id);
    return id;
}

/* The registry slot that a table names in [0]; 0 for anything else. */
static int32_t slot_in(lua_State *L, const molt__binding *b, int index)
{
    lua_rawgeti(L, index, 0);
    double number = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    lua_pop(L, 1);
    return number >= 1 && number <= b->world->border->top && number == (int32_t)number ? (int32_t)number : 0;
}

/* The text under a key of the metatable at `index`; "" when it is none. */
static const char *meta_text(lua_State *L, int index, const char *key)
{
    if (!luaL_getmetafield(L, index, key)) return "";
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    lua_pop(L, 1);                       /* the metatable keeps it */
    return text;
}

/* [0] of a destroyed object is its place, and the tick of its end. */
static void refuse_destroyed(lua_State *L, int index, molt__refusal *why)
{
    lua_rawgeti(L, index, 0);
    double epitaph = lua_tonumber(L, -1), tick = floor(epitaph / 4294967296.0);
    lua_pop(L, 1);
    *why = (molt__refusal){ .code = MOLT_ERR_DESTROYED, .text = why->room };
    snprintf(why->room, sizeof why->room, "a destroyed object (%s#%.0f)", meta_text(L, index, "molt.name"),
             epitaph - tick * 4294967296.0);
    snprintf(why->hint, sizeof why->hint, "it was destroyed in tick %.0f", tick);
}

/* What a table without a body of its own is, by the metatable that molt gave it. */
static void refuse_table(lua_State *L, int index, molt__refusal *why)
{
    const char *guard = meta_text(L, index, "__metatable");
    if (strcmp(guard, "destroyed object") == 0) {
        refuse_destroyed(L, index, why);
    } else if (strcmp(guard, "object") == 0) {
        *why = (molt__refusal){ .code = MOLT_ERR_BODY, .text = "an object whose body slot [0] was overwritten" };
    } else {
        *why = (molt__refusal){ .code = MOLT_ERR_ARGUMENT, .text = "a table that is not an object" };
    }
}

static molt_object *from_table(lua_State *L, const molt__binding *b, int index, molt__refusal *why)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    molt_object *object = molt__own_object(L, b, index, lua_gettop(L));
    lua_pop(L, 1);
    if (!object) refuse_table(L, index, why);
    return object;
}

molt_object *molt__own_object(lua_State *L, const molt__binding *b, int index, int objects)
{
    if (lua_type(L, index) != LUA_TTABLE) return NULL;
    int32_t slot = slot_in(L, b, index);
    if (!slot) return NULL;
    lua_rawgeti(L, objects, slot);
    bool own = lua_rawequal(L, -1, index);
    lua_pop(L, 1);
    return own ? molt__registry_at(b->world, slot) : NULL;
}

/* A view's environment is the object's table. */
static molt_object *from_view(lua_State *L, const molt__binding *b, int index, molt__refusal *why)
{
    const molt_view *view = lua_touserdata(L, index);
    bool ours = false;
    if (lua_objlen(L, index) == sizeof *view && lua_getmetatable(L, index)) {
        lua_pushliteral(L, "molt.view");
        lua_rawget(L, -2);
        ours = lua_touserdata(L, -1) == b;
        lua_pop(L, 2);
    }
    if (!ours) {
        *why = (molt__refusal){ .code = MOLT_ERR_ARGUMENT, .text = "userdata" };
        return NULL;
    }
    if (!view->block) {
        *why = (molt__refusal){ .code = MOLT_ERR_STALE, .text = why->room };
        snprintf(why->room, sizeof why->room, "a stale view of '%s' (object #%.0f)", meta_text(L, index, "molt.name"),
                 fmod(view->id, 4294967296.0));
        snprintf(why->hint, sizeof why->hint, "the trait was detached or the object destroyed in tick %.0f", view->since);
        return NULL;
    }
    return view->block->object;
}

molt_object *molt__to_object(lua_State *L, molt__binding *b, int index, molt__refusal *why)
{
    if (index < 0 && index > LUA_REGISTRYINDEX) index = lua_gettop(L) + index + 1;
    int type = lua_type(L, index);
    if (type == LUA_TTABLE) return from_table(L, b, index, why);
    if (type == LUA_TUSERDATA) return from_view(L, b, index, why);
    *why = (molt__refusal){ .code = MOLT_ERR_ARGUMENT, .text = type == LUA_TNONE ? "no value" : lua_typename(L, type) };
    return NULL;
}

molt_object *molt__check_object(lua_State *L, molt__binding *b, int index, const char *function)
{
    molt__refusal why = { 0 };
    molt_object *object = molt__to_object(L, b, index, &why);
    if (object) return object;
    bool past = why.code == MOLT_ERR_STALE || why.code == MOLT_ERR_DESTROYED;
    const char *text = past ? lua_pushfstring(L, "attempt to use %s", why.text)
                            : lua_pushfstring(L, "bad argument #%d to '%s' (object expected, got %s)", index, function, why.text);
    molt__raise_with(L, b, 1, molt_err_name(why.code), text, why.hint);
    return NULL;
}

void molt_lua_push(lua_State *L, molt_object *object)
{
    if (molt_object_alive(object)) molt__push_object(L, molt__binding_open(L), object);
    else lua_pushnil(L);
}

molt_object *molt_lua_object(lua_State *L, int index)
{
    molt__binding *b = molt__binding_find(L);
    if (!b || !b->world) return NULL;
    molt__refusal why = { 0 };
    molt_object *object = molt__to_object(L, b, index, &why);
    if (!object) molt__fail(b->world, why.code, "object expected, got %s", why.text);
    return object;
}
