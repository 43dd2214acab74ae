/*
 * classic.c: Lua calls a typed method by the classic C API, on whatever object
 * it is given. The native function may do anything: reach Lua, destroy, and by a
 * pending error raise; but a Lua error must not unwind it, for its own sake and
 * the border's.
 *
 *   Lua ─▶ call_method ─▶ slot ─┬─▶ native function, through libffi
 *                               └─▶ Lua function, called directly
 */
#include "binding.h"

#include "closure.h"
#include "combine.h"
#include "trait.h"
#include "value.h"
#include "vtable.h"

#include <stdio.h>

/* A function that was kept from an earlier version of the trait calls the method as
 * it is now, if that has the same signature. */
static bool find_present(molt__method **method, const molt_object *object)
{
    const molt_shape *shape = object->shape;
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        molt__method *now = trait->name == (*method)->trait->name ? molt__trait_method(trait, (*method)->name) : NULL;
        if (!now || !molt__method_same(now, *method)) continue;
        *method = now;
        return true;
    }
    return false;
}

static molt_block *block_of(lua_State *L, molt__method **method, const molt_object *object)
{
    const molt__part *part = molt__shape_part(object->shape, (*method)->trait->identity);
    if (!part && find_present(method, object)) part = molt__shape_part(object->shape, (*method)->trait->identity);
    if (part) return molt__part_block(object, part);
    char name[128];
    molt__raise(L, 1, MOLT_ERR_STALE, "%s has no trait '%s', which method '%s' belongs to",
                molt__object_name(object, name, sizeof name), (*method)->trait->name, (*method)->name);
    return NULL;
}

static void check_depth(lua_State *L, const molt__binding *b, const molt__method *method)
{
    if (b->border.depth < MOLT__MAX_DEPTH) return;
    molt__raise(L, 1, MOLT_ERR_DEPTH, "method '%s.%s' was called %d calls deep between Lua and C",
                method->trait->name, method->name, (int)MOLT__MAX_DEPTH);
}

/* One call less is on the stack. */
static void surface(molt__binding *b)
{
    if (--b->border.depth || !b->world) return;
    if (b->world->deferred_count) molt__relayout_deferred(b->world);
    if (!b->border.exposed) molt__limbo_flush(b->world);
}

/* Pushes the Lua function that fills the slot, if one does. The object's table is
 * at 1; name is where the method's name is. */
static bool push_filler(lua_State *L, const molt__method *method, const molt_block *block, int name)
{
    if (molt__vtable_head(block->vtable)->patched >> method->slot & 1) {
        lua_pushvalue(L, name);
        lua_rawget(L, 1);
        if (!lua_isnil(L, -1)) return true;
        lua_pop(L, 1);
    }
    const molt_definition *definition = molt__vtable_filler(block->vtable, method->slot);
    if (!definition || !definition->foreign) return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, (int)definition->foreign);
    return true;
}

/* Calls the Lua function that fills the slot: its arguments are in place. -1 when
 * none does. Only a function of the slot that was kept comes here: what the
 * object has under the name is the Lua function itself. */
static int call_lua(lua_State *L, molt__binding *b, molt__method *method)
{
    int arguments = lua_gettop(L);
    lua_pushstring(L, molt__shape_slot_name(molt__check_object(L, b, 1, method->name)->shape, method));
    molt__push_object(L, b, molt__check_object(L, b, 1, method->name));
    lua_replace(L, 1);
    /* That may have run Lua: look at the slot only now. */
    const molt_block *block = block_of(L, &method, molt__check_object(L, b, 1, method->name));
    if (!push_filler(L, method, block, arguments + 1)) {
        lua_settop(L, arguments);
        return -1;
    }
    check_depth(L, b, method);
    lua_remove(L, arguments + 1);
    lua_insert(L, 1);
    b->border.depth++;
    int status = lua_pcall(L, arguments, LUA_MULTRET, 0);
    lua_State *caller = molt__here(L, b);
    surface(b);
    b->current = caller;
    return status ? lua_error(L) : lua_gettop(L);
}

/* The words for an error are found only when there is one. */
static int refuse_argument(lua_State *L, molt__binding *b, const molt__method *method, size_t i)
{
    char what[200];
    snprintf(what, sizeof what, "argument %zu of '%s.%s'", i + 1, method->trait->name, method->name);
    molt_value value;
    molt__to_value(L, b, (int)i + 2, method->declaration.parameters[i].kind, &value, what);
    return molt__raise_last(L, b, 1);
}

static void read_arguments(lua_State *L, molt__binding *b, const molt__method *method, molt_value *values)
{
    const molt__declaration *declaration = &method->declaration;
    for (size_t i = 0; i < declaration->parameter_count; i++) {
        if (molt__to_value(L, b, (int)i + 2, declaration->parameters[i].kind, &values[i], "")) {
            refuse_argument(L, b, method, i);
        }
    }
}

/* Leaves everything as it was before the call, then tells what happened in it. */
static void leave(lua_State *L, molt__binding *b, const molt__frame *frame, lua_State *caller)
{
    molt_world *world = b->world;
    b->top = frame->below;
    surface(b);
    bool pending = world->border->pending || molt_error_pending(world);
    if (pending) molt__pending_drain(world);
    b->current = caller;
    if (!pending) return;
    world->border->pending = 0;
    molt__raise_pending(L, b);
}

int molt__call_native(lua_State *L, molt__binding *b, molt__method *method, molt_block *block,
                      molt_definition *definition)
{
    molt_world *world = b->world;
    molt_value values[MOLT__MAX_PARAMETERS];
    read_arguments(L, b, method, values);
    check_depth(L, b, method);
    if (!molt__closure_for(method)) return molt__raise_last(L, b, 1);
    union { ffi_arg integer; double number; } result = { 0 };
    void *arguments[MOLT__MAX_PARAMETERS];
    for (size_t i = 0; i < method->declaration.parameter_count; i++) arguments[i] = &values[i].as;
    molt__call call = { .method = method, .self = block, .definition = definition, .arguments = arguments, .result = &result };
    molt__frame frame = { method, b->top };
    lua_State *caller = molt__here(L, b);
    b->top = &frame;
    world->border->depth++;
    molt__closure_native(&call);
    leave(L, b, &frame, caller);
    if (method->declaration.kind == MOLT_VOID) return 0;
    molt__push_value(L, b, molt__closure_argument(method->declaration.kind, &result));
    return 1;
}

static int call_method(lua_State *L)
{
    molt__method *method = lua_touserdata(L, lua_upvalueindex(1));
    molt__binding *b = lua_touserdata(L, lua_upvalueindex(2));
    if (!b->world) return molt__raise(L, 1, MOLT_ERR_CLOSED, "the world has been closed");
    molt__no_leaf(b);
    molt_object *object = molt__own_object(L, b, 1, lua_upvalueindex(3));
    if (!object) object = molt__check_object(L, b, 1, method->name);
    molt_block *block = block_of(L, &method, object);
    molt_definition *definition = molt__vtable_filler(block->vtable, method->slot);
    bool patched = molt__vtable_head(block->vtable)->patched >> method->slot & 1;
    if (patched || !definition || (!definition->function && !definition->chain)) {
        int results = call_lua(L, b, method);
        if (results >= 0) return results;
        block = block_of(L, &method, molt__check_object(L, b, 1, method->name));
        definition = molt__vtable_filler(block->vtable, method->slot);
        if (!definition) {
            return molt__raise(L, 1, MOLT_ERR_MISSING, "method '%s.%s' has no implementation", method->trait->name,
                               method->name);
        }
    }
    return molt__call_native(L, b, method, block, definition);
}

/* The same of a name under which a definition is known beside its slot's: an
 * alias. Whatever answers for the name now is called. */
static int call_named(lua_State *L)
{
    molt__binding *b = lua_touserdata(L, lua_upvalueindex(1));
    const char *name = lua_touserdata(L, lua_upvalueindex(2));
    if (!b->world) return molt__raise(L, 1, MOLT_ERR_CLOSED, "the world has been closed");
    molt__no_leaf(b);
    const molt_object *object = molt__check_object(L, b, 1, name);
    molt_definition *definition = molt__combine_answer(object->shape, name);
    if (definition && definition->function) {
        molt__method *method = definition->trait->methods[definition->slot];
        molt_block *block = block_of(L, &method, object);
        return molt__call_native(L, b, method, block, definition);
    }
    if (!definition || !definition->foreign) {
        return molt__raise(L, 1, MOLT_ERR_MISSING, "method '%s' has no implementation", name);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, (int)definition->foreign);
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

void molt__push_named_caller(lua_State *L, const char *name)
{
    lua_pushlightuserdata(L, molt__binding_of(L));
    lua_pushlightuserdata(L, (void *)(uintptr_t)name);
    lua_pushcclosure(L, call_named, 2);
}

void molt__push_caller(lua_State *L, const molt__method *method)
{
    molt__binding *b = molt__binding_of(L);
    lua_pushlightuserdata(L, (void *)(uintptr_t)method);
    lua_pushlightuserdata(L, b);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
    lua_pushcclosure(L, call_method, 3);
}
