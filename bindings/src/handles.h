/*
 * handles.h: what the functions of molt.core take and answer.
 *
 * Handles are light userdata that only molt's own Lua ever holds; every public
 * verb checks its arguments before it comes here. Lists that are taken lie in
 * memory that Lua owns, which is left on the stack. All answer nil and an error
 * object on failure.
 */
#ifndef MOLT_SRC_HANDLES_H
#define MOLT_SRC_HANDLES_H

#include "binding.h"

#include "shape.h"

/* A Lua array of light userdata; nothing but a table is an empty one. */
void **molt__handles(lua_State *L, int index, size_t *count);

/* A Lua array of strings, which the table keeps; likewise. */
const char **molt__texts(lua_State *L, int index, size_t *count);

/* { trait, impl or false, selection or false, … } */
molt__attached *molt__pieces(lua_State *L, int index, size_t *count);

/* The shape whose id is at an index, or "no such shape". */
molt_shape *molt__shape_at(lua_State *L, const molt__binding *b, int index);

/* A fill by the Lua function at `index`; molt__answer_fill takes the reference back on failure. */
molt_fill molt__lua_fill(lua_State *L, int name, int index, int where);

/* Negative: the world's last error; positive: that number; 0: true. */
int molt__answer(lua_State *L, molt__binding *b, int64_t err);
int molt__answer_handle(lua_State *L, molt__binding *b, const void *made);
int molt__answer_shape(lua_State *L, molt__binding *b, const molt_shape *shape);

/* The answer of core work that was done here: see molt__here. */
int molt__answer_from(lua_State *L, molt__binding *b, lua_State *before, int64_t err);
int molt__answer_fill(lua_State *L, molt__binding *b, const molt_fill *fill, lua_State *before, int64_t err);

#endif
