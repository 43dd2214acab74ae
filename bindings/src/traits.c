/* traits.c: molt.core, traits and implementations are declared and filled. */
#include "handles.h"

#include "fieldtype.h"
#include "impl.h"
#include "trait.h"
#include "value.h"

/* (name, lines, required, excluded, where, required lines, excluded lines) */
static int trait_declare(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_trait_lines lines = { .size = sizeof lines, .name = luaL_checkstring(L, 1), .where = luaL_checkstring(L, 5) };
    lines.lines = molt__texts(L, 2, &lines.line_count);
    lines.required = (molt_trait *const *)molt__handles(L, 3, &lines.required_count);
    lines.excluded = (molt_trait *const *)molt__handles(L, 4, &lines.excluded_count);
    lines.required_lines = molt__texts(L, 6, &lines.required_line_count);
    lines.excluded_lines = molt__texts(L, 7, &lines.excluded_line_count);
    return molt__answer_handle(L, b, molt_trait_declare(b->world, &lines));
}

/* (trait, name, function, where) */
static int trait_fill(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_fill fill = molt__lua_fill(L, 2, 3, 4);
    lua_State *before = molt__here(L, b);
    return molt__answer_fill(L, b, &fill, before, molt_trait_fill(lua_touserdata(L, 1), &fill));
}

/* (trait, name, where) */
static int impl_new(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    return molt__answer_handle(L, b, molt_impl_new(lua_touserdata(L, 1), luaL_checkstring(L, 2), luaL_checkstring(L, 3)));
}

/* (impl, name, function, where) */
static int impl_fill(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_fill fill = molt__lua_fill(L, 2, 3, 4);
    lua_State *before = molt__here(L, b);
    return molt__answer_fill(L, b, &fill, before, molt_impl_fill(lua_touserdata(L, 1), &fill));
}

/* (impl, field, value) */
static int impl_set(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_impl *impl = lua_touserdata(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const molt__field *field = molt__trait_field(impl->trait, molt__name_find(b->world, name));
    molt_value value = { 0 };
    if (field && molt__fieldtype_is_wide(field->kind)) return molt__answer(L, b, molt__impl_set_wide(L, b, impl, field, 3));
    if (field && field->offset) {
        const char *what = lua_pushfstring(L, "field '%s'", name);
        if (molt__to_value(L, b, 3, field->kind, &value, what)) return molt__push_failure(L, b);
    }
    return molt__answer(L, b, molt_impl_set(impl, name, value));
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

void molt__open_traits(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "trait_declare", trait_declare }, { "trait_fill", trait_fill }, { "impl_new", impl_new },
        { "impl_fill", impl_fill }, { "impl_set", impl_set }, { "convert", convert }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
