/*
 * memory_host: runs a Lua script as the `luajit` program does, but gives LuaJIT
 * an allocator over malloc. LuaJIT's own allocator takes whole pages from the
 * system, so that the address sanitizer sees neither a read of a collected
 * object nor one past its end; through this one it sees both.
 *
 *     memory_host SCRIPT [ARGS…]
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static void *allocate(void *context, void *block, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

static void set_arguments(lua_State *L, int argc, char **argv)
{
    lua_createtable(L, argc, 0);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
}

static int traceback(lua_State *L)
{
    if (luaL_callmeta(L, 1, "__tostring"))
        lua_replace(L, 1);
    if (lua_isstring(L, 1))
        luaL_traceback(L, L, lua_tostring(L, 1), 1);
    return 1;
}

/*
 * lua_close unmaps the C modules that Lua loaded, and a report of a leak made
 * after that could not name a single function of them: so they stay.
 */
static void keep_libraries(lua_State *L)
{
    static const char prefix[] = "LOADLIB: ";
    const size_t length = sizeof prefix - 1;
    lua_pushnil(L);
    while (lua_next(L, LUA_REGISTRYINDEX)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (strncmp(key, prefix, length) == 0)
            dlopen(key + length, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
        lua_pop(L, 1);
    }
}

static int run(lua_State *L, int argc, char **argv)
{
    luaL_openlibs(L);
    set_arguments(L, argc, argv);
    lua_pushcfunction(L, traceback);
    if (luaL_loadfile(L, argv[1]) == 0) {
        for (int i = 2; i < argc; i++)
            lua_pushstring(L, argv[i]);
        if (lua_pcall(L, argc - 2, 0, 1) == 0)
            return EXIT_SUCCESS;
    }
    if (!lua_isnil(L, -1)) /* busted ends so, having said what failed */
        fprintf(stderr, "%s: %s\n", argv[0], lua_tostring(L, -1));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s SCRIPT [ARGS...]\n", argv[0]);
        return 2;
    }
    /* The report of a leak ends the process before stdio would write what it holds. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    lua_State *L = lua_newstate(allocate, NULL);
    if (L == NULL) {
        fprintf(stderr, "%s: cannot create a Lua state\n", argv[0]);
        return EXIT_FAILURE;
    }
    int status = run(L, argc, argv);
    keep_libraries(L);
    lua_close(L); /* what is still allocated after this is a leak */
    return status;
}
