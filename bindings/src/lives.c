/*
 * lives.c: tables and bodies change together.
 *
 * The collector may run finalizers, and with them any verb of molt, wherever Lua
 * allocates. So what takes two steps (a body and its table, a block and its view)
 * is done here, where nothing is allocated between looking and doing.
 */
#include "binding.h"

#include "registry.h"
#include "migrate.h"
#include "slab.h"
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

/* The functions of this file have three upvalues: the binding, and the tables of
 * objects and tombstones, which are some lookups away otherwise. */
enum { BINDING = 1, OBJECTS, TOMBSTONES };

static molt__binding *open_binding(lua_State *L)
{
    molt__binding *b = lua_touserdata(L, lua_upvalueindex(BINDING));
    return b->world && !b->migrating ? b : molt__binding_open(L);
}

static molt_object *check_object(lua_State *L, molt__binding *b, int index, const char *function)
{
    molt_object *object = molt__own_object(L, b, index, lua_upvalueindex(OBJECTS));
    return object ? object : molt__check_object(L, b, index, function);
}

void molt__unpin(lua_State *L, const molt__binding *b, molt_object *object)
{
    if (!(object->flags & MOLT__PINNED)) return;
    molt__object_unmark(object, MOLT__PINNED);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->pins);
    lua_pushnumber(L, molt_object_id(object));
    lua_pushnil(L);
    lua_rawset(L, -3);               /* a key that is there: no memory needed */
    lua_pop(L, 1);
}

/* What a destroyed object keeps in [0]: its place, and the tick of its end. */
static double epitaph(const molt__binding *b, const molt_object *object)
{
    double tick = b->world->border->tick;
    uint64_t lasting = (uint64_t)tick % (1u << MOLT__GENERATION_BITS);
    return (double)molt__slab_place(b->world, object) + (double)lasting * 4294967296.0;
}

/* Clears all fields but [0]. */
static void clear_fields(lua_State *L, int index)
{
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) == 0) continue;
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, index);        /* clears a field that is there: lua_next goes on */
    }
}

/* The tables of objects and of tombstones are at two indices. Where the user took
 * [0] away, its place may be gone: then `kept` is false, and nothing is put there. */
static void strip(lua_State *L, molt__binding *b, molt_object *object, int index, bool kept, int objects, int tombstones)
{
    molt__views_follow(L, b, object, NULL);
    if (kept) {
        lua_pushnumber(L, epitaph(b, object));
        lua_rawseti(L, index, 0);
    }
    clear_fields(L, index);
    /* A table exists only where the shape's record does, and with it the tombstone. */
    lua_rawgeti(L, tombstones, (int)object->shape->id);
    lua_setmetatable(L, index);
    molt__unpin(L, b, object);
    lua_pushnil(L);
    lua_rawseti(L, objects, object->slot);
}

void molt__strip(lua_State *L, molt__binding *b, molt_object *object, int index)
{
    int top = lua_gettop(L);
    lua_rawgeti(L, index, 0);
    bool kept = !lua_isnil(L, -1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->tombstones);
    strip(L, b, object, index, kept, top + 2, top + 3);
    lua_settop(L, top);
}

/* (object) -> true: its end, where nobody but the object is concerned; or false, and
 * nothing has happened. */
static int finish_plain(lua_State *L)
{
    molt__binding *b = lua_touserdata(L, lua_upvalueindex(BINDING));
    bool may = b->world && !b->migrating;
    molt_object *object = may ? molt__own_object(L, b, 1, lua_upvalueindex(OBJECTS)) : NULL;
    if (!object || object->flags & (MOLT__HOST | MOLT__ARMED)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    strip(L, b, object, 1, true, lua_upvalueindex(OBJECTS), lua_upvalueindex(TOMBSTONES));
    molt__object_end(object);
    lua_pushboolean(L, 1);
    return 1;
}

/* (object): its end. An object of the host is the host's to end. */
static int finish(lua_State *L)
{
    molt__binding *b = open_binding(L);
    molt_object *object = check_object(L, b, 1, "destroy");
    if (object->flags & MOLT__HOST) {
        char name[128];
        molt__fail(b->world, MOLT_ERR_STATE, "%s belongs to the host, which alone destroys it",
                   molt__object_name(object, name, sizeof name));
        return molt__push_failure(L, b);
    }
    if (lua_type(L, 1) != LUA_TTABLE) {  /* a view: its environment is the object */
        lua_getfenv(L, 1);
        lua_replace(L, 1);
    }
    molt__strip(L, b, object, 1);
    molt__object_end(object);
    lua_pushboolean(L, 1);
    return 1;
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
    molt__binding *b = open_binding(L);
    molt_object *object = check_object(L, b, 1, "attach");
    size_t id = (size_t)luaL_checkinteger(L, 2), from = (size_t)luaL_checkinteger(L, 4);
    luaL_argcheck(L, id >= 1 && id <= b->world->shapes.count, 2, "no such shape");
    if (lua_type(L, 1) != LUA_TTABLE) return luaL_argerror(L, 1, "table expected");
    molt_shape *to = b->world->shapes.item[id - 1];
    if (object->shape->id != from || to->layout != object->shape->layout) {
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
    push_entry(L, b->metas, (int)shape->id);
}

int molt__ready(lua_State *L)
{
    push_meta(L, molt__binding_open(L), lua_touserdata(L, 1));
    return 0;
}

void molt__reshaped(lua_State *L, molt__binding *b, molt_object *object)
{
    if (!push_entry(L, b->objects, object->slot)) return;
    molt__views_follow(L, b, object, object->shape);
    patches_follow(L, b, object, lua_gettop(L));
    push_entry(L, b->metas, (int)object->shape->id);
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

/* The table of the object that moves, if it has one, gets what was staged for it. */
static void relay(lua_State *L, const molt__binding *b, const molt__move *move, int objects, int staged, int entry)
{
    lua_rawgeti(L, objects, move->object->slot);
    lua_rawgeti(L, staged, entry);
    if (lua_istable(L, -2) && lua_toboolean(L, -1)) {
        lua_rawseti(L, -2, 0);
        push_entry(L, b->metas, (int)move->body->shape->id);
        lua_setmetatable(L, -2);
        molt__views_follow(L, b, move->object, move->body->shape);
    } else {
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void molt__relaid(lua_State *L, molt__binding *b, const molt__move *moves, size_t count, bool commit)
{
    int top = lua_gettop(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->staged);
    for (size_t i = 0; commit && lua_istable(L, top + 2) && i < count; i++) {
        relay(L, b, &moves[i], top + 1, top + 2, (int)i + 1);
    }
    lua_pushboolean(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, b->staged);
    lua_settop(L, top);
}

static bool is_body(lua_State *L, int index, const molt_object *body)
{
    const void *address;
    memcpy(&address, lua_topointer(L, index), sizeof address);
    return address == body;
}

/* A table for an object of the host that Lua has never seen. */
static void wrap(lua_State *L, molt__binding *b, molt_object *object)
{
    push_meta(L, b, object->shape);
    push_entry(L, b->callbacks, MOLT__CALLBACK_CDATA);
    lua_pushinteger(L, (lua_Integer)object->shape->id);
    lua_pushlightuserdata(L, object->peer);
    lua_call(L, 2, 1);
    lua_createtable(L, 1, 0);
    /* A finalizer may have been faster, or ended the object, or moved its body. */
    if (!object->slot || !is_body(L, -2, object->peer)) {
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
    lua_insert(L, -3);
    lua_rawseti(L, -3, 0);
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

/* Goes through one slot: ends a body whose table has died, closes holes. */
static void sweep_slot(lua_State *L, molt__binding *b, int tables)
{
    molt_object *object = b->border.objects[b->sweep_from];
    if (!object) return;
    lua_rawgeti(L, tables, b->sweep_from);
    bool dead = lua_isnil(L, -1) && !(object->flags & (MOLT__HOST | MOLT__NEWBORN)) && !object->retains;
    if (dead) {
        lua_pop(L, 1);
        molt__object_end(object);
        return;
    }
    if (b->sweep_from == b->sweep_to) {
        lua_pop(L, 1);
    } else {
        lua_rawseti(L, tables, b->sweep_to);     /* may want memory and raise: nothing is done yet */
        molt__registry_move(b->world, b->sweep_from, b->sweep_to);
        lua_pushnil(L);
        lua_rawseti(L, tables, b->sweep_from);
    }
    b->sweep_to++;
}

/* molt_border.collected */
enum { SWEPT, COLLECTED, UNDER_WAY, BOTH };

/* (count): goes on with the sweep, `count` slots at most (to the end without a
 * number); begins one if the collector ran. Later, while the host iterates. */
static int sweep(lua_State *L)
{
    molt__binding *b = open_binding(L);
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

void molt__open_lives(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "finish", finish }, { "finish_plain", finish_plain }, { "enter", enter }, { "view", view }, { "sweep", sweep }, { NULL, NULL },
    };
    molt__binding *b = molt__binding_of(L);
    lua_pushlightuserdata(L, b);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->tombstones);
    luaL_openlib(L, NULL, functions, TOMBSTONES);
}
