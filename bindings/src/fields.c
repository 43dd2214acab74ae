/*
 * fields.c: Lua reads and writes fields wider than a scalar.
 *
 * A value is first made ready in memory of Lua's, which may run finalizers; then
 * the object is looked at and changed, with nothing of Lua's in between.
 */
#include "binding.h"

#include "fieldtype.h"
#include "record.h"
#include "shape.h"
#include "trait.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

/* Fields are read and written inside of migrate, too. */
static molt__binding *binding(lua_State *L)
{
    molt__binding *b = molt__binding_of(L);
    return b->world && b->migrating ? b : molt__binding_open(L);
}

/* Pushes a scalar that lies in memory. */
static void push_scalar(lua_State *L, molt__binding *b, molt_kind kind, const char *memory)
{
    molt__push_value(L, b, molt__value_read(kind, memory));
}

void molt__push_field(lua_State *L, molt__binding *b, const molt__field *field, const void *memory)
{
    const molt__type *type = &field->type;
    molt_value value;
    molt__fieldtype_get(field, memory, &value);
    if (field->kind == MOLT_STRING) {
        lua_pushlstring(L, value.as.string->length ? value.as.string->text : "", value.as.string->length);
    } else if (type->count) {
        lua_createtable(L, (int)type->count, 0);
        for (uint32_t i = 0; i < type->count; i++) {
            push_scalar(L, b, type->element, (const char *)memory + i * molt__kind_size(type->element));
            lua_rawseti(L, -2, (int)i + 1);
        }
    } else if (type->record) {
        lua_createtable(L, 0, (int)type->record->count);
        for (size_t i = 0; i < type->record->count; i++) {
            const molt__record_member *member = &type->record->member[i];
            push_scalar(L, b, member->kind, (const char *)memory + member->offset);
            lua_setfield(L, -2, member->name);
        }
    } else {
        molt__push_value(L, b, value);
    }
}

static int refuse_type(lua_State *L, molt__binding *b, int index, const molt__field *field, const char *what)
{
    char type[128];
    molt__declaration_type(field->kind, &field->type, type, sizeof type);
    return molt__fail(b->world, MOLT_ERR_TYPE, "%s takes %s '%s', got %s", what,
                      field->kind == MOLT_REF ? "a reference to" : field->kind == MOLT_STRING ? "a" : "a table for", type,
                      lua_typename(L, lua_type(L, index)));
}

static int to_element(lua_State *L, molt__binding *b, molt_kind kind, char *memory, const char *what)
{
    molt_value value;
    int err = molt__to_value(L, b, -1, kind, &value, what);
    lua_pop(L, 1);
    if (!err) molt__value_write(memory, value);
    return err;
}

static int to_array(lua_State *L, molt__binding *b, int index, const molt__type *type, char *memory, const char *what)
{
    size_t got = lua_objlen(L, index);
    if (got != type->count) {
        return molt__fail(b->world, MOLT_ERR_RANGE, "%s has %u elements, got %zu", what, (unsigned)type->count, got);
    }
    for (uint32_t i = 0; i < type->count; i++) {
        char place[200];
        snprintf(place, sizeof place, "element %u of %s", (unsigned)i + 1, what);
        lua_rawgeti(L, index, (int)i + 1);
        int err = to_element(L, b, type->element, memory + i * molt__kind_size(type->element), place);
        if (err) return err;
    }
    return MOLT_OK;
}

/* Every key of the table names a member. */
static int check_members(lua_State *L, molt__binding *b, int index, const molt__record *record, const char *what)
{
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
        molt__near search = molt__near_begin(key ? key : "");
        bool known = false;
        for (size_t i = 0; i < record->count && !known; i++) {
            known = key && strcmp(key, record->member[i].name) == 0;
            molt__near_offer(&search, record->member[i].name);
        }
        if (known) continue;
        molt__fail(b->world, MOLT_ERR_UNKNOWN, "%s is a '%s', which has no '%s'", what, record->name,
                   key ? key : lua_typename(L, lua_type(L, -1)));
        if (molt__near_result(&search)) molt__hint(b->world, "did you mean '%s'?", molt__near_result(&search));
        lua_pop(L, 1);
        return MOLT_ERR_UNKNOWN;
    }
    return MOLT_OK;
}

static int to_record(lua_State *L, molt__binding *b, int index, const molt__record *record, char *memory, const char *what)
{
    int err = check_members(L, b, index, record, what);
    for (size_t i = 0; i < record->count && !err; i++) {
        char place[200];
        snprintf(place, sizeof place, "member '%s' of %s", record->member[i].name, what);
        lua_pushstring(L, record->member[i].name);
        lua_rawget(L, index);
        err = to_element(L, b, record->member[i].kind, memory + record->member[i].offset, place);
    }
    return err;
}

/* A Lua value as the bytes that the field would have, a string's apart: its text
 * is Lua's. `memory` has room for the field. */
static int to_field(lua_State *L, molt__binding *b, int index, const molt__field *field, char *memory, const char *what)
{
    int type = lua_type(L, index);
    if (field->kind == MOLT_STRING && type == LUA_TSTRING) {
        molt_string string = { lua_tostring(L, index), lua_objlen(L, index) };
        memcpy(memory, &string, sizeof string);
        return MOLT_OK;
    }
    if (field->kind == MOLT_REF && (type == LUA_TTABLE || type == LUA_TUSERDATA || type == LUA_TNIL)) {
        molt__refusal why = { 0 };
        molt_object *object = type == LUA_TNIL ? NULL : molt__to_object(L, b, index, &why);
        if (!object && why.code) return molt__fail(b->world, why.code, "%s takes an object, got %s", what, why.text);
        molt_ref ref = molt_object_ref(object);
        memcpy(memory, &ref, sizeof ref);
        return MOLT_OK;
    }
    if (field->kind == MOLT_MEMORY && type == LUA_TTABLE) {
        memset(memory, 0, field->size);
        if (field->type.record) return to_record(L, b, index, field->type.record, memory, what);
        return to_array(L, b, index, &field->type, memory, what);
    }
    return refuse_type(L, b, index, field, what);
}

const molt__field *molt__typed_field(const molt_trait *trait, size_t place)
{
    for (size_t i = 0; i < trait->field_count; i++) {
        if (trait->fields[i].offset && --place == 0) return &trait->fields[i];
    }
    return NULL;
}

/* A place among the typed fields stays the same as long as the trait does. */
static const molt__field *field_at(lua_State *L, int trait, int index)
{
    const molt__field *field = molt__typed_field(lua_touserdata(L, trait), (size_t)luaL_checkinteger(L, index));
    luaL_argcheck(L, field, index, "no such field");
    return field;
}

int molt__field_value(lua_State *L, molt__binding *b, int index, const molt__field *field, molt_value *value,
                      const char *what)
{
    char *memory = lua_newuserdata(L, field->size);
    int err = to_field(L, b, index, field, memory, what);
    if (err) return err;
    molt__fieldtype_get(field, memory, value);
    return molt__fieldtype_check(b->world, field, *value, what);
}

/* Where a living object, or that of a view, has the field; NULL with an error. */
static char *place_of(lua_State *L, molt__binding *b, const molt_trait *trait, const molt__field *field, const char *verb)
{
    molt_object *object = molt__check_object(L, b, 1, verb);
    const molt__part *part = molt__shape_part(object->shape, trait->identity);
    if (part) return (char *)molt__part_block(object, part) + field->offset;
    molt__fail(b->world, MOLT_ERR_STALE, "field '%s' went with the trait '%s'", field->name, trait->name);
    return NULL;
}

/* Pushes the text of a string field. Lua looks whether a collection is due before it
 * copies, and a finalizer may set the field anew: so what Lua copies is a copy. */
static void push_text(lua_State *L, molt__binding *b, const molt_trait *trait, const molt__field *field)
{
    char room[256], *copy = room;
    size_t size = sizeof room;
    for (;;) {
        const molt_string *string = (const void *)place_of(L, b, trait, field, "get");
        if (!string) molt__raise_last(L, b, 1);
        size_t length = string->length;
        if (length <= size) {
            if (length) memcpy(copy, string->text, length);
            lua_pushlstring(L, copy, length);
            return;
        }
        copy = lua_newuserdata(L, length);
        size = length;
    }
}

/* (object or view, trait, field) -> its value; an array or struct as a table */
static int field_get(lua_State *L)
{
    molt__binding *b = binding(L);
    const molt__field *field = field_at(L, 2, 3);
    lua_settop(L, 3);
    if (field->kind == MOLT_STRING) {
        push_text(L, b, lua_touserdata(L, 2), field);
        return 1;
    }
    char *room = lua_newuserdata(L, field->size);
    const char *memory = place_of(L, b, lua_touserdata(L, 2), field, "get");
    if (!memory) return molt__raise_last(L, b, 1);
    memcpy(room, memory, field->size);
    if (field->kind == MOLT_MEMORY) {
        molt__push_field(L, b, field, room);
        return 1;
    }
    molt_ref ref;
    memcpy(&ref, room, sizeof ref);
    molt_object *target = ref.index1 ? molt_ref_object(b->world, ref) : NULL;
    if (target) molt__push_object(L, b, target);
    else lua_pushnil(L);
    return 1;
}

/* (object or view, trait, field, value) -> true; or nil and an error, and it is as before */
static int field_set(lua_State *L)
{
    molt__binding *b = binding(L);
    const molt__field *field = field_at(L, 2, 3);
    molt_value value;
    char what[128];
    snprintf(what, sizeof what, "field '%s'", field->name);
    lua_settop(L, 4);
    if (molt__field_value(L, b, 4, field, &value, what)) return molt__push_failure(L, b);
    char *memory = place_of(L, b, lua_touserdata(L, 2), field, "set");
    if (!memory || molt__fieldtype_set(b->world, field, value, memory, what)) return molt__push_failure(L, b);
    lua_pushboolean(L, 1);
    return 1;
}

/* (trait, field, value, what) -> true; or nil and the error that setting it would give */
static int field_fits(lua_State *L)
{
    molt__binding *b = binding(L);
    const molt__field *field = field_at(L, 1, 2);
    molt_value value;
    lua_settop(L, 4);
    if (molt__field_value(L, b, 3, field, &value, luaL_checkstring(L, 4))) return molt__push_failure(L, b);
    lua_pushboolean(L, 1);
    return 1;
}

/* (impl, field's name, value): as core.impl_set, for fields wider than a scalar */
int molt__impl_set_wide(lua_State *L, molt__binding *b, molt_impl *impl, const molt__field *field, int index)
{
    molt_value value;
    char what[128];
    snprintf(what, sizeof what, "field '%s'", field->name);
    int err = molt__field_value(L, b, index, field, &value, what);
    return err ? err : molt_impl_set(impl, field->name, value);
}

/* (name, members, where) */
static int struct_declare(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    molt_struct_text text = {
        .size = sizeof text, .name = luaL_checkstring(L, 1), .members = luaL_checkstring(L, 2), .where = luaL_checkstring(L, 3),
    };
    if (molt_struct_declare(b->world, &text)) return molt__push_failure(L, b);
    lua_pushboolean(L, 1);
    return 1;
}

/* (metatable, view) -> proxy: a userdata whose payload points to the view's, and
 * whose environment keeps the view, and so the object. */
static int proxy(lua_State *L)
{
    lua_settop(L, 2);
    molt_proxy *made = lua_newuserdata(L, sizeof *made);
    made->view = lua_touserdata(L, 2);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, -2);
    lua_pushvalue(L, 1);
    lua_setmetatable(L, -2);
    return 1;
}

/* (proxy) -> its view */
static int proxied(lua_State *L)
{
    lua_getfenv(L, 1);
    lua_rawgeti(L, -1, 1);
    return 1;
}

void molt__open_fields(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "field_get", field_get }, { "field_set", field_set }, { "field_fits", field_fits },
        { "struct_declare", struct_declare }, { "proxy", proxy }, { "proxied", proxied }, { NULL, NULL },
    };
    luaL_register(L, NULL, functions);
}
