/*
 * evolve.c: molt.core, the functions by which declarations change under live objects.
 *
 * Lua judges first (lua/molt/evolve.lua): what becomes of each value of each object,
 * by migrate functions where there are some. Then one call here does it all.
 */
#include "binding.h"

#include "carry.h"
#include "migrate.h"
#include "redefine.h"
#include "trait.h"
#include "value.h"

#include <string.h>

/* A Lua array of light userdata, copied into memory that Lua owns. */
static void **handles(lua_State *L, int index, size_t *count)
{
    *count = lua_istable(L, index) ? lua_objlen(L, index) : 0;
    void **list = lua_newuserdata(L, (*count + 1) * sizeof *list);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        list[i] = lua_touserdata(L, -1);
        lua_pop(L, 1);
    }
    return list;
}

static const char **texts(lua_State *L, int index, size_t *count)
{
    *count = lua_objlen(L, index);
    const char **list = lua_newuserdata(L, (*count + 1) * sizeof *list);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        list[i] = lua_tostring(L, -1);   /* the table keeps it */
        lua_pop(L, 1);
    }
    return list;
}

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

/* (trait, lines, required, excluded, where) -> draft, is it another version? */
static int trait_draft(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_trait *current = lua_touserdata(L, 1);
    molt_trait_lines lines = { .size = sizeof lines, .name = current->name, .where = luaL_checkstring(L, 5) };
    lines.lines = texts(L, 2, &lines.line_count);
    lines.required = (molt_trait *const *)handles(L, 3, &lines.required_count);
    lines.excluded = (molt_trait *const *)handles(L, 4, &lines.excluded_count);
    molt_trait *draft = molt__trait_draft(b->world, current, &lines);
    if (!draft) return molt__push_failure(L, b);
    lua_pushlightuserdata(L, draft);
    lua_pushboolean(L, !draft->partial);
    return 2;
}

static int trait_undraft(lua_State *L)
{
    molt__binding_open(L);
    molt__trait_undraft(lua_touserdata(L, 1));
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

static int give_up(lua_State *L, molt__binding *b, const molt_fill *fills, size_t count)
{
    for (size_t i = 0; i < count; i++) luaL_unref(L, LUA_REGISTRYINDEX, (int)fills[i].foreign);
    return molt__push_failure(L, b);
}

/* (trait, draft, names, functions, places, names dropped) -> trait */
static int trait_redefine(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt__rewriting given = { .judged = true };
    given.dropped = texts(L, 6, &given.dropped_count);
    molt_fill *fills = fills_from(L, 3, &given.fill_count);
    given.fills = fills;
    lua_State *before = molt__here(L, b);
    molt_trait *trait = molt__redefine_trait(lua_touserdata(L, 1), lua_touserdata(L, 2), &given);
    b->current = before;
    if (!trait) return give_up(L, b, fills, given.fill_count);
    lua_pushlightuserdata(L, trait);
    return 1;
}

/* (class, base or nil, traits, names, functions, places, impls, numbers dropped,
 * where, impls that go) -> numbers of the fills */
static int class_redefine(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt__recomposition to = { .base = lua_touserdata(L, 2), .where = luaL_checkstring(L, 9), .judged = true };
    to.traits = (molt_trait *const *)handles(L, 3, &to.trait_count);
    to.impls = (molt_impl *const *)handles(L, 7, &to.impl_count);
    to.ended = (molt_impl *const *)handles(L, 10, &to.ended_count);
    to.dropped_count = lua_objlen(L, 8);
    int64_t *dropped = lua_newuserdata(L, (to.dropped_count + 1) * sizeof *dropped);
    for (size_t i = 0; i < to.dropped_count; i++) {
        lua_rawgeti(L, 8, (int)i + 1);
        dropped[i] = (int64_t)lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    to.dropped = dropped;
    to.numbers = lua_newuserdata(L, (lua_objlen(L, 4) + 1) * sizeof *to.numbers);
    lua_createtable(L, (int)lua_objlen(L, 4), 0);
    molt_fill *fills = fills_from(L, 4, &to.fill_count);
    to.fills = fills;
    lua_State *before = molt__here(L, b);
    int err = molt__redefine_class(lua_touserdata(L, 1), &to);
    b->current = before;
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
    int err = molt__redefine_object(object, lua_touserdata(L, 2), true);
    b->current = before;
    if (err) return molt__push_failure(L, b);
    lua_pushboolean(L, 1);
    return 1;
}

/* (kind, kind) -> "same", "wider", "some", "none" */
static int kind_fit(lua_State *L)
{
    static const char *const fits[] = { "same", "wider", "some", "none" };
    lua_pushstring(L, fits[molt__kind_fit(molt__kind_named(luaL_checkstring(L, 1)), molt__kind_named(luaL_checkstring(L, 2)))]);
    return 1;
}

/* (kind, field, value): while a body is staged, what its field is to hold */
static int stage_write(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    molt__migration *migration = b->world->staging;
    molt_value value;
    molt_kind kind = molt__kind_named(luaL_checkstring(L, 1));
    const char *field = luaL_checkstring(L, 2);
    if (!migration) return luaL_error(L, "no body is staged");
    const char *name = molt__name_find(b->world, field);
    if (!name || molt__to_value(L, b, 3, kind, &value, field) || molt__migration_write(migration, name, value)) {
        return molt__raise_last(L, b, 0);
    }
    return 0;
}

/* (on): migrate functions run; molt's verbs raise meanwhile, and so does making an
 * object, which looks at `collected` first */
static int migrating(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    b->migrating = lua_toboolean(L, 1);
    if (b->migrating && b->border.collected == 0) b->border.collected = 1;
    return 0;
}

void molt__open_evolve(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "trait_named", trait_named }, { "class_named", class_named },
        { "trait_draft", trait_draft }, { "trait_undraft", trait_undraft }, { "trait_redefine", trait_redefine },
        { "class_redefine", class_redefine }, { "become", object_become }, { "kind_fit", kind_fit },
        { "stage_write", stage_write }, { "migrating", migrating }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
