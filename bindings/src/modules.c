/* modules.c: molt.core, native modules. */
#include "binding.h"

#include <molt/module.h>

static int push_module(lua_State *L, molt__binding *b, molt_module *module)
{
    if (!module) return molt__push_failure(L, b);
    lua_pushlightuserdata(L, module);
    return 1;
}

/* (name) -> module */
static int module_load(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = luaL_checkstring(L, 1);
    lua_State *before = molt__here(L, b);
    molt_module *module = molt_module_load(b->world, name);
    b->current = before;
    return push_module(L, b, module);
}

/* (folders separated by ':') */
static int module_path(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    if (molt_module_path(b->world, luaL_checkstring(L, 1))) return molt__push_failure(L, b);
    lua_pushboolean(L, 1);
    return 1;
}

static void set_number(lua_State *L, const char *key, double number)
{
    lua_pushnumber(L, number);
    lua_setfield(L, -2, key);
}

/* (module) -> report */
static int module_reload(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_reload_report report = { .size = sizeof report };
    lua_State *before = molt__here(L, b);
    int err = molt_module_reload(lua_touserdata(L, 1), NULL, &report);
    b->current = before;
    if (err) return molt__push_failure(L, b);
    lua_createtable(L, 0, 5);
    set_number(L, "from", report.from);
    set_number(L, "to", report.to);
    set_number(L, "slots", report.slots);
    set_number(L, "seconds", report.seconds);
    lua_pushboolean(L, report.unchanged);
    lua_setfield(L, -2, "unchanged");
    return 1;
}

/* (module) -> { name, version, file, generation } */
static int module_info(lua_State *L)
{
    molt__binding_open(L);
    const molt_module *module = lua_touserdata(L, 1);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, molt_module_name(module));
    lua_setfield(L, -2, "name");
    lua_pushstring(L, molt_module_version(module));
    lua_setfield(L, -2, "version");
    lua_pushstring(L, molt_module_file(module));
    lua_setfield(L, -2, "file");
    set_number(L, "generation", molt_module_generation(module));
    return 1;
}

/* (module, name) -> impl; (module, position) -> impl, name */
static int module_impl(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_module *module = lua_touserdata(L, 1);
    const char *name;
    if (lua_type(L, 2) == LUA_TNUMBER) {
        molt_impl *impl = molt_module_impl_at(module, (size_t)lua_tointeger(L, 2), &name);
        if (!impl) return 0;
        lua_pushlightuserdata(L, impl);
        lua_pushstring(L, name);
        return 2;
    }
    molt_impl *impl = molt_module_impl(module, luaL_checkstring(L, 2));
    if (!impl) return molt__push_failure(L, b);
    lua_pushlightuserdata(L, impl);
    return 1;
}

/* () -> images now mapped */
static int module_images(lua_State *L)
{
    lua_pushnumber(L, (double)molt_module_images(molt__binding_open(L)->world));
    return 1;
}

void molt__open_modules(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "module_load", module_load }, { "module_path", module_path }, { "module_reload", module_reload },
        { "module_info", module_info }, { "module_impl", module_impl }, { "module_images", module_images },
        { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
