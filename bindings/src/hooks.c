/* hooks.c: molt.core, what the hooks of traits and the end of objects need. */
#include "binding.h"

#include "hook.h"
#include "trait.h"

static void push_hook(lua_State *L, const molt_trait *trait, const molt_definition *definition)
{
    lua_createtable(L, 0, 3);
    lua_pushlightuserdata(L, (void *)(uintptr_t)trait);
    lua_setfield(L, -2, "trait");
    lua_pushstring(L, trait->name);
    lua_setfield(L, -2, "name");
    if (definition->foreign) lua_rawgeti(L, LUA_REGISTRYINDEX, (int)definition->foreign);
    else molt__push_caller(L, definition->trait->methods[definition->slot]);
    lua_setfield(L, -2, "run");
}

/* (shape id, detached) -> { { trait, name, run } … }: the hooks of the shape's
 * traits, in the order of attach */
static int hooks(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t id = (size_t)luaL_checkinteger(L, 1);
    luaL_argcheck(L, id >= 1 && id <= b->world->shapes.count, 1, "no such shape");
    const molt_shape *shape = b->world->shapes.item[id - 1];
    molt__hook_kind kind = lua_toboolean(L, 2) ? MOLT__DETACHED : MOLT__ATTACHED;
    lua_newtable(L);
    bool *done = lua_newuserdata(L, shape->part_count + 1);
    for (size_t i = 0; i < shape->part_count; i++) done[i] = false;
    int count = 0;
    for (int at; (at = molt__hook_next(shape, done)) >= 0;) {
        const molt_trait *trait = shape->parts[at].trait;
        const molt_definition *definition = molt__hook(shape, trait, kind);
        if (!definition) continue;
        push_hook(L, trait, definition);
        lua_rawseti(L, -3, ++count);
    }
    lua_pop(L, 1);
    return 1;
}

/* (trait, impl or nil) -> does one of them define a hook? */
static int hook_defined(lua_State *L)
{
    molt__binding_open(L);
    lua_pushboolean(L, molt__hook_defined(lua_touserdata(L, 1), lua_touserdata(L, 2)));
    return 1;
}

/* (text): an error that nobody is there to take */
static int log_error(lua_State *L)
{
    molt_log(molt__binding_open(L)->world, MOLT_LOG_ERROR, "%s", luaL_checkstring(L, 1));
    return 0;
}

/* (object) -> true; or nil and why Lua may not end it */
static int may_finish(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_object *object = molt__check_object(L, b, 1, "destroy");
    lua_pushboolean(L, 1);
    if (!(object->flags & MOLT__HOST)) return 1;
    char name[128];
    molt__fail(b->world, MOLT_ERR_STATE, "%s belongs to the host, which alone destroys it",
               molt__object_name(object, name, sizeof name));
    return molt__push_failure(L, b);
}

/* (object, armed): native code that takes a trait of it, or ends it, asks for hooks, or not */
static int set_armed(lua_State *L)
{
    molt_object *object = molt__check_object(L, molt__binding_open(L), 1, "attach");
    if (lua_toboolean(L, 2)) molt__object_mark(object, MOLT__ARMED);
    else molt__object_unmark(object, MOLT__ARMED);
    return 0;
}

void molt__open_hooks(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "hooks", hooks }, { "hook_defined", hook_defined }, { "log_error", log_error },
        { "set_armed", set_armed }, { "may_finish", may_finish }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
