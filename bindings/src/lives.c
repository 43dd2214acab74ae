/*
 * lives.c: tables and bodies change together.
 *
 * The collector may run finalizers, and with them any verb of molt, wherever Lua
 * allocates. So what takes two steps (a body and its table, a block and its view)
 * is done here, where nothing is allocated between looking and doing.
 */
#include "lives.h"

#include "migrate.h"
#include "trait.h"
#include "vtable.h"

#include <string.h>

/* Pushes registry table `ref`[key]; true unless it is nil (then nothing is pushed). */
static bool push_entry(lua_State *L, int ref, int key)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    lua_rawgeti(L, -1, key);
    lua_replace(L, -2);
    if (!lua_isnil(L, -1)) return true;
    lua_pop(L, 1);
    return false;
}

/* A view whose trait has another version reads and writes by that from now on. */
static void set_view_meta(lua_State *L, const molt__binding *b, const molt_trait *trait)
{
    if (!push_entry(L, b->view_metas, (int)trait->index + 1)) return;
    lua_setmetatable(L, -2);
}

/* The object's view of a trait, if one is in use. */
static molt_view *view_of(lua_State *L, const molt__binding *b, const molt_object *object, const molt_trait *trait)
{
    if (!push_entry(L, b->views, (int)trait->index + 1)) return NULL;
    lua_pushnumber(L, molt_object_id(object));
    lua_rawget(L, -2);
    molt_view *view = lua_touserdata(L, -1);
    if (view && view->block) set_view_meta(L, b, trait);
    lua_pop(L, 2);
    return view;
}

static void set_stale(const molt__binding *b, const molt_object *object, molt_view *view)
{
    view->block = NULL;
    view->id = molt_object_id(object);
    view->since = b->world->border->tick;
}

void molt__views_follow(lua_State *L, const molt__binding *b, const molt_object *object, const molt_shape *to)
{
    if (!(object->flags & MOLT__VIEWED)) return;
    for (size_t i = 0; i < b->world->traits.count; i++) {
        const molt_trait *trait = b->world->traits.item[i];
        molt_view *view = view_of(L, b, object, trait);
        if (!view || !view->block) continue;
        const molt__part *part = to ? molt__shape_part(to, trait->identity) : NULL;
        if (part) view->block = molt__part_block(object, part);
        else set_stale(b, object, view);
    }
}

/* Has the object's table entries besides [0]? */
static bool has_entries(lua_State *L, int index)
{
    lua_pushnil(L);
    bool more = lua_next(L, index);
    if (more && lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) == 0) {
        lua_pop(L, 1);
        more = lua_next(L, index);
    }
    if (more) lua_pop(L, 2);
    return more;
}

/* The object at `index` gained blocks: typed slots of names that it patches look
 * at its table there, too. */
static void patches_follow(lua_State *L, molt__binding *b, molt_object *object, int index)
{
    const molt_shape *shape = object->shape;
    if (shape->layout->count == shape->part_count || !has_entries(L, index)) return;
    for (size_t i = shape->layout->count; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        for (size_t m = 0; m < trait->method_count; m++) {
            const char *name = molt__shape_slot_name(shape, trait->methods[m]);
            lua_pushstring(L, name);
            lua_rawget(L, index);
            bool patched = lua_isfunction(L, -1);    /* what is no function hides the method from Lua alone */
            lua_pop(L, 1);
            if (patched && molt__vtable_patch(object, name)) {
                molt_log(b->world, MOLT_LOG_ERROR, "%s", molt_last_error(b->world));
            }
        }
    }
}

/* (object, shape id, metatable, id of its present shape): the object goes over to a
 * shape of its class. A finalizer may have changed it since the shape was chosen:
 * then nothing is done. */
static int enter(lua_State *L)
{
    molt__binding *b = molt__lives_binding(L);
    molt_object *object = molt__lives_object(L, b, 1, "attach");
    size_t id = (size_t)luaL_checkinteger(L, 2), from = (size_t)luaL_checkinteger(L, 4);
    luaL_argcheck(L, id >= 1 && id <= b->world->shapes.count, 2, "no such shape");
    if (lua_type(L, 1) != LUA_TTABLE) return luaL_argerror(L, 1, "table expected");
    molt_shape *to = b->world->shapes.item[id - 1];
    if (object->shape->id != from || to->layout != object->shape->layout || to->suspect) {
        molt__fail(b->world, MOLT_ERR_STATE, "the object was changed by a finalizer meanwhile");
        return molt__push_failure(L, b);
    }
    if (molt__object_enter(object, to)) return molt__push_failure(L, b);
    molt__views_follow(L, b, object, to);
    patches_follow(L, b, object, 1);
    lua_pushvalue(L, 3);
    lua_setmetatable(L, 1);
    lua_pushboolean(L, 1);
    return 1;
}

/* (object) -> object: it was made while something changed. Its body is its present
 * shape's by now, and so is its metatable from here on. */
static int settle(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    lua_settop(L, 1);
    molt_object *object = b->world ? molt__own_object(L, b, 1, lua_upvalueindex(MOLT__AT_OBJECTS)) : NULL;
    if (!object) return 1;               /* it has ended since */
    if (push_entry(L, b->metas, (int)object->shape->id)) lua_setmetatable(L, 1);
    molt__object_unmark(object, MOLT__NEWBORN);
    return 1;
}

/* (metatable, object, trait) -> view; nothing when the object has no such trait.
 * The one view of the trait that is in use, or a new one. */
static int view(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_trait *trait = lua_touserdata(L, 3);
    int key = (int)trait->index + 1;
    if (!push_entry(L, b->views, key)) {
        lua_newtable(L);
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "v");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
        lua_rawgeti(L, LUA_REGISTRYINDEX, b->views);
        lua_pushvalue(L, -2);
        lua_rawseti(L, -2, key);
        lua_pop(L, 1);
    }
    molt_view *made = lua_newuserdata(L, sizeof *made);
    *made = (molt_view){ 0 };
    lua_pushvalue(L, 2);
    lua_setfenv(L, -2);
    lua_pushvalue(L, 1);
    lua_setmetatable(L, -2);
    molt_object *object = molt__check_object(L, b, 2, "as");
    const molt__part *part = molt__shape_part(object->shape, trait->identity);
    if (!part) return 0;
    lua_pushnumber(L, molt_object_id(object));
    lua_rawget(L, -3);
    molt_view *known = lua_touserdata(L, -1);
    if (known && known->block) return 1;
    lua_pop(L, 1);
    lua_pushnumber(L, molt_object_id(object));
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    made->block = molt__part_block(object, part);
    molt__object_mark(object, MOLT__VIEWED);
    return 1;
}

/* Pushes the metatable of a shape, made now if need be. May run Lua. */
static void push_meta(lua_State *L, const molt__binding *b, const molt_shape *shape)
{
    if (push_entry(L, b->metas, (int)shape->id)) return;
    push_entry(L, b->callbacks, MOLT__CALLBACK_SHAPE);
    lua_pushinteger(L, (lua_Integer)shape->id);
    lua_call(L, 1, 0);
    if (!push_entry(L, b->metas, (int)shape->id)) luaL_error(L, "a shape has no metatable");
}

int molt__ready(lua_State *L)
{
    push_meta(L, molt__binding_open(L), lua_touserdata(L, 1));
    return 0;
}

/* The table on the top of the stack gets the metatable of a shape that was made ready.
 * A shape's record stands with its metatable only (molt.shapes); if ever there were
 * none, the object would be one of its old shape for Lua. */
static void set_meta(lua_State *L, const molt__binding *b, const molt_shape *shape)
{
    if (push_entry(L, b->metas, (int)shape->id)) lua_setmetatable(L, -2);
    else molt_log(b->world, MOLT_LOG_ERROR, "shape %u has no metatable", (unsigned)shape->id);
}

void molt__reshaped(lua_State *L, molt__binding *b, molt_object *object)
{
    if (!push_entry(L, b->objects, object->slot)) return;
    molt__views_follow(L, b, object, object->shape);
    patches_follow(L, b, object, lua_gettop(L));
    set_meta(L, b, object->shape);
    lua_pop(L, 1);
}

void molt__relaid(lua_State *L, molt__binding *b, const molt__move *moves, size_t count)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, moves[i].object->slot);
        if (lua_istable(L, -1)) {
            set_meta(L, b, moves[i].body->shape);
            molt__views_follow(L, b, moves[i].object, moves[i].body->shape);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* A table for an object of the host that Lua has never seen. */
static void wrap(lua_State *L, molt__binding *b, molt_object *object)
{
    int top = lua_gettop(L);
    const molt_shape *shape;
    do {
        lua_settop(L, top);
        shape = object->shape;
        push_meta(L, b, shape);
        lua_createtable(L, 1, 0);
        /* A finalizer may have been faster, or changed the object, or ended it. */
    } while (object->slot && object->shape != shape);
    if (!object->slot) {
        lua_pushnil(L);
        return;
    }
    if (push_entry(L, b->objects, object->slot)) return;
    /* What the host or native code keeps alive keeps its table, and so its
     * Lua-valued fields. */
    if (object->flags & MOLT__HOST || object->retains) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, b->pins);
        lua_pushnumber(L, molt_object_id(object));
        lua_pushvalue(L, -3);
        lua_rawset(L, -3);
        lua_pop(L, 1);
        molt__object_mark(object, MOLT__PINNED);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, object->slot);
    lua_pop(L, 1);
    molt__object_unmark(object, MOLT__UNSEEN);
    lua_pushinteger(L, object->slot);
    lua_rawseti(L, -2, 0);
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
}

void molt__push_object(lua_State *L, molt__binding *b, molt_object *object)
{
    if (object->slot && push_entry(L, b->objects, object->slot)) return;
    int top = lua_gettop(L);
    if (object->slot) wrap(L, b, object);
    else lua_pushnil(L);
    lua_pushvalue(L, -1);            /* it may be at top + 1 itself */
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
}

void molt__open_lives(lua_State *L)
{
    static const luaL_Reg functions[] = { { "enter", enter }, { "settle", settle }, { "view", view }, { NULL, NULL } };
    molt__lives_register(L, functions);
}
