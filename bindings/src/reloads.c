/*
 * reloads.c: molt.core, what becomes of native modules once they are loaded.
 *
 * Reports and reasons are texts of the core, good until the next reload; and any
 * allocation may run a finalizer that asks for one. So they are turned into tables
 * while the collector is quiet, by a function that was made before.
 */
#include "tables.h"

#include <molt/module.h>

#include "later.h"

static void set_flag(lua_State *L, const char *key, bool flag)
{
    lua_pushboolean(L, flag);
    lua_setfield(L, -2, key);
}

/* { kept = { names }, … }: methods as "Bike.range", or traits. */
static void set_changes(lua_State *L, const char *key, const molt_reload_report *report, bool methods)
{
    static const char *const names[] = { "kept", "changed", "added", "dropped", "tombstones" };
    int counts[sizeof names / sizeof *names] = { 0 };
    lua_createtable(L, 0, 5);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        lua_newtable(L);
        lua_setfield(L, -2, names[i]);
    }
    for (size_t i = 0; i < report->change_count; i++) {
        const molt_reload_change *change = &report->change[i];
        if (!change->method == methods) continue;
        lua_getfield(L, -1, names[change->change]);
        if (methods) lua_pushfstring(L, "%s.%s", change->name, change->method);
        else lua_pushstring(L, change->name);
        lua_rawseti(L, -2, ++counts[change->change]);
        lua_pop(L, 1);
    }
    lua_setfield(L, -2, key);
}

static void set_phases(lua_State *L, const molt_reload_report *report)
{
    static const char *const names[MOLT_PHASES] = {
        "stage", "inspect", "probe", "open", "handshake", "plan", "prepare", "commit", "retire",
    };
    lua_createtable(L, 0, MOLT_PHASES);
    for (int i = 0; i < MOLT_PHASES; i++) {
        if (report->phase[i] > 0) molt__set_number(L, names[i], report->phase[i]);
    }
    lua_setfield(L, -2, "phases");
}

static void push_report(lua_State *L, const molt_module *module, const molt_reload_report *report)
{
    static const char *const fates[] = { "none", "retired", "unloaded", "pinned", "quarantined" };
    char text[512];
    molt_reload_text(module, report, text, sizeof text);
    lua_createtable(L, 0, 20);
    set_flag(L, "accepted", true);
    molt__set_text(L, "module", molt_module_name(module));
    molt__set_number(L, "from", report->from);
    molt__set_number(L, "to", report->to);
    molt__set_number(L, "generation", report->to);
    if (report->restored) molt__set_number(L, "restored", report->restored);
    molt__set_text(L, "build_id", report->build_id);
    set_changes(L, "traits", report, false);
    set_changes(L, "methods", report, true);
    molt__set_number(L, "slots", report->slots);
    molt__set_number(L, "objects", report->objects);
    molt__set_number(L, "instances", report->instances);
    molt__set_number(L, "seconds", report->seconds);
    set_phases(L, report);
    molt__set_text(L, "image", fates[report->fate]);
    if (report->fate_reason[0]) molt__set_text(L, "image_reason", report->fate_reason);
    set_flag(L, "deferred", report->deferred);
    set_flag(L, "unchanged", report->unchanged);
    molt__set_text(L, "text", text);
}

/* What a transaction came to, for push_outcome. */
typedef struct outcome {
    molt__binding *b;
    molt_module **modules;
    const molt_reload_report *reports;
    size_t count;
    int err;
} outcome;

/* err.reasons of the error object on the top. */
static void set_reasons(lua_State *L, const molt__binding *b)
{
    size_t count;
    const molt_reason *reasons = molt_last_reasons(b->world, &count);
    molt_reason alone = { molt_last_code(b->world), molt_last_error(b->world), molt_last_hint(b->world) };
    if (!count) reasons = &alone;
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count || (!count && i == 0); i++) {
        lua_createtable(L, 0, 3);
        molt__set_text(L, "code", molt_err_name(reasons[i].code));
        molt__set_text(L, "message", reasons[i].message);
        if (reasons[i].hint && reasons[i].hint[0]) molt__set_text(L, "hint", reasons[i].hint);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "reasons");
}

static int push_outcome(lua_State *L)
{
    const outcome *o = lua_touserdata(L, 1);
    if (o->err) {
        molt__push_failure(L, o->b);
        set_reasons(L, o->b);
        return 2;
    }
    lua_createtable(L, (int)o->count, 0);
    for (size_t i = 0; i < o->count; i++) {
        push_report(L, o->modules[i], &o->reports[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* Calls push_outcome, which is at `function`, while no finalizer can run. */
static int finish(lua_State *L, int function, outcome *o)
{
    lua_State *before = molt__here(L, o->b);
    molt__lua_bridge.quiet(o->b, true);
    lua_pushvalue(L, function);
    lua_pushlightuserdata(L, o);
    int status = lua_pcall(L, 1, o->err ? 2 : 1, 0);
    molt__lua_bridge.quiet(o->b, false);
    o->b->current = before;
    if (status) return lua_error(L);
    molt__work_off(L, o->b);
    return o->err ? 2 : 1;
}

static int transact(const char *verb, molt_module **modules, size_t count, const molt_reload_options *options,
                    molt_reload_report *reports)
{
    if (verb[1] == 'o') return molt_module_rollback(modules[0], options, reports);
    if (verb[0] == 'r') return molt_module_reload(modules[0], options, reports);
    return molt_modules_reload(modules, count, options, reports);
}

/* ("reload", "rollback" or "batch", { modules }, flags, timeout) -> { reports } */
static int module_transact(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *verb = luaL_checkstring(L, 1);
    size_t count = lua_objlen(L, 2);
    molt_reload_options options = { .size = sizeof options, .flags = (uint32_t)luaL_checkinteger(L, 3),
                                    .timeout = luaL_optnumber(L, 4, 0) };
    lua_settop(L, 4);
    lua_pushcfunction(L, push_outcome);
    molt_module **modules = lua_newuserdata(L, (count + 1) * sizeof *modules);
    molt_reload_report *reports = lua_newuserdata(L, (count + 1) * sizeof *reports);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, (int)i + 1);
        modules[i] = lua_touserdata(L, -1);
        lua_pop(L, 1);
        reports[i] = (molt_reload_report){ .size = sizeof *reports };
    }
    luaL_checkstack(L, 20, NULL);
    lua_State *before = molt__here(L, b);
    outcome o = { b, modules, reports, count, transact(verb, modules, count, &options, reports) };
    b->current = before;
    return finish(L, 5, &o);
}

/* () -> 1 reload, 2 rollback, 3 batch or 4 unload, which waited for this quiescent point;
 * flags, timeout, module, …; or nothing. Between taking it and giving it up nothing may
 * allocate. */
static int module_later(lua_State *L)
{
    molt_world *world = molt__binding_open(L)->world;
    molt__later item;
    lua_settop(L, 0);
    luaL_checkstack(L, (int)world->modules.count + 4, NULL);
    if (!molt__later_take(world, &item)) return 0;
    lua_pushnumber(L, item.kind);
    lua_pushnumber(L, item.options.flags);
    lua_pushnumber(L, item.options.timeout);
    for (size_t i = 0; i < item.count; i++) lua_pushlightuserdata(L, item.modules[i]);
    molt__later_end(world, &item);
    return lua_gettop(L);
}

/* (name) -> module */
static int module_load(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_pushcfunction(L, push_outcome);
    luaL_checkstack(L, 20, NULL);
    lua_State *before = molt__here(L, b);
    molt_module *module = molt_module_load(b->world, name);
    b->current = before;
    if (!module) return finish(L, 2, &(outcome){ .b = b, .err = molt_last_code(b->world) });
    lua_pushlightuserdata(L, module);
    return 1;
}

static int answer_unload(lua_State *L, molt__binding *b, int err, bool later)
{
    if (err) return finish(L, lua_gettop(L), &(outcome){ .b = b, .err = err });
    lua_pushboolean(L, 1);
    lua_pushboolean(L, later);
    return 2;
}

/* (module, flags) -> true, is it left to the next quiescent point?; or nil, error: can
 * it be unloaded, as far as that can be told before anything is detached? */
static int module_unload_begin(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    bool later;
    lua_settop(L, 2);
    lua_pushcfunction(L, push_outcome);
    luaL_checkstack(L, 20, NULL);
    uint32_t flags = (uint32_t)luaL_checkinteger(L, 2);
    lua_State *before = molt__here(L, b);
    int err = molt__unload_begin(lua_touserdata(L, 1), flags, &later);
    b->current = before;
    return answer_unload(L, b, err, later);
}

/* (module) -> true; or nil, error */
static int module_unload(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    lua_settop(L, 1);
    lua_pushcfunction(L, push_outcome);
    luaL_checkstack(L, 20, NULL);
    lua_State *before = molt__here(L, b);
    int err = molt_module_unload(lua_touserdata(L, 1), 0);
    b->current = before;
    return answer_unload(L, b, err, !err && !molt_module_unloaded(lua_touserdata(L, 1)));
}

/* () -> { modules, generations, … } */
static int module_counters(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_module_counts counts = { .size = sizeof counts };
    if (molt_module_counters(b->world, &counts)) return molt__push_failure(L, b);
    lua_createtable(L, 0, 9);
    molt__set_number(L, "modules", (double)counts.modules);
    molt__set_number(L, "generations", (double)counts.generations);
    molt__set_number(L, "retired", (double)counts.retired);
    molt__set_number(L, "quarantined", (double)counts.quarantined);
    molt__set_number(L, "pinned", (double)counts.pinned);
    molt__set_number(L, "images", (double)counts.images);
    molt__set_number(L, "mappings", (double)counts.mappings);
    molt__set_number(L, "copies", (double)counts.copies);
    molt__set_number(L, "kept_bytes", (double)counts.kept_bytes);
    return 1;
}

void molt__open_reloads(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "module_load", module_load }, { "module_transact", module_transact }, { "module_unload", module_unload },
        { "module_unload_begin", module_unload_begin },
        { "module_counters", module_counters }, { "module_later", module_later }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
    lua_createtable(L, 0, 4);
    molt__set_number(L, "DETACH", MOLT_UNLOAD_DETACH);
    molt__set_number(L, "PROBE", MOLT_RELOAD_PROBE);
    molt__set_number(L, "NO_PROBE", MOLT_RELOAD_NO_PROBE);
    molt__set_number(L, "TOMBSTONES", MOLT_RELOAD_TOMBSTONES);
    lua_setfield(L, -2, "reload_flags");
}
