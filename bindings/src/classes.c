/* classes.c: molt.core, classes are declared, filled, and gain and lose traits. */
#include "handles.h"

#include "class.h"
#include "impl.h"
#include "relayout.h"
#include "trait.h"

/* (name, base or nil, traits, where, { trait, selection or false, … }) */
static int class_declare(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_class_lines lines = {
        .size = sizeof lines, .name = luaL_checkstring(L, 1), .base = lua_touserdata(L, 2), .where = luaL_checkstring(L, 4),
    };
    lines.traits = (molt_trait *const *)molt__handles(L, 3, &lines.trait_count);
    const molt__selection *const *selections;
    size_t count;
    if (!molt__united_selections(L, 5, &selections, &count)) return molt__push_failure(L, b);
    return molt__answer_handle(L, b, molt__class_declare(b->world, &lines, selections, count));
}

/* (class, name, function, where [, patch]) -> number of the fill; `patch` is "override",
 * "before", "after" or "around" */
static int class_fill(lua_State *L)
{
    static const char *const kinds[] = { "fill", "override", "before", "after", "around", NULL };
    static const uint32_t flags[] = { 0, MOLT__OVERRIDE, MOLT__BEFORE, MOLT__AFTER, MOLT__AROUND };
    molt__binding *b = molt__binding_open(L);
    int kind = luaL_checkoption(L, 5, "fill", kinds);
    molt_fill fill = molt__lua_fill(L, 2, 3, 4);
    fill.flags = flags[kind];
    lua_State *before = molt__here(L, b);
    return molt__answer_fill(L, b, &fill, before, molt_class_fill(lua_touserdata(L, 1), &fill));
}

/* (class, number) */
static int class_unfill(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    int64_t number = (int64_t)luaL_checknumber(L, 2);
    lua_State *before = molt__here(L, b);
    return molt__answer_from(L, b, before, molt_class_unfill(lua_touserdata(L, 1), number));
}

/* { trait, … } as pieces in memory that Lua owns */
static molt__attached *traits_at(lua_State *L, int index, size_t *count)
{
    void *const *list = molt__handles(L, index, count);
    molt__attached *traits = lua_newuserdata(L, (*count + 1) * sizeof *traits);
    for (size_t i = 0; i < *count; i++) traits[i] = (molt__attached){ .trait = list[i] };
    return traits;
}

/* (class, pieces). An implementation alone, of a trait that the class has, is a fill
 * like any other. */
static int class_use(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t count;
    const molt__attached *add = molt__pieces(L, 2, &count);
    lua_State *before = molt__here(L, b);
    bool alone = count == 1 && add->impl;
    return molt__answer_from(L, b, before, alone ? molt_class_use(lua_touserdata(L, 1), NULL, add->impl)
                                           : molt__class_use_set(lua_touserdata(L, 1), add, count));
}

/* (class, traits [, impl]): the traits, or the implementation, go */
static int class_drop(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t count;
    lua_settop(L, 3);
    const molt__attached *gone = traits_at(L, 2, &count);
    lua_State *before = molt__here(L, b);
    return molt__answer_from(L, b, before, lua_touserdata(L, 3) ? molt_class_drop(lua_touserdata(L, 1), NULL, lua_touserdata(L, 3))
                                                  : molt__class_drop_set(lua_touserdata(L, 1), gone, count));
}

/* (class, traits) -> true; or nil and why class_drop would fail */
static int may_drop(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t count;
    const molt__attached *gone = traits_at(L, 2, &count);
    lua_State *before = molt__here(L, b);
    return molt__answer_from(L, b, before, molt__relayout_may_remove(lua_touserdata(L, 1), gone, count));
}

/* (class) -> id of the shape of new instances; fails while the class is incomplete */
static int class_shape(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return molt__answer_shape(L, b, molt__class_shape(lua_touserdata(L, 1)));
}

void molt__open_classes(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "class_declare", class_declare }, { "class_fill", class_fill }, { "class_unfill", class_unfill },
        { "class_use", class_use }, { "class_drop", class_drop }, { "may_drop", may_drop },
        { "class_shape", class_shape }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
