/* host.h: what the tests of the binding have in common: a world and a Lua state
 * whose memory is counted, and that can run out of it. */
#ifndef MOLT_TESTS_HOST_H
#define MOLT_TESTS_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <molt/molt.h>
#include <molt/lua.h>

#define PROBE(FIELD, METHOD)                \
    FIELD (double, count, 0)                \
    FIELD (int32_t, gears, 5)               \
    METHOD(double, answer, (double x))      \
    METHOD(double, again, (double x))

MOLT_TRAIT(Probe, PROBE)

#define EXTRA(FIELD, METHOD)                \
    FIELD (double, heat, 20)                \
    METHOD(double, warm, (double by))

MOLT_TRAIT(Extra, EXTRA)

typedef struct memory {
    size_t live;                     /* in use: bytes of the world, blocks of Lua */
    size_t calls;                    /* allocations asked for */
    size_t fail_at;                  /* the call that fails, and all after it; 0: none */
    bool once;                       /* only that call fails */
} memory;

static inline bool refuses(memory *m)
{
    m->calls++;
    if (!m->fail_at) return false;
    return m->once ? m->calls == m->fail_at : m->calls >= m->fail_at;
}

/* Blocks are counted, not bytes: where an allocation fails, LuaJIT is at times wrong
 * about a block's size, as it may be. */
static inline void *lua_allocate(void *user, void *block, size_t before, size_t after)
{
    memory *m = user;
    if (after == 0) {
        m->live -= block != NULL;
        free(block);
        return NULL;
    }
    /* Lua may rely on it that a block can always shrink. */
    if ((!block || after > before) && refuses(m)) return NULL;
    void *moved = realloc(block, after);
    if (moved) m->live += block == NULL;
    return moved;
}

static inline void *world_allocate(void *user, size_t size, size_t align)
{
    memory *m = user;
    if (refuses(m)) return NULL;
    void *block = NULL;
    if (posix_memalign(&block, align < sizeof(void *) ? sizeof(void *) : align, size)) return NULL;
    m->live += size;
    return block;
}

static inline void world_free(void *user, void *block, size_t size)
{
    memory *m = user;
    if (block) m->live -= size;
    free(block);
}

static inline void log_nothing(void *user, molt_log_level level, const char *text)
{
    (void)user; (void)level; (void)text;
}

static inline molt_world *open_world(memory *m)
{
    molt_config config = molt_config_default();
    config.user = m;
    config.allocate = world_allocate;
    config.free = world_free;
    config.log = log_nothing;
    return molt_world_open(&config);
}

static inline lua_State *open_lua(memory *m)
{
    lua_State *L = lua_newstate(lua_allocate, m);
    if (!L) return NULL;
    luaL_openlibs(L);
    /* LuaJIT itself leaks, and later crashes, where memory runs out in the
     * opening of its FFI (lj_ctype_init). */
    lua_getglobal(L, "require");
    lua_pushliteral(L, "ffi");
    lua_call(L, 1, 0);
    return L;
}

/* A world in a Lua state. */
typedef struct host {
    memory lua_memory, world_memory;
    molt_world *world;
    lua_State *L;
} host;

static inline void host_open(host *h)
{
    memset(h, 0, sizeof *h);
    h->world = open_world(&h->world_memory);
    h->L = open_lua(&h->lua_memory);
    assert_non_null(h->world);
    assert_non_null(h->L);
    assert_int_equal(molt_lua_open(h->L, h->world), MOLT_OK);
}

static inline void host_check_empty(const host *h)
{
    assert_int_equal(h->lua_memory.live, 0);
    assert_int_equal(h->world_memory.live, 0);
}

static inline void host_close_world_first(host *h)
{
    molt_world_close(h->world);
    lua_close(h->L);
    host_check_empty(h);
}

static inline void host_close_lua_first(host *h)
{
    lua_close(h->L);
    molt_world_close(h->world);
    host_check_empty(h);
}

/* Runs Lua code; the results stay on the stack. */
static inline void run(lua_State *L, const char *code)
{
    if (luaL_loadstring(L, code) == 0 && lua_pcall(L, 0, LUA_MULTRET, 0) == 0) return;
    lua_getglobal(L, "tostring");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    fail_msg("%s\nin: %s", lua_tostring(L, -1), code);
}

/* The number that Lua code returns. */
static inline double number(lua_State *L, const char *code)
{
    run(L, code);
    double result = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return result;
}

/* Lua code, with fails(fn, …) -> code of the error object it raises, message. */
static inline void teach(lua_State *L)
{
    run(L,
        "molt = require 'molt'\n"
        "function fails(fn, ...)\n"
        "  local ok, err = pcall(fn, ...)\n"
        "  if ok then return 'no error' end\n"
        "  if type(err) ~= 'table' then return tostring(err) end\n"
        "  return err.code, err.message\n"
        "end\n"
        "function expect(code, fn, ...)\n"
        "  local got, message = fails(fn, ...)\n"
        "  if got ~= code then error(('expected %s, got %s: %s'):format(code, got, tostring(message)), 2) end\n"
        "end\n");
}

#endif
