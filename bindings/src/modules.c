/* modules.c: molt.core, native modules. */
#include "tables.h"

#include <molt/module.h>

#include "class.h"
#include "impl.h"
#include "release.h"

/* (folders separated by ':') */
static int module_path(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    if (molt_module_path(b->world, luaL_checkstring(L, 1))) return molt__push_failure(L, b);
    lua_pushboolean(L, 1);
    return 1;
}

/* (module) -> { name, version, file, generation, unloaded } */
static int module_info(lua_State *L)
{
    molt__binding_open(L);
    const molt_module *module = lua_touserdata(L, 1);
    lua_createtable(L, 0, 5);
    lua_pushboolean(L, molt_module_unloaded(module));
    lua_setfield(L, -2, "unloaded");
    lua_pushstring(L, molt_module_name(module));
    lua_setfield(L, -2, "name");
    lua_pushstring(L, molt_module_version(module));
    lua_setfield(L, -2, "version");
    lua_pushstring(L, molt_module_file(module));
    lua_setfield(L, -2, "file");
    molt__set_number(L, "generation", molt_module_generation(module));
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

/* (module) -> class, impl of the module that it uses, class, impl, … */
static int module_classes(lua_State *L)
{
    const molt__binding *b = molt__binding_open(L);
    const molt_module *module = lua_touserdata(L, 1);
    int count = 0;
    lua_newtable(L);
    for (size_t i = 0; i < b->world->classes.count; i++) {
        const molt_class *cls = b->world->classes.item[i];
        for (size_t f = cls->fill_count; f-- > 0;) {
            molt_impl *impl = f < cls->fill_count ? cls->fills[f].impl : NULL;
            if (!impl || impl->module != module) continue;
            lua_pushlightuserdata(L, (void *)(uintptr_t)cls);
            lua_rawseti(L, 2, ++count);
            lua_pushlightuserdata(L, impl);
            lua_rawseti(L, 2, ++count);
        }
    }
    return 1;
}

/* (module) -> class, trait that it is not complete without the module, class, trait, …;
 * those of one class side by side; or nil, error */
static int module_losses(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_module *module = lua_touserdata(L, 1);
    size_t most = 0;
    for (size_t i = 0; i < b->world->classes.count; i++) most += ((const molt_class *)b->world->classes.item[i])->fill_count;
    const void **list = lua_newuserdata(L, 2 * (most + 1) * sizeof *list);
    molt__losses losses = { 0 };
    int err = molt__losses_find(module, &losses);
    size_t count = losses.count;
    for (size_t i = 0; i < count; i++) {
        list[2 * i] = losses.cls[i];
        list[2 * i + 1] = losses.piece[i].trait;
    }
    molt__losses_free(b->world, &losses);
    if (err) return molt__push_failure(L, b);
    lua_createtable(L, 2 * (int)count, 0);
    for (size_t i = 0; i < 2 * count; i++) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)list[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* (impl) -> its module, if it has one */
static int impl_module(lua_State *L)
{
    const molt_impl *impl = lua_touserdata(L, 1);
    if (!impl->module) return 0;
    lua_pushlightuserdata(L, impl->module);
    return 1;
}

/* (module) */
static int module_keep(lua_State *L)
{
    molt__binding_open(L);
    molt_module_keep(lua_touserdata(L, 1));
    return 0;
}

/* (position from 0) -> { module, generation, fate, reason } or nothing */
static int module_image(lua_State *L)
{
    molt_image_info info;
    if (!molt_module_image_at(molt__binding_open(L)->world, (size_t)lua_tointeger(L, 1), &info)) return 0;
    lua_createtable(L, 0, 4);
    lua_pushstring(L, info.module);
    lua_setfield(L, -2, "module");
    molt__set_number(L, "generation", info.generation);
    lua_pushstring(L, info.fate == MOLT_IMAGE_NONE ? "serving" : molt_image_fate_name(info.fate));
    lua_setfield(L, -2, "fate");
    if (info.reason[0]) lua_pushstring(L, info.reason);
    else lua_pushnil(L);
    lua_setfield(L, -2, "reason");
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
        { "module_path", module_path },
        { "module_info", module_info }, { "module_impl", module_impl }, { "module_images", module_images },
        { "module_classes", module_classes }, { "module_losses", module_losses }, { "impl_module", impl_module },
        { "module_keep", module_keep }, { "module_image", module_image },
        { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
