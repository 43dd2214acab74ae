/* selections.c: molt.core, traits under other names. */
#include "handles.h"

#include "select.h"
#include "trait.h"

/* (trait, selection or nil, verb, names) -> selection, or true when that is the trait as it is */
static int trait_select(lua_State *L)
{
    static const char *const verbs[] = { "without", "rename", "alias", NULL };
    molt__binding *b = molt__binding_open(L);
    molt_trait *trait = lua_touserdata(L, 1);
    const molt__selection *from = lua_touserdata(L, 2), *made;
    size_t count;
    const char **names = molt__texts(L, 4, &count);
    for (size_t i = 0; i < count; i++) {
        names[i] = molt__name(b->world, names[i]);
        if (!names[i]) return molt__push_failure(L, b);
    }
    molt__select_verb verb = (molt__select_verb)luaL_checkoption(L, 3, NULL, verbs);
    if (!molt__select(trait, from, verb, names, count, &made)) return molt__push_failure(L, b);
    if (!made) return molt__answer(L, b, MOLT_OK);
    return molt__answer_handle(L, b, made);
}

/* (trait, selection or nil, name) -> is anything of it known by that name? */
static int trait_has(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 3));
    lua_pushboolean(L, name && molt__select_has(lua_touserdata(L, 1), lua_touserdata(L, 2), name));
    return 1;
}

/* One selection for each trait: those of one trait united. Pairs of trait and
 * selection or NULL at `list`; returns how many there are, in `out`, or -1. */
static int unite(void *const *list, size_t count, const molt__selection **out)
{
    int made = 0;
    for (size_t i = 0; i < count; i += 2) {
        bool first = true;
        const molt__selection *names = list[i + 1];
        for (size_t j = 0; j < i && first; j += 2) first = list[j] != list[i];
        for (size_t j = i + 2; j < count && first; j += 2) {
            if (list[j] == list[i] && !molt__select_unite(list[i], names, list[j + 1], &names)) return -1;
        }
        if (first && names) out[made++] = names;
    }
    return made;
}

bool molt__united_selections(lua_State *L, int index, const molt__selection *const **out, size_t *count)
{
    size_t given;
    void *const *named = molt__handles(L, index, &given);
    const molt__selection **selections = lua_newuserdata(L, (given + 1) * sizeof *selections);
    int made = unite(named, given, selections);
    *out = selections;
    *count = made < 0 ? 0 : (size_t)made;
    return made >= 0;
}

/* (selection) -> { own, name, role, own, … } */
static int selection_pairs(lua_State *L)
{
    molt__binding_open(L);
    const molt__selection *names = lua_touserdata(L, 1);
    lua_createtable(L, 3 * (int)names->count, 0);
    for (size_t i = 0; i < names->count; i++) {
        lua_pushstring(L, names->pair[i].own);
        lua_rawseti(L, -2, 3 * (int)i + 1);
        lua_pushstring(L, names->pair[i].name);
        lua_rawseti(L, -2, 3 * (int)i + 2);
        lua_pushinteger(L, (lua_Integer)names->pair[i].role);
        lua_rawseti(L, -2, 3 * (int)i + 3);
    }
    return 1;
}

/* (trait, { own, name, role, own, … }) -> selection, or true: the trait as it is */
static int selection_from(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t count = lua_objlen(L, 2) / 3;
    molt__pair *pairs = lua_newuserdata(L, (count + 1) * sizeof *pairs);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, 3 * (int)i + 1);
        lua_rawgeti(L, 2, 3 * (int)i + 2);
        lua_rawgeti(L, 2, 3 * (int)i + 3);
        const char *own = molt__name(b->world, luaL_checkstring(L, -3)), *name = molt__name(b->world, luaL_checkstring(L, -2));
        if (!own || !name) return molt__push_failure(L, b);
        pairs[i] = (molt__pair){ own, name, (unsigned)luaL_checkinteger(L, -1) };
        lua_pop(L, 3);
    }
    const molt__selection *selection;
    if (!molt__select_pairs(lua_touserdata(L, 1), pairs, count, &selection)) return molt__push_failure(L, b);
    return selection ? molt__answer_handle(L, b, selection) : molt__answer(L, b, MOLT_OK);
}

void molt__open_selections(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "trait_select", trait_select }, { "trait_has", trait_has }, { "selection_pairs", selection_pairs },
        { "selection_from", selection_from }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
