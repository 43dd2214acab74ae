/*
 * What LuaJIT does when memory is refused to code that it has compiled; Molt has no part
 * in it. See docs/decisions/0004-memory-refused-to-compiled-code.md.
 *
 *   cc tests/tools/oom_on_trace.c $(pkg-config --cflags --libs luajit) -o oom && ./oom
 *
 * prints how many refusals ended the process, in compiled and in interpreted code.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t calls, fail_at;        /* the allocation that is refused, and all after it */

static void *allocate(void *user, void *block, size_t before, size_t after)
{
    (void)user;
    (void)before;
    if (after == 0) {
        free(block);
        return NULL;
    }
    return ++calls >= fail_at && fail_at ? NULL : realloc(block, after);
}

static const char *const works[][2] = {
    { "tables", "" },
    { "tables, after a call of a C function", "tostring(1) string.format('%d', 2)" },
};

/* In a child: the n-th allocation of a work that is compiled already, and all after it. */
static void refuse(const char *work, const char *mode, size_t n)
{
    char text[512];
    snprintf(text, sizeof text, "%s keep, N = {}, 300\n"
             "function work() local keep, N = keep, N %s local t for i = 1, N do t = {} keep[i %% 8] = t end end\n"
             "require 'jit.opt'.start('hotloop=3', 'hotexit=2') for i = 1, 6 do work() end collectgarbage()", mode, work);
    lua_State *L = lua_newstate(allocate, NULL);
    luaL_openlibs(L);
    if (luaL_dostring(L, text)) _exit(2);
    lua_getglobal(L, "work");
    fail_at = calls + n;
    lua_pcall(L, 0, 0, 0);
    fail_at = 0;
    lua_settop(L, 0);
    if (luaL_dostring(L, "collectgarbage() for i = 1, 3 do work() end collectgarbage()")) _exit(3);
    lua_close(L);
    _exit(0);
}

int main(void)
{
    static const char *const modes[] = { "jit.on()", "jit.off()" };
    for (size_t i = 0; i < sizeof works / sizeof *works * 2; i++) {
        unsigned crashed = 0;
        for (size_t n = 1; n <= 80; n++) {
            int status = 0;
            pid_t child = fork();
            if (child == 0) refuse(works[i / 2][1], modes[i % 2], n);
            if (child < 0 || waitpid(child, &status, 0) < 0) return 1;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 2) return 1;
            crashed += WIFSIGNALED(status);
        }
        printf("%-10s %-40s %2u of 80 crash\n", modes[i % 2], works[i / 2][0], crashed);
    }
    return 0;
}
