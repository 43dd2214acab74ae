/*
 * beneath.c: what a patch stands on, found from the patch's place.
 *
 *   patches of the object         in its table; molt.patch links them
 *   ─────────────────────────     beneath(shape, name)
 *   object's traits, or class     wrappers of a class: beneath(shape, name, class, number)
 *
 * Looking the name up through the object again would find the patch itself, and so
 * would the caller of a typed method, which calls what the slot holds. A native
 * definition is therefore called here, by what resolves at the call.
 */
#include "binding.h"

#include "combine.h"
#include "error.h"

/* The place, as upvalues of a caller. */
enum { BINDING = 1, NAME, CLASS, NUMBER };

static molt_definition *resolve(const molt_shape *shape, const char *name, const molt_class *cls, int64_t number)
{
    return cls ? molt__combine_beneath(shape, cls, name, number) : molt__combine_answer(shape, name);
}

/* The definition became Lua's since the caller was pushed. */
static int call_lua(lua_State *L, molt__binding *b, molt_object *object, int foreign)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, foreign);
    lua_insert(L, 1);
    molt__push_object(L, b, object);
    lua_replace(L, 2);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int call_beneath(lua_State *L)
{
    molt__binding *b = lua_touserdata(L, lua_upvalueindex(BINDING));
    const char *name = lua_touserdata(L, lua_upvalueindex(NAME));
    if (!b->world) return molt__raise(L, 1, MOLT_ERR_CLOSED, "the world has been closed");
    molt__no_leaf(b);
    molt_object *object = molt__check_object(L, b, 1, name);
    molt_definition *definition = resolve(object->shape, name, lua_touserdata(L, lua_upvalueindex(CLASS)),
                                          (int64_t)lua_tonumber(L, lua_upvalueindex(NUMBER)));
    if (!definition) return molt__raise(L, 1, MOLT_ERR_MISSING, "nothing is left of method '%s' beneath this patch", name);
    if (definition->foreign) return call_lua(L, b, object, (int)definition->foreign);
    const molt__part *part = molt__shape_part(object->shape, definition->trait->identity);
    return molt__call_native(L, b, definition->trait->methods[definition->slot], molt__part_block(object, part), definition);
}

/* (shape id, name [, class, number]) -> what is beneath the patches of an object, or beneath
 * a wrapper of a class: a function to call; nothing when nothing is there */
static int beneath(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t id = (size_t)luaL_checkinteger(L, 1);
    luaL_argcheck(L, id >= 1 && id <= b->world->shapes.count, 1, "no such shape");
    lua_settop(L, 4);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    const molt_class *cls = lua_touserdata(L, 3);
    const molt_definition *definition =
        name ? resolve(b->world->shapes.item[id - 1], name, cls, (int64_t)lua_tonumber(L, 4)) : NULL;
    if (!definition) return 0;
    if (definition->foreign) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, (int)definition->foreign);
        return 1;
    }
    lua_pushlightuserdata(L, b);
    lua_pushlightuserdata(L, (void *)(uintptr_t)name);
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 4);
    lua_pushcclosure(L, call_beneath, 4);
    return 1;
}

void molt__open_beneath(lua_State *L)
{
    static const luaL_Reg functions[] = { { "beneath", beneath }, { NULL, NULL } };
    luaL_register(L, NULL, functions);
}
