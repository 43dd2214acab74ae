/*
 * verbs.c: molt.core, the functions by which molt's Lua changes a world.
 *
 * Handles are light userdata that only molt's own Lua ever holds; every public
 * verb checks its arguments before it comes here. All return nil and an error
 * object on failure.
 */
#include "tables.h"

#include "cascade.h"
#include "fieldtype.h"
#include "impl.h"
#include "loader.h"
#include "relayout.h"
#include "trait.h"
#include "value.h"
#include "vtable.h"

#include <string.h>

static void *handle(lua_State *L, int index)
{
    return lua_touserdata(L, index);
}

/* A Lua array of light userdata, copied into memory that Lua owns. */
static void *const *handles(lua_State *L, int index, size_t *count)
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

static const char *const *texts(lua_State *L, int index, size_t *count)
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

static int answer_handle(lua_State *L, molt__binding *b, void *made)
{
    if (!made) return molt__push_failure(L, b);
    lua_pushlightuserdata(L, made);
    return 1;
}

static int answer(lua_State *L, molt__binding *b, int64_t err)
{
    if (err < 0) return molt__push_failure(L, b);
    if (err > 0) lua_pushnumber(L, (double)err);
    else lua_pushboolean(L, 1);
    return 1;
}

/* The answer of core work that was done here: see molt__here. */
static int answer_from(lua_State *L, molt__binding *b, lua_State *before, int64_t err)
{
    b->current = before;
    return answer(L, b, err);
}

/* (name, lines, required, excluded, where, required lines, excluded lines) */
static int trait_declare(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_trait_lines lines = { .size = sizeof lines, .name = luaL_checkstring(L, 1), .where = luaL_checkstring(L, 5) };
    lines.lines = texts(L, 2, &lines.line_count);
    lines.required = (molt_trait *const *)handles(L, 3, &lines.required_count);
    lines.excluded = (molt_trait *const *)handles(L, 4, &lines.excluded_count);
    lines.required_lines = texts(L, 6, &lines.required_line_count);
    lines.excluded_lines = texts(L, 7, &lines.excluded_line_count);
    return answer_handle(L, b, molt_trait_declare(b->world, &lines));
}

/* A fill by the Lua function at `index`; the reference is taken back on failure. */
static molt_fill lua_fill(lua_State *L, int name, int index, int where)
{
    lua_pushvalue(L, index);
    return (molt_fill){
        .size = sizeof(molt_fill),
        .name = luaL_checkstring(L, name),
        .where = luaL_checkstring(L, where),
        .foreign = luaL_ref(L, LUA_REGISTRYINDEX),
    };
}

static int answer_fill(lua_State *L, molt__binding *b, const molt_fill *fill, lua_State *before, int64_t err)
{
    b->current = before;
    if (err < 0) luaL_unref(L, LUA_REGISTRYINDEX, (int)fill->foreign);
    return answer(L, b, err);
}

/* (trait, name, function, where) */
static int trait_fill(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_fill fill = lua_fill(L, 2, 3, 4);
    lua_State *before = molt__here(L, b);
    return answer_fill(L, b, &fill, before, molt_trait_fill(handle(L, 1), &fill));
}

/* (trait, name, where) */
static int impl_new(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return answer_handle(L, b, molt_impl_new(handle(L, 1), luaL_checkstring(L, 2), luaL_checkstring(L, 3)));
}

/* (impl, name, function, where) */
static int impl_fill(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_fill fill = lua_fill(L, 2, 3, 4);
    lua_State *before = molt__here(L, b);
    return answer_fill(L, b, &fill, before, molt_impl_fill(handle(L, 1), &fill));
}

/* (impl, field, value) */
static int impl_set(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_impl *impl = handle(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const molt__field *field = molt__trait_field(impl->trait, molt__name_find(b->world, name));
    molt_value value = { 0 };
    if (field && molt__fieldtype_is_wide(field->kind)) return answer(L, b, molt__impl_set_wide(L, b, impl, field, 3));
    if (field && field->offset) {
        const char *what = lua_pushfstring(L, "field '%s'", name);
        if (molt__to_value(L, b, 3, field->kind, &value, what)) return molt__push_failure(L, b);
    }
    return answer(L, b, molt_impl_set(impl, name, value));
}

/* (kind, value, what) -> the value as a field of that kind takes it */
static int convert(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);    /* inside of migrate, too */
    molt_kind kind = molt__kind_named(luaL_checkstring(L, 1));
    molt_value value;
    if (molt__to_value(L, b, 2, kind, &value, luaL_checkstring(L, 3))) return molt__push_failure(L, b);
    molt__push_value(L, b, value);
    return 1;
}

/* (trait, selection or nil, verb, names) -> selection, or true when that is the trait as it is */
static int trait_select(lua_State *L)
{
    static const char *const verbs[] = { "without", "rename", "alias", NULL };
    molt__binding *b = molt__binding_open(L);
    molt_trait *trait = handle(L, 1);
    const molt__selection *from = handle(L, 2), *made;
    size_t count;
    const char **names = (const char **)(uintptr_t)texts(L, 4, &count);
    for (size_t i = 0; i < count; i++) {
        names[i] = molt__name(b->world, names[i]);
        if (!names[i]) return molt__push_failure(L, b);
    }
    molt__select_verb verb = (molt__select_verb)luaL_checkoption(L, 3, NULL, verbs);
    if (!molt__select(trait, from, verb, names, count, &made)) return molt__push_failure(L, b);
    if (!made) return answer(L, b, MOLT_OK);
    return answer_handle(L, b, (void *)(uintptr_t)made);
}

/* (trait, selection or nil, name) -> is anything of it known by that name? */
static int trait_has(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 3));
    lua_pushboolean(L, name && molt__select_has(handle(L, 1), handle(L, 2), name));
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
    void *const *named = handles(L, index, &given);
    const molt__selection **selections = lua_newuserdata(L, (given + 1) * sizeof *selections);
    int made = unite(named, given, selections);
    *out = selections;
    *count = made < 0 ? 0 : (size_t)made;
    return made >= 0;
}

/* (name, base or nil, traits, where, { trait, selection or false, … }) */
static int class_declare(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_class_lines lines = {
        .size = sizeof lines, .name = luaL_checkstring(L, 1), .base = handle(L, 2), .where = luaL_checkstring(L, 4),
    };
    lines.traits = (molt_trait *const *)handles(L, 3, &lines.trait_count);
    const molt__selection *const *selections;
    size_t count;
    if (!molt__united_selections(L, 5, &selections, &count)) return molt__push_failure(L, b);
    return answer_handle(L, b, molt__class_declare(b->world, &lines, selections, count));
}

/* (class, name, function, where [, patch]) -> number of the fill; `patch` is "override",
 * "before", "after" or "around" */
static int class_fill(lua_State *L)
{
    static const char *const kinds[] = { "fill", "override", "before", "after", "around", NULL };
    static const uint32_t flags[] = { 0, MOLT__OVERRIDE, MOLT__BEFORE, MOLT__AFTER, MOLT__AROUND };
    molt__binding *b = molt__binding_open(L);
    int kind = luaL_checkoption(L, 5, "fill", kinds);
    molt_fill fill = lua_fill(L, 2, 3, 4);
    fill.flags = flags[kind];
    lua_State *before = molt__here(L, b);
    return answer_fill(L, b, &fill, before, molt_class_fill(handle(L, 1), &fill));
}

/* (class, number) */
static int class_unfill(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    int64_t number = (int64_t)luaL_checknumber(L, 2);
    lua_State *before = molt__here(L, b);
    return answer_from(L, b, before, molt_class_unfill(handle(L, 1), number));
}

/* { trait, impl or false, selection or false, … } as pieces in memory that Lua owns */
static molt__attached *pieces(lua_State *L, int index, size_t *count)
{
    size_t length;
    void *const *list = handles(L, index, &length);
    *count = length / 3;
    molt__attached *add = lua_newuserdata(L, (*count + 1) * sizeof *add);
    for (size_t i = 0; i < *count; i++) {
        add[i] = (molt__attached){ .trait = list[3 * i], .impl = list[3 * i + 1], .names = list[3 * i + 2] };
    }
    return add;
}

/* { trait, … }, likewise */
static molt__attached *traits_at(lua_State *L, int index, size_t *count)
{
    void *const *list = handles(L, index, count);
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
    const molt__attached *add = pieces(L, 2, &count);
    lua_State *before = molt__here(L, b);
    bool alone = count == 1 && add->impl;
    return answer_from(L, b, before, alone ? molt_class_use(handle(L, 1), NULL, add->impl)
                                           : molt__class_use_set(handle(L, 1), add, count));
}

/* (class, traits [, impl]): the traits, or the implementation, go */
static int class_drop(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t count;
    lua_settop(L, 3);
    const molt__attached *gone = traits_at(L, 2, &count);
    lua_State *before = molt__here(L, b);
    return answer_from(L, b, before, handle(L, 3) ? molt_class_drop(handle(L, 1), NULL, handle(L, 3))
                                                  : molt__class_drop_set(handle(L, 1), gone, count));
}

/* (class, traits) -> true; or nil and why class_drop would fail */
static int may_drop(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t count;
    const molt__attached *gone = traits_at(L, 2, &count);
    lua_State *before = molt__here(L, b);
    return answer_from(L, b, before, molt__relayout_may_remove(handle(L, 1), gone, count));
}

static int answer_shape(lua_State *L, molt__binding *b, const molt_shape *shape)
{
    if (!shape) return molt__push_failure(L, b);
    lua_pushinteger(L, (lua_Integer)shape->id);
    return 1;
}

/* (class) -> id of the shape of new instances; fails while the class is incomplete */
static int class_shape(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return answer_shape(L, b, molt__class_shape(handle(L, 1)));
}

/* (shape id, trait, impl or nil) -> id of the shape with it */
static int shape_attach(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return answer_shape(L, b, molt__shape_attach(molt__shape_at(L, b, 1), handle(L, 2), handle(L, 3)));
}

/* (shape id, { trait, impl or false, selection or false, … }) -> id of the shape with all of them */
static int shape_attach_set(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    size_t count;
    const molt__attached *add = pieces(L, 2, &count);
    return answer_shape(L, b, molt__shape_attach_set(molt__shape_at(L, b, 1), add, count));
}

/* (shape id, trait) -> id of the shape without it */
static int shape_detach(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return answer_shape(L, b, molt__shape_detach(molt__shape_at(L, b, 1), handle(L, 2)));
}

/* (shape id, trait) -> id of the shape without it and without what requires it */
static int shape_cascade(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return answer_shape(L, b, molt__cascade_detach(molt__shape_at(L, b, 1), handle(L, 2)));
}

/* (object, name): typed slots of that name look at the object's table from now on */
static int object_patch(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_object *object = molt__check_object(L, b, 1, "override");
    const char *name = molt__name(b->world, luaL_checkstring(L, 2));
    return answer(L, b, name ? molt__vtable_patch(object, name) : MOLT_ERR_MEMORY);
}

static int object_unpatch(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_object *object = molt__check_object(L, b, 1, "restore");
    const char *name = molt__name_find(b->world, luaL_checkstring(L, 2));
    if (name) molt__vtable_unpatch(object, name);
    return answer(L, b, MOLT_OK);
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

/* () -> true; "reload" when reloads wait that Lua is to do, and tell of, first */
static int tick(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    if (b->world->loader && b->world->loader->asked && !b->world->loader->busy) {
        lua_pushliteral(L, "reload");
        return 1;
    }
    lua_State *before = molt__here(L, b);
    return answer_from(L, b, before, molt_world_tick(b->world));
}

void molt__open_verbs(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "trait_declare", trait_declare }, { "trait_fill", trait_fill },
        { "impl_new", impl_new }, { "impl_fill", impl_fill }, { "impl_set", impl_set },
        { "convert", convert },
        { "trait_select", trait_select }, { "trait_has", trait_has },
        { "class_declare", class_declare }, { "class_fill", class_fill }, { "class_unfill", class_unfill },
        { "class_use", class_use }, { "class_drop", class_drop }, { "may_drop", may_drop }, { "class_shape", class_shape },
        { "shape_attach", shape_attach }, { "shape_attach_set", shape_attach_set }, { "shape_detach", shape_detach },
        { "shape_cascade", shape_cascade },
        { "object_patch", object_patch }, { "object_unpatch", object_unpatch },
        { "drain", drain }, { "tick", tick }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
