#include "handles.h"

void **molt__handles(lua_State *L, int index, size_t *count)
{
    *count = lua_istable(L, index) ? lua_objlen(L, index) : 0;
    void **list = lua_newuserdata(L, (*count + 1) * sizeof *list);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        list[i] = lua_touserdata(L, -1);
        lua_pop(L, 1);
    }
    return list;
}

const char **molt__texts(lua_State *L, int index, size_t *count)
{
    *count = lua_istable(L, index) ? lua_objlen(L, index) : 0;
    const char **list = lua_newuserdata(L, (*count + 1) * sizeof *list);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        list[i] = lua_tostring(L, -1);   /* the table keeps it */
        lua_pop(L, 1);
    }
    return list;
}

int molt__answer_handle(lua_State *L, molt__binding *b, const void *made)
{
    if (!made) return molt__push_failure(L, b);
    lua_pushlightuserdata(L, (void *)(uintptr_t)made);
    return 1;
}

int molt__answer(lua_State *L, molt__binding *b, int64_t err)
{
    if (err < 0) return molt__push_failure(L, b);
    if (err > 0) lua_pushnumber(L, (double)err);
    else lua_pushboolean(L, 1);
    return 1;
}

int molt__answer_from(lua_State *L, molt__binding *b, lua_State *before, int64_t err)
{
    b->current = before;
    return molt__answer(L, b, err);
}

molt_fill molt__lua_fill(lua_State *L, int name, int index, int where)
{
    lua_pushvalue(L, index);
    return (molt_fill){
        .size = sizeof(molt_fill),
        .name = luaL_checkstring(L, name),
        .where = luaL_checkstring(L, where),
        .foreign = luaL_ref(L, LUA_REGISTRYINDEX),
    };
}

int molt__answer_fill(lua_State *L, molt__binding *b, const molt_fill *fill, lua_State *before, int64_t err)
{
    b->current = before;
    if (err < 0) luaL_unref(L, LUA_REGISTRYINDEX, (int)fill->foreign);
    return molt__answer(L, b, err);
}

molt__attached *molt__pieces(lua_State *L, int index, size_t *count)
{
    size_t length;
    void *const *list = molt__handles(L, index, &length);
    *count = length / 3;
    molt__attached *add = lua_newuserdata(L, (*count + 1) * sizeof *add);
    for (size_t i = 0; i < *count; i++) {
        molt_trait *trait = list[3 * i];
        add[i] = (molt__attached){ .trait = trait ? molt__trait_now(trait) : NULL, .impl = list[3 * i + 1],
                                   .names = list[3 * i + 2] };
    }
    return add;
}

int molt__answer_shape(lua_State *L, molt__binding *b, const molt_shape *shape)
{
    if (!shape) return molt__push_failure(L, b);
    lua_pushinteger(L, (lua_Integer)shape->id);
    return 1;
}

molt_shape *molt__shape_at(lua_State *L, const molt__binding *b, int index)
{
    size_t id = (size_t)luaL_checkinteger(L, index);
    luaL_argcheck(L, id >= 1 && id <= b->world->shapes.count, index, "no such shape");
    return b->world->shapes.item[id - 1];
}
