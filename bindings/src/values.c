#include "binding.h"

#include "value.h"

#include <string.h>

/* Whole numbers up to here are exact in a double. */
static const double exact = 9007199254740992.0;

static molt_value number_value(double number)
{
    if (number >= -exact && number <= exact && number == (double)(int64_t)number) {
        return (molt_value){ MOLT_INT64, { .i64 = (int64_t)number } };
    }
    return (molt_value){ MOLT_DOUBLE, { .f64 = number } };
}

static bool read_value(lua_State *L, const molt__binding *b, int index, molt_kind kind, molt_value *out)
{
    int type = lua_type(L, index);
    if (type == LUA_TNUMBER) {
        double number = lua_tonumber(L, index);
        bool real = kind == MOLT_DOUBLE || kind == MOLT_FLOAT;
        *out = real ? (molt_value){ MOLT_DOUBLE, { .f64 = number } } : number_value(number);
        return true;
    }
    if (type == LUA_TBOOLEAN && kind == MOLT_BOOL) {
        *out = (molt_value){ MOLT_BOOL, { .boolean = lua_toboolean(L, index) } };
        return true;
    }
    unsigned id = molt__ctype_of(L, index);
    if (!id || (id != b->int64_type && id != b->uint64_type)) return false;
    out->kind = id == b->int64_type ? MOLT_INT64 : MOLT_UINT64;
    memcpy(&out->as, lua_topointer(L, index), sizeof(int64_t));
    return true;
}

int molt__to_value(lua_State *L, const molt__binding *b, int index, molt_kind kind, molt_value *out, const char *what)
{
    if (kind == MOLT_DOUBLE && lua_type(L, index) == LUA_TNUMBER) {
        *out = (molt_value){ MOLT_DOUBLE, { .f64 = lua_tonumber(L, index) } };
        return MOLT_OK;
    }
    molt_value value;
    if (read_value(L, b, index, kind, &value)) return molt__value_convert(b->world, kind, value, out, what);
    int type = lua_type(L, index);
    const char *got = type == LUA_TNONE ? "no value" : lua_typename(L, type);
    return molt__fail(b->world, MOLT_ERR_TYPE, "%s takes %s %s, got %s", what, molt__kind_article(kind),
                      molt__kind_name(kind), got);
}

/* A 64 bit integer is a cdata in Lua, as a field of that type is; only Lua can make one. */
static void push_wide(lua_State *L, const molt__binding *b, uint64_t bits, bool is_signed)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->callbacks);
    lua_rawgeti(L, -1, MOLT__CALLBACK_INT64);
    lua_remove(L, -2);
    lua_pushnumber(L, (double)(uint32_t)bits);
    lua_pushnumber(L, (double)(uint32_t)(bits >> 32));
    lua_pushboolean(L, is_signed);
    lua_call(L, 3, 1);
}

void molt__push_value(lua_State *L, const molt__binding *b, molt_value value)
{
    switch (value.kind) {
    case MOLT_VOID: case MOLT_ANY: case MOLT_STRING: case MOLT_REF: case MOLT_MEMORY: lua_pushnil(L); break;
    case MOLT_BOOL: lua_pushboolean(L, value.as.boolean); break;
    case MOLT_INT8: lua_pushinteger(L, value.as.i8); break;
    case MOLT_UINT8: lua_pushinteger(L, value.as.u8); break;
    case MOLT_INT16: lua_pushinteger(L, value.as.i16); break;
    case MOLT_UINT16: lua_pushinteger(L, value.as.u16); break;
    case MOLT_INT32: lua_pushinteger(L, value.as.i32); break;
    case MOLT_UINT32: lua_pushnumber(L, value.as.u32); break;
    case MOLT_INT64: push_wide(L, b, (uint64_t)value.as.i64, true); break;
    case MOLT_UINT64: push_wide(L, b, value.as.u64, false); break;
    case MOLT_FLOAT: lua_pushnumber(L, (double)value.as.f32); break;
    case MOLT_DOUBLE: lua_pushnumber(L, value.as.f64); break;
    }
}
