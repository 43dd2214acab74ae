/* definitions.c: molt.core, which definition of a name wins, and over whom. */
#include "handles.h"
#include "tables.h"

#include "combine.h"
#include "impl.h"
#include "resolve.h"
#include "trait.h"

/* Pushes the caller of a combined method, nil, and the functions that run, if all
 * of them are Lua's; nothing for a shape that was left behind, whose chain is gone.
 * Whatever needs memory comes first: it may run a finalizer, and that change the chain,
 * or take it away; the epoch tells the caller, who asks again. */
static int push_chain(lua_State *L, const molt_shape *shape, const char *name)
{
    const molt__chain *chain = molt__combine_find(shape, name);
    if (!chain) return 0;
    size_t room = chain->count;
    molt__push_caller(L, chain->method);
    lua_pushnil(L);
    lua_createtable(L, (int)room, 0);
    chain = molt__combine_find(shape, name);
    if (!chain) return 0;
    for (size_t i = 0; i < chain->count && i < room; i++) {
        if (!chain->item[i].definition->foreign) {
            lua_pop(L, 2);
            return 1;
        }
        lua_rawgeti(L, LUA_REGISTRYINDEX, (int)chain->item[i].definition->foreign);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 3;
}

/* Pushes what a definition is in Lua: its function, or the caller of the typed
 * method whose slot it fills; then how it is called natively, or nil. */
static int push_definition(lua_State *L, const molt_definition *definition)
{
    if (!definition) return 0;
    if (definition->foreign) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, (int)definition->foreign);
        return 1;
    }
    /* Room for the answer may take a finalizer, which may free the definition. */
    molt_trait *trait = definition->trait;
    const uint32_t slot = definition->slot;
    const bool leaf = definition->flags & MOLT_LEAF;
    molt__push_caller(L, trait->methods[slot]);
    lua_createtable(L, 0, 3);
    molt__set_handle(L, "trait", trait);
    molt__set_number(L, "slot", slot);
    lua_pushboolean(L, leaf);
    lua_setfield(L, -2, "leaf");
    return 2;
}

/* (shape id, name) -> function, native or nil */
static int definition_of(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    if (!name) return 0;
    const molt_shape *shape = molt__shape_at(L, b, 1);
    const molt_definition *definition = molt__combine_answer(shape, name);
    if (definition && definition->chain) return push_chain(L, shape, name);
    if (!definition || !definition->function) return push_definition(L, definition);
    const molt__method *method = definition->trait->methods[definition->slot];
    if (molt__shape_slot_name(shape, method) == name) return push_definition(L, definition);
    molt__push_named_caller(L, name);
    return 1;
}

/* (class, name) -> function, native or nil */
static int class_definition(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    return name ? push_definition(L, molt__class_resolve(lua_touserdata(L, 1), name)) : 0;
}

static bool add_name(const char *name, void *user)
{
    molt__append_text(user, name);
    return true;
}

/* A method declared `all` is there even if nobody defines it. */
static void add_empty_names(const molt_shape *shape, lua_State *L)
{
    for (size_t i = 0; i < shape->combined_count; i++) {
        const molt__chain *chain = shape->combined[i].now;
        if (chain && !chain->count) add_name(chain->head.name, L);
    }
}

/* (shape id or class) -> names that some layer defines */
static int names_calm(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    bool shape = lua_type(L, 1) == LUA_TNUMBER;
    lua_newtable(L);
    if (shape) molt__resolve_names(molt__shape_at(L, b, 1), add_name, L);
    else molt__class_resolve_names(lua_touserdata(L, 1), add_name, L);
    if (shape) add_empty_names(molt__shape_at(L, b, 1), L);
    return 1;
}
MOLT__CALM(names)

static const char *patch_name(const molt_definition *definition)
{
    switch (definition->flags & (MOLT__OVERRIDE | MOLT__WRAPS)) {
    case MOLT__OVERRIDE: return "override";
    case MOLT__BEFORE: return "before";
    case MOLT__AFTER: return "after";
    case MOLT__AROUND: return "around";
    default: return NULL;
    }
}

static bool add_claim(const molt__claim *claim, void *user)
{
    static const char *const layers[] = { "object", "fill", "trait" };
    lua_State *L = user;
    lua_createtable(L, 0, 6);
    molt__set_text(L, "layer", layers[claim->layer]);
    molt__set_text(L, "where", claim->definition->where);
    lua_pushboolean(L, claim->definition->function != NULL);
    lua_setfield(L, -2, "native");
    if (patch_name(claim->definition)) molt__set_text(L, "kind", patch_name(claim->definition));
    if (claim->cls) molt__set_text(L, "class", claim->cls->name);
    if (claim->trait) molt__set_text(L, "trait", claim->trait->name);
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
    return true;
}

/* (shape id or class, name) -> { winner, what it hides … } */
static int claims_calm(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    bool shape = lua_type(L, 1) == LUA_TNUMBER;
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    lua_newtable(L);
    if (!name) return 1;
    if (shape) molt__resolve_each(molt__shape_at(L, b, 1), name, add_claim, L);
    else molt__class_resolve_each(lua_touserdata(L, 1), name, add_claim, L);
    return 1;
}
MOLT__CALM(claims)

/* (shape id, name) -> what runs, in order, of a method declared `all`; nil of others */
static int runs_calm(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    lua_newtable(L);
    const molt__chain *chain = name ? molt__combine_find(molt__shape_at(L, b, 1), name) : NULL;
    if (!chain) return 0;
    for (size_t i = 0; i < chain->count; i++) add_claim(&chain->item[i], L);
    return 1;
}
MOLT__CALM(runs)

/* () -> shape id, name (nil: all of them) of what resolves anew next; or nothing */
static int next_change(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_world *world = b->world;
    if (!world->change_count) return 0;
    molt__change change = world->changes[--world->change_count];
    lua_pushinteger(L, (lua_Integer)change.shape->id);
    lua_pushstring(L, change.name);      /* nil: every name */
    return 2;
}

/* (impl, name) -> function, native or nil */
static int impl_definition(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    return name ? push_definition(L, molt__impl_find(lua_touserdata(L, 1), name)) : 0;
}

void molt__open_definitions(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "impl_definition", impl_definition }, { "definition", definition_of }, { "class_definition", class_definition },
        { "names", names }, { "claims", claims }, { "runs", runs }, { "next_change", next_change }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
