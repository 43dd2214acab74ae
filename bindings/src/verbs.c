/* verbs.c: molt.core, objects go over to other shapes and are patched; leaf calls and ticks are settled. */
#include "handles.h"

#include "cascade.h"
#include "later.h"
#include "trait.h"
#include "vtable.h"

/* Lua may have asked for the handle before a finalizer declared the trait again. */
static molt_trait *trait_at(lua_State *L, int index)
{
    return molt__trait_now(lua_touserdata(L, index));
}

/* (shape id, trait, impl or nil) -> id of the shape with it */
static int shape_attach(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return molt__answer_shape(L, b, molt__shape_attach(molt__shape_at(L, b, 1), trait_at(L, 2), lua_touserdata(L, 3)));
}

/* (shape id, { trait, impl or false, selection or false, … }) -> id of the shape with all of them */
static int shape_attach_set(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t count;
    const molt__attached *add = molt__pieces(L, 2, &count);
    return molt__answer_shape(L, b, molt__shape_attach_set(molt__shape_at(L, b, 1), add, count));
}

/* (shape id, trait) -> id of the shape without it */
static int shape_detach(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return molt__answer_shape(L, b, molt__shape_detach(molt__shape_at(L, b, 1), trait_at(L, 2)));
}

/* (shape id, trait) -> id of the shape without it and without what requires it */
static int shape_cascade(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return molt__answer_shape(L, b, molt__cascade_detach(molt__shape_at(L, b, 1), trait_at(L, 2)));
}

/* (object, name): typed slots of that name look at the object's table from now on */
static int object_patch(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_object *object = molt__check_object(L, b, 1, "override");
    const char *name = molt__name(b->world, luaL_checkstring(L, 2));
    return molt__answer(L, b, name ? molt__vtable_patch(object, name) : MOLT_ERR_MEMORY);
}

static int object_unpatch(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_object *object = molt__check_object(L, b, 1, "restore");
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    if (name) molt__vtable_unpatch(object, name);
    return molt__answer(L, b, MOLT_OK);
}

/* (): what was asked for during the leaf call that has just returned; raises the
 * error that waits, if one does */
static int drain(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    b->world->border->pending = 0;
    lua_State *before = molt__here(L, b);
    molt__pending_drain(b->world);
    b->current = before;
    b->world->border->pending = 0;
    molt__raise_pending(L, b);
    return 0;
}

/* (done?) -> true; "reload" when reloads are due that Lua is to do, and tell of, first */
static int tick(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    if (lua_toboolean(L, 1)) {
        molt__later_skip(b->world);
    } else if (molt__later_due(b->world)) {
        lua_pushliteral(L, "reload");
        return 1;
    }
    lua_State *before = molt__here(L, b);
    int results = molt__answer_from(L, b, before, molt_world_tick(b->world));
    molt__work_off(L, b);
    return results;
}

void molt__open_verbs(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "shape_attach", shape_attach }, { "shape_attach_set", shape_attach_set },
        { "shape_detach", shape_detach }, { "shape_cascade", shape_cascade },
        { "object_patch", object_patch }, { "object_unpatch", object_unpatch }, { "drain", drain },
        { "tick", tick }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
