/*
 * staging.c: molt.core, what typed fields are to hold while layouts change.
 *
 * migrate functions and lua/molt/judge.lua read the old bodies; what they decide is
 * written into the new ones, which nobody sees yet.
 */
#include "binding.h"

#include "evolve.h"
#include "fieldtype.h"
#include "migrate.h"
#include "trait.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

/* (trait, place, trait, place) of two typed fields -> "same", "wider", "some", "none" */
static int field_fit(lua_State *L)
{
    static const char *const fits[] = { "same", "wider", "some", "none" };
    const molt__field *from = molt__typed_field(lua_touserdata(L, 1), (size_t)luaL_checkinteger(L, 2));
    const molt__field *to = molt__typed_field(lua_touserdata(L, 3), (size_t)luaL_checkinteger(L, 4));
    lua_pushstring(L, fits[from && to ? molt__field_fit(from, to) : MOLT__FIT_NONE]);
    return 1;
}

/* (kind, kind) of scalars, likewise */
static int kind_fit(lua_State *L)
{
    static const char *const fits[] = { "same", "wider", "some", "none" };
    const molt__field from = { .kind = molt__kind_named(luaL_checkstring(L, 1)) };
    const molt__field to = { .kind = molt__kind_named(luaL_checkstring(L, 2)) };
    lua_pushstring(L, fits[molt__field_fit(&from, &to)]);
    return 1;
}

/* (object, trait, place) -> the value of a typed field, whatever its type, private or not */
static int field_value(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);      /* inside of migrate, too */
    if (!b->world) return molt__raise(L, 1, MOLT_ERR_CLOSED, "the world has been closed");
    const molt_trait *trait = lua_touserdata(L, 2);
    const molt__field *field = molt__typed_field(trait, (size_t)luaL_checkinteger(L, 3));
    luaL_argcheck(L, field, 3, "no such field");
    lua_settop(L, 3);
    char *room = lua_newuserdata(L, field->size);    /* that may run a finalizer: look afterwards */
    const molt_object *object = molt__check_object(L, b, 1, "migrate");
    const molt__part *part = molt__shape_part(object->shape, trait->identity);
    if (!part) return 0;
    memcpy(room, (char *)molt__part_block(object, part) + field->offset, field->size);
    if (field->kind == MOLT_REF) {
        molt_ref ref;
        memcpy(&ref, room, sizeof ref);
        molt_object *target = ref.index1 ? molt_ref_object(b->world, ref) : NULL;
        if (target) molt__push_object(L, b, target);
        else lua_pushnil(L);
        return 1;
    }
    if (molt__fieldtype_is_wide(field->kind)) molt__push_field(L, b, field, room);
    else molt__push_value(L, b, molt__value_read(field->kind, room));
    return 1;
}

/* (move, trait, place, value): while bodies are staged, what a field is to hold */
static int stage_write(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    molt__migration *migration = b->world ? b->world->staging : NULL;
    const molt_trait *trait = lua_touserdata(L, 2);
    if (!migration) return luaL_error(L, "no body is staged");
    const molt__field *field = molt__typed_field(trait, (size_t)luaL_checkinteger(L, 3));
    luaL_argcheck(L, field, 3, "no such field");
    char what[128];
    snprintf(what, sizeof what, "field '%s'", field->name);
    molt_value value;
    bool wide = molt__fieldtype_is_wide(field->kind);
    lua_settop(L, 4);
    int err = wide ? molt__field_value(L, b, 4, field, &value, what) : molt__to_value(L, b, 4, field->kind, &value, what);
    if (!err) err = molt__migration_write(migration, (size_t)luaL_checknumber(L, 1), trait, field, value);
    return err ? molt__raise_last(L, b, 0) : 0;
}

/* (function, draft, old, border, "migrating") -> true, or false and an error: runs a
 * migrate function. Molt's verbs raise meanwhile, and so does making an object, which
 * looks at `collected` first. Whatever happens, memory running out too, they do no
 * longer when this returns: no store here needs memory. */
static int migrate(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    lua_settop(L, 5);
    lua_pushvalue(L, 5);
    lua_pushboolean(L, 1);
    lua_rawset(L, 4);
    b->migrating = true;
    if (b->border.collected == 0) b->border.collected = 1;
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    bool failed = molt__call_user(L, b, 2, 0) != 0;
    b->migrating = false;
    lua_pushvalue(L, 5);
    lua_pushboolean(L, 0);
    lua_rawset(L, 4);
    lua_pushboolean(L, !failed);
    if (!failed) return 1;
    lua_insert(L, -2);
    return 2;
}

void molt__open_staging(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "field_fit", field_fit }, { "kind_fit", kind_fit }, { "field_value", field_value },
        { "stage_write", stage_write }, { "migrate", migrate }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
