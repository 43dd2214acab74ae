/*
 * open.c: a world finds its Lua state, and parts from it.
 *
 * The binding is a userdata in the state's registry, so its memory outlives the
 * last finalizer. The border lies in it, since compiled traces know its address.
 */
#include "binding.h"

#include "embedded.h"
#include "partner.h"

#include <string.h>

/* Where the registry keeps the binding: the address is the key. As a number, not
 * as a light userdata, the first of which may want memory and so raise. */
static const char registry_key;

static void push_key(lua_State *L)
{
    lua_pushnumber(L, (double)(uintptr_t)&registry_key);
}

molt__binding *molt__binding_find(lua_State *L)
{
    push_key(L);
    lua_rawget(L, LUA_REGISTRYINDEX);
    molt__binding *b = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return b;
}

molt__binding *molt__binding_of(lua_State *L)
{
    molt__binding *b = molt__binding_find(L);
    if (!b) luaL_error(L, "molt is not open in this Lua state");
    return b;
}

molt__binding *molt__binding_open(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    if (!b->world) molt__raise(L, 1, MOLT_ERR_CLOSED, "the world has been closed");
    molt__no_leaf(b);
    if (b->migrating) molt__raise(L, 1, MOLT_ERR_STATE, "molt's verbs cannot be used inside of migrate");
    return b;
}

molt_world *molt_lua_world(lua_State *L)
{
    molt__binding *b = molt__binding_find(L);
    return b ? b->world : NULL;
}

lua_State *molt_lua_use(lua_State *L, lua_State *now)
{
    molt__binding *b = molt__binding_of(L);
    lua_State *before = b->current;
    b->current = now;
    return before;
}

/* The state ends, or never got to open. */
static int binding_gc(lua_State *L)
{
    molt__binding *b = lua_touserdata(L, 1);
    b->current = L;
    /* Workers are in it still: it lives on, without this state. */
    bool stays = b->world && (!b->owns_world || molt_world_close(b->world));
    if (stays && b->world->bridge) molt__world_part(b->world);
    b->world = NULL;
    return 0;
}

static int new_table_ref(lua_State *L, const char *mode)
{
    lua_newtable(L);
    if (mode) {
        lua_newtable(L);
        lua_pushstring(L, mode);
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* Where C that no Lua called reaches Lua: the main thread, or, opened in a
 * coroutine, which may be gone by then, a thread of the binding's own. */
static lua_State *own_thread(lua_State *L)
{
    bool main = lua_pushthread(L);
    lua_pop(L, 1);
    if (main) return L;
    lua_State *own = lua_newthread(L);
    luaL_ref(L, LUA_REGISTRYINDEX);
    return own;
}

static molt__binding *binding_make(lua_State *L, molt_world *world, bool owns_world)
{
    molt__binding *b = lua_newuserdata(L, sizeof *b);
    memset(b, 0, sizeof *b);
    lua_newtable(L);
    lua_pushcfunction(L, binding_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    push_key(L);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
    b->current = own_thread(L);
    b->objects = new_table_ref(L, "v");
    b->pins = new_table_ref(L, NULL);
    b->callbacks = new_table_ref(L, NULL);
    molt__make_guarded(L);
    b->guarded = luaL_ref(L, LUA_REGISTRYINDEX);
    b->metas = new_table_ref(L, NULL);
    b->tombstones = new_table_ref(L, NULL);
    b->views = new_table_ref(L, NULL);
    b->view_metas = new_table_ref(L, NULL);
    b->iterations = new_table_ref(L, "k");
    b->pending = new_table_ref(L, NULL);
    b->error_meta = new_table_ref(L, NULL);
    lua_pushliteral(L, "message");
    b->message = luaL_ref(L, LUA_REGISTRYINDEX);
    b->module = LUA_NOREF;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pending);
    lua_pushboolean(L, 0);
    lua_rawseti(L, -2, 1);
    lua_pop(L, 1);
    b->world = world;
    b->owns_world = owns_world;
    molt__world_join(world, &molt__lua_bridge, b, &b->border);
    molt__entry_fill(&b->entry, world);
    return b;
}

static void set_ref(lua_State *L, const char *key, int ref)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    lua_setfield(L, -2, key);
}

static void push_abi(lua_State *L)
{
    lua_createtable(L, 0, (int)molt__abi_count);
    for (size_t i = 0; i < molt__abi_count; i++) {
        lua_pushnumber(L, (double)molt__abi[i].value);
        lua_setfield(L, -2, molt__abi[i].name);
    }
    lua_setfield(L, -2, "abi");
}

/* (cdata) -> what C takes for its ctype id, for molt.border to compare */
static int ctype_of(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)molt__ctype_of(L, 1));
    return 1;
}

/* (id of int64_t, id of uint64_t) */
static int wide_types(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    b->int64_type = (uint16_t)luaL_checkinteger(L, 1);
    b->uint64_type = (uint16_t)luaL_checkinteger(L, 2);
    return 0;
}

/* (level, code, message, hint): raises an error object */
static int raise(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    return molt__raise_with(L, b, (int)luaL_checkinteger(L, 1), luaL_checkstring(L, 2), luaL_checkstring(L, 3),
                            luaL_optstring(L, 4, NULL));
}

/* () -> "game.lua:12" of the nearest caller that is not molt */
static int where(lua_State *L)
{
    molt__push_where(L, 1);
    return 1;
}

lua_State *molt__here(lua_State *L, molt__binding *b)
{
    lua_State *before = b->current;
    b->current = L;
    return before;
}

static void push_core(lua_State *L, molt__binding *b)
{
    static const luaL_Reg functions[] = {
        { "ctype_of", ctype_of }, { "wide_types", wide_types },
        { "raise", raise }, { "where", where }, { NULL, NULL },
    };
    static void (*const openers[])(lua_State *) = {
        molt__open_traits, molt__open_selections, molt__open_classes, molt__open_staging, molt__open_verbs,
        molt__open_accessor, molt__open_lives, molt__open_ends, molt__open_sweep, molt__open_fields,
        molt__open_reflect, molt__open_definitions, molt__open_lookup, molt__open_evolve, molt__open_modules,
        molt__open_reloads, molt__open_probe, molt__open_beneath, molt__open_hooks, molt__open_roster,
        molt__open_quiet,
    };
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) openers[i](L);
    lua_pushlightuserdata(L, &b->entry);
    lua_setfield(L, -2, "entry");
    lua_pushlightuserdata(L, b);
    lua_setfield(L, -2, "binding");
    lua_pushstring(L, molt__cdef);
    lua_setfield(L, -2, "cdef");
    lua_pushliteral(L, MOLT_VERSION);
    lua_setfield(L, -2, "version");
    push_abi(L);
    set_ref(L, "objects", b->objects);
    set_ref(L, "metas", b->metas);
    set_ref(L, "tombstones", b->tombstones);
    set_ref(L, "view_metas", b->view_metas);
    set_ref(L, "iterations", b->iterations);
    set_ref(L, "callbacks", b->callbacks);
    set_ref(L, "error_meta", b->error_meta);
}

/* Runs one embedded module; require finds it by package.preload. There is one of
 * each in a Lua state, even if a program clears package.loaded. */
static int load_embedded(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(2));
    if (!lua_isnil(L, -1)) return 1;
    const struct molt_embedded_lua *module = lua_touserdata(L, lua_upvalueindex(1));
    if (luaL_loadbuffer(L, module->source, module->length, module->chunk)) return lua_error(L);
    lua_pushstring(L, module->module);
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_replace(L, lua_upvalueindex(2));
    return 1;
}

static void push_loader(lua_State *L, const struct molt_embedded_lua *module)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)module);
    lua_pushnil(L);
    lua_pushcclosure(L, load_embedded, 2);
}

static void preload_modules(lua_State *L, molt__binding *b)
{
    lua_getfield(L, LUA_GLOBALSINDEX, "package");
    lua_getfield(L, -1, "preload");
    lua_pushnil(L);
    push_core(L, b);
    lua_pushcclosure(L, load_embedded, 2);
    lua_setfield(L, -2, "molt.core");
    for (size_t i = 0; i < molt__embedded_lua_count; i++) {
        const struct molt_embedded_lua *module = &molt__embedded_lua[i];
        if (strcmp(module->module, "molt") == 0) continue;
        push_loader(L, module);
        lua_setfield(L, -2, module->module);
    }
    lua_pushcfunction(L, luaopen_molt);
    lua_setfield(L, -2, "molt");
    lua_pop(L, 2);
}

static void raise_jit_limits(lua_State *L)
{
    lua_getfield(L, LUA_GLOBALSINDEX, "require");
    lua_pushliteral(L, "jit.opt");
    if (lua_pcall(L, 1, 1, 0) == 0 && lua_istable(L, -1)) {
        lua_getfield(L, -1, "start");
        lua_pushliteral(L, "maxtrace=8000");
        lua_pushliteral(L, "maxmcode=16384");
        lua_pcall(L, 2, 0, 0);
    }
    lua_pop(L, 1);
}

static void run_main(lua_State *L, molt__binding *b)
{
    for (size_t i = 0; i < molt__embedded_lua_count; i++) {
        if (strcmp(molt__embedded_lua[i].module, "molt") != 0) continue;
        push_loader(L, &molt__embedded_lua[i]);
        lua_call(L, 0, 1);
        b->module = luaL_ref(L, LUA_REGISTRYINDEX);
    }
}

typedef struct opening {
    molt_world *world;
    bool owns_world;
    bool keep_jit_limits;
} opening;

static int open_protected(lua_State *L)
{
    const opening *o = lua_touserdata(L, 1);
    lua_settop(L, 0);
    molt__binding *b = binding_make(L, o->world, o->owns_world);
    if (!o->keep_jit_limits) raise_jit_limits(L);
    preload_modules(L, b);
    run_main(L, b);
    return 0;
}

int molt_lua_open_with(lua_State *L, molt_world *world, const molt_lua_options *options)
{
    if (molt__binding_find(L) || world->joined) {
        return molt__fail(world, MOLT_ERR_STATE, "the %s has a partner already", world->joined ? "world" : "Lua state");
    }
    if (options && options->size != sizeof *options) {
        return molt__fail(world, MOLT_ERR_VERSION, "molt_lua_options has %zu bytes, expected %zu", options->size, sizeof *options);
    }
    opening o = { world, false, options && options->keep_jit_limits };
    if (lua_cpcall(L, open_protected, &o) == 0) return MOLT_OK;
    molt__fail(world, MOLT_ERR_LUA, "molt could not open: %s", lua_tostring(L, -1) ? lua_tostring(L, -1) : "?");
    lua_pop(L, 1);
    if (world->bridge) molt__world_part(world);
    return MOLT_ERR_LUA;
}

int molt_lua_open(lua_State *L, molt_world *world)
{
    return molt_lua_open_with(L, world, NULL);
}

int luaopen_molt(lua_State *L)
{
    molt__binding *b = molt__binding_find(L);
    if (!b) {
        molt_world *world = molt_world_open(NULL);
        if (!world) return luaL_error(L, "molt: no memory for a world");
        world->border->exposed = 0;
        world->lua_owned = true;
        opening o = { world, true, false };
        lua_pushcfunction(L, open_protected);
        lua_pushlightuserdata(L, &o);
        if (lua_pcall(L, 1, 0, 0)) return lua_error(L);   /* the binding's __gc closes the world */
        b = molt__binding_find(L);
    }
    if (b->module == LUA_NOREF) return luaL_error(L, "molt did not open in this Lua state");
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->module);
    return 1;
}
