/*
 * sweep.c: bodies whose tables have died end, and the living close ranks.
 *
 *   slot      1  2  3  4  5  6  7
 *   object    a  b  d  ·  e  f  g      3 was a hole, and d moved there from 4;
 *                      │  │             the table of e has died: it ends
 *              sweep_to   sweep_from
 *
 * Nothing is allocated between looking at a slot and its change: see lives.c.
 */
#include "lives.h"

#include "registry.h"

/* Iterations under way: slot `from` was gone through, the living end at `last`. */
static void iterations_follow(lua_State *L, int iterations, int32_t from, int32_t last)
{
    lua_pushnil(L);
    while (lua_next(L, iterations)) {
        lua_pop(L, 1);
        for (int cursor = 1; cursor <= 2; cursor++) {
            lua_rawgeti(L, -1, cursor);
            bool here = (int32_t)lua_tointeger(L, -1) == from;
            lua_pop(L, 1);
            if (!here) continue;
            lua_pushinteger(L, last);
            lua_rawseti(L, -2, cursor);
        }
    }
}

/* What is in one slot goes to another, a hole; the object's table, or nil, is on the top. */
static void move(lua_State *L, molt__binding *b, int tables, int32_t from, int32_t to)
{
    lua_pushvalue(L, -1);
    lua_rawseti(L, tables, to);              /* may want memory and raise: nothing is done yet */
    molt__registry_move(b->world, from, to);
    lua_pushnil(L);
    lua_rawseti(L, tables, from);
    if (lua_isnil(L, -1)) return;
    lua_rawgeti(L, -1, 0);
    bool intact = lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) == from;
    lua_pop(L, 1);
    if (!intact) return;                     /* the user's doing, which the next use tells */
    lua_pushinteger(L, to);
    lua_rawseti(L, -2, 0);
}

/* Goes through one slot: ends a body whose table has died, closes holes. */
static void sweep_slot(lua_State *L, molt__binding *b, int tables)
{
    molt_object *object = molt__registry_at(b->world, b->sweep_from);
    if (!object) return;
    lua_rawgeti(L, tables, b->sweep_from);
    bool dead = lua_isnil(L, -1) && !(object->flags & (MOLT__HOST | MOLT__NEWBORN)) && !object->retains;
    if (dead) {
        molt__object_end(object);
    } else {
        /* Whoever makes the table of a newborn has its slot in hand. */
        if (object->flags & MOLT__NEWBORN) b->sweep_to = b->sweep_from;
        if (b->sweep_from != b->sweep_to) move(L, b, tables, b->sweep_from, b->sweep_to);
        b->sweep_to++;
    }
    lua_pop(L, 1);
}

/* molt_border.collected */
enum { SWEPT, COLLECTED, UNDER_WAY, BOTH };

/* (count): goes on with the sweep, `count` slots at most (to the end without a
 * number); begins one if the collector ran. Later, while the host iterates. */
static int sweep(lua_State *L)
{
    molt__binding *b = molt__lives_binding(L);
    molt_border *border = &b->border;
    int32_t count = lua_isnumber(L, 1) ? (int32_t)lua_tointeger(L, 1) : INT32_MAX;
    if (border->collected == SWEPT || border->iterating) return 0;
    if (!b->sweep_from) b->sweep_from = b->sweep_to = 1, border->collected = UNDER_WAY;
    else if (border->collected == COLLECTED) border->collected = BOTH;
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->iterations);
    int iterations = lua_gettop(L);
    lua_pushnil(L);
    bool watched = lua_next(L, iterations);
    lua_settop(L, iterations);
    for (; count > 0 && b->sweep_from <= border->top; b->sweep_from++, count--) {
        sweep_slot(L, b, iterations - 1);
        if (watched) iterations_follow(L, iterations, b->sweep_from, b->sweep_to - 1);
    }
    if (b->sweep_from <= border->top) return 0;
    border->top = b->sweep_to - 1;
    b->sweep_from = 0;
    border->collected = border->collected == BOTH ? COLLECTED : SWEPT;
    return 0;
}

void molt__open_sweep(lua_State *L)
{
    static const luaL_Reg functions[] = { { "sweep", sweep }, { NULL, NULL } };
    molt__lives_register(L, functions);
}
