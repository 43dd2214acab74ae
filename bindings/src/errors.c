#include "binding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Is the function of this frame molt's own Lua? Blame goes to who called it. */
static bool is_ours(const lua_Debug *frame)
{
    return strncmp(frame->source, "@lua/molt/", 10) == 0 || strncmp(frame->source, "@bindings/lua/molt/", 19) == 0 ||
           strcmp(frame->source, "=molt") == 0;
}

/* "game.lua:12: " of the nearest caller that is not molt, or "". */
void molt__push_where(lua_State *L, int level)
{
    lua_Debug frame;
    for (; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline <= 0 || is_ours(&frame)) continue;
        lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
        return;
    }
    lua_pushliteral(L, "");
}

/* The error object: { code, message, hint, where }; its text is where .. message. */
static void push_error(lua_State *L, const molt__binding *b, int level, const char *code, const char *message,
                       const char *hint)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    if (hint && *hint) {
        lua_pushstring(L, hint);
        lua_setfield(L, -2, "hint");
    }
    if (level > 0) molt__push_where(L, level);
    else lua_pushliteral(L, "");
    lua_setfield(L, -2, "where");
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->error_meta);
    lua_setmetatable(L, -2);
}

int molt__raise(lua_State *L, int level, int code, const char *format, ...)
{
    molt__binding *b = molt__binding_of(L);
    va_list arguments;
    va_start(arguments, format);
    const char *message = lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    push_error(L, b, level, molt_err_name(code), message, NULL);
    return lua_error(L);
}

int molt__raise_with(lua_State *L, molt__binding *b, int level, const char *code, const char *message, const char *hint)
{
    push_error(L, b, level, code, message, hint);
    return lua_error(L);
}

int molt__raise_last(lua_State *L, molt__binding *b, int level)
{
    push_error(L, b, level, molt_err_name(molt_last_code(b->world)), molt_last_error(b->world), molt_last_hint(b->world));
    return lua_error(L);
}

int molt__push_failure(lua_State *L, molt__binding *b)
{
    lua_pushnil(L);
    push_error(L, b, 1, molt_err_name(molt_last_code(b->world)), molt_last_error(b->world), molt_last_hint(b->world));
    return 2;
}

void molt__raise_pending(lua_State *L, molt__binding *b)
{
    if (!molt_error_pending(b->world)) return;
    const char *text;
    bool valued = b->valued == b->world->pending_number;
    int code = molt_error_take(b->world, &text);
    if (valued) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, b->pending);
        lua_rawgeti(L, -1, 1);
        lua_pushboolean(L, 0);
        lua_rawseti(L, -3, 1);
    } else {
        push_error(L, b, 1, molt_err_name(code), text, NULL);
    }
    lua_error(L);
}

/* The text of any error value; a number's is written to `room`. Native frames may
 * be on the C stack, which no error must unwind: this runs no Lua, and allocates
 * nothing that could run the collector and a finalizer. */
static const char *text_of(lua_State *L, const molt__binding *b, char *room, size_t size)
{
    switch (lua_type(L, -1)) {
    case LUA_TSTRING: return lua_tostring(L, -1);
    case LUA_TNUMBER: snprintf(room, size, "%.14g", lua_tonumber(L, -1)); return room;
    case LUA_TTABLE: break;
    default: return "an error that is not a string";
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->message);
    lua_rawget(L, -2);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error object";
    lua_pop(L, 1);                   /* the table keeps it */
    return text;
}

void molt__set_pending_value(lua_State *L, molt__binding *b, int code)
{
    char room[40];
    bool first = !molt_error_pending(b->world);
    molt__set_pending(b->world, code, text_of(L, b, room, sizeof room));
    b->world->border->pending = 1;
    if (first) {
        /* The slot exists: the store allocates nothing. */
        lua_rawgeti(L, LUA_REGISTRYINDEX, b->pending);
        lua_pushvalue(L, -2);
        lua_rawseti(L, -2, 1);
        lua_pop(L, 1);
        b->valued = b->world->pending_number;
    }
    lua_pop(L, 1);
}

void molt__put_aside(lua_State *L, molt__binding *b, molt__aside *aside)
{
    *aside = (molt__aside){ b->world->pending, b->world->pending_number, b->valued };
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pending);
    lua_rawgeti(L, -1, 1);
    b->world->pending.code = MOLT_OK;
}

void molt__put_back(lua_State *L, molt__binding *b, const molt__aside *aside)
{
    lua_rawseti(L, -2, 1);           /* the slot exists */
    lua_pop(L, 1);
    b->world->pending = aside->error;
    b->world->pending_number = aside->number;
    b->valued = aside->valued;
    b->world->border->pending = 1;
}
