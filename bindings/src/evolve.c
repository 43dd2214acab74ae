/*
 * evolve.c: molt.core, the functions by which declarations change under live objects.
 *
 * Lua judges (lua/molt/evolve.lua): what becomes of each value of each object, by
 * migrate functions where there are some. Then one call here does it all.
 */
#include "handles.h"

#include "evolve.h"
#include "recompose.h"
#include "relayout.h"
#include "trait.h"
#include "redraft.h"

#include <string.h>

/* (name) -> handle, where, where native code declares it; nothing when there is none */
static int trait_named(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = luaL_checkstring(L, 1);
    for (size_t i = 0; i < b->world->traits.count; i++) {
        molt_trait *trait = b->world->traits.item[i];
        if (strcmp(trait->name, name) != 0) continue;
        lua_pushlightuserdata(L, trait);
        lua_pushstring(L, trait->where);
        lua_pushstring(L, trait->native);
        return 3;
    }
    return 0;
}

/* (name) -> handle, where */
static int class_named(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = luaL_checkstring(L, 1);
    for (size_t i = 0; i < b->world->classes.count; i++) {
        molt_class *cls = b->world->classes.item[i];
        if (strcmp(cls->name, name) != 0) continue;
        lua_pushlightuserdata(L, cls);
        lua_pushstring(L, cls->where);
        return 2;
    }
    return 0;
}

/* (trait, lines, required, excluded, where, needs, bans) -> draft, is it another version? */
static int trait_draft(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_trait *current = lua_touserdata(L, 1);
    molt_trait_lines lines = { .size = sizeof lines, .name = current->name, .where = luaL_checkstring(L, 5) };
    lines.lines = molt__texts(L, 2, &lines.line_count);
    lines.required = (molt_trait *const *)molt__handles(L, 3, &lines.required_count);
    lines.excluded = (molt_trait *const *)molt__handles(L, 4, &lines.excluded_count);
    lines.required_lines = molt__texts(L, 6, &lines.required_line_count);
    lines.excluded_lines = molt__texts(L, 7, &lines.excluded_line_count);
    molt_trait *draft = molt__redraft_lines(current, &lines);
    if (!draft) return molt__push_failure(L, b);
    lua_pushlightuserdata(L, draft);
    lua_pushboolean(L, !draft->partial);
    return 2;
}

static int trait_undraft(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt__redraft_drop(b->world, lua_touserdata(L, 1));
    return 0;
}

/* Fills from three arrays: names, functions, places. References are taken. */
static molt_fill *fills_from(lua_State *L, int names, size_t *count)
{
    *count = lua_objlen(L, names);
    molt_fill *fills = lua_newuserdata(L, (*count + 1) * sizeof *fills);
    for (size_t i = 0; i < *count; i++) {
        fills[i] = (molt_fill){ .size = sizeof(molt_fill) };
        lua_rawgeti(L, names, (int)i + 1);
        fills[i].name = lua_tostring(L, -1);
        lua_rawgeti(L, names + 2, (int)i + 1);
        fills[i].where = lua_tostring(L, -1);
        lua_pop(L, 2);
        lua_rawgeti(L, names + 1, (int)i + 1);
        fills[i].foreign = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    return fills;
}

static void release(lua_State *L, const molt_fill *fills, size_t count)
{
    for (size_t i = 0; i < count; i++) luaL_unref(L, LUA_REGISTRYINDEX, (int)fills[i].foreign);
}

static int give_up(lua_State *L, molt__binding *b, const molt_fill *fills, size_t count)
{
    release(L, fills, count);
    return molt__push_failure(L, b);
}

/* (trait, draft, names, functions, places, names dropped, every object?) -> trait */
static int trait_redefine(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt__rewriting given = { .current = lua_touserdata(L, 1), .draft = lua_touserdata(L, 2) };
    given.dropped = molt__texts(L, 6, &given.dropped_count);
    molt_fill *fills = fills_from(L, 3, &given.fill_count);
    given.fills = fills;
    molt__evolution evolution = { .world = b->world, .rewritings = &given, .count = 1, .judged = true,
                                  .every = lua_toboolean(L, 7) };
    lua_State *before = molt__here(L, b);
    int err = molt__evolution_prepare(&evolution);
    if (!err) molt__evolution_commit(&evolution);
    b->current = before;
    if (err) return give_up(L, b, fills, given.fill_count);
    lua_pushlightuserdata(L, given.draft->partial ? given.current : given.draft);
    return 1;
}

/* A Lua array of numbers of fills, in memory that Lua owns. */
static int64_t *numbers(lua_State *L, int index, size_t *count)
{
    *count = lua_objlen(L, index);
    int64_t *list = lua_newuserdata(L, (*count + 1) * sizeof *list);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        list[i] = (int64_t)lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return list;
}

/* (class, base or nil, { traits, declared = how many of them are }, names, functions, places, impls, numbers dropped,
 * where, impls that go, selections, every object?, only whether it would do?) ->
 * numbers of the fills, or true */
static int class_redefine(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt__recomposition to = { .base = lua_touserdata(L, 2), .where = luaL_checkstring(L, 9), .judged = true,
                               .every = lua_toboolean(L, 12) };
    to.traits = (molt_trait *const *)molt__handles(L, 3, &to.trait_count);
    lua_getfield(L, 3, "declared");
    to.declared = (size_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    to.impls = (molt_impl *const *)molt__handles(L, 7, &to.impl_count);
    to.ended = (molt_impl *const *)molt__handles(L, 10, &to.ended_count);
    if (!molt__united_selections(L, 11, &to.selections, &to.selection_count)) return molt__push_failure(L, b);
    to.dropped = numbers(L, 8, &to.dropped_count);
    to.numbers = lua_newuserdata(L, (lua_objlen(L, 4) + 1) * sizeof *to.numbers);
    lua_createtable(L, (int)lua_objlen(L, 4), 0);
    molt_fill *fills = fills_from(L, 4, &to.fill_count);
    to.fills = fills;
    lua_State *before = molt__here(L, b);
    bool rehearsal = lua_toboolean(L, 13);
    b->world->rehearsal = rehearsal;
    int err = molt__class_recompose(lua_touserdata(L, 1), &to);
    b->world->rehearsal = 0;
    b->current = before;
    if (rehearsal && err > 0) {
        release(L, fills, to.fill_count);
        lua_pushboolean(L, 1);
        return 1;
    }
    if (err) return give_up(L, b, fills, to.fill_count);
    lua_pop(L, 1);
    for (size_t i = 0; i < to.fill_count; i++) {
        lua_pushnumber(L, (double)to.numbers[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* (object, class) */
static int object_become(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_object *object = molt__check_object(L, b, 1, "become");
    lua_State *before = molt__here(L, b);
    int err = molt__object_become(object, lua_touserdata(L, 2), true, true);
    b->current = before;
    if (err) return molt__push_failure(L, b);
    lua_pushboolean(L, 1);
    return 1;
}

/* Would it have to wait for the native methods on the stack? (trait or nil, class or nil) */
static int must_wait(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_trait *trait = lua_touserdata(L, 1);
    const molt_class *cls = lua_touserdata(L, 2);
    lua_pushboolean(L, trait ? molt__evolution_must_wait(trait) : cls ? molt__relayout_must_wait(cls)
                                                                      : b->world->border->depth != 0);
    return 1;
}

/* (function): called when no native method is on the stack any more */
static int defer(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    lua_settop(L, 1);
    int reference = luaL_ref(L, LUA_REGISTRYINDEX);
    if (molt__relayout_defer(b->world, reference)) {
        luaL_unref(L, LUA_REGISTRYINDEX, reference);
        return molt__push_failure(L, b);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static size_t living(const molt_world *world, const molt_trait *trait, const molt_class *cls)
{
    size_t count = 0;
    for (size_t i = 0; i < world->shapes.count; i++) {
        const molt_shape *shape = world->shapes.item[i];
        if (trait ? molt__shape_part(shape, trait->identity) != NULL : molt__class_extends(shape->cls, cls)) count += shape->live;
    }
    return count;
}

/* (trait or nil, class or nil) -> how many objects have it, or are of it */
static int live_count(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    lua_pushnumber(L, (double)living(b->world, lua_touserdata(L, 1), lua_touserdata(L, 2)));
    return 1;
}

void molt__open_evolve(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "trait_named", trait_named }, { "class_named", class_named }, { "trait_draft", trait_draft },
        { "trait_undraft", trait_undraft }, { "trait_redefine", trait_redefine },
        { "class_redefine", class_redefine }, { "become", object_become }, { "must_wait", must_wait },
        { "defer", defer }, { "live_count", live_count }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
