/*
 * accessor.c: __index and __newindex of a shape for the interpreter.
 *
 * Compiled code wants accessors in Lua (molt.accessor): they vanish. The
 * interpreter pays for every step of them, most of all for touching C memory
 * through FFI, 40 ns a time; these do a whole access in one call. Both obey the
 * same rules: the body is this table's own and of this shape, or misuse is called.
 */
#include "binding.h"

#include "trait.h"
#include "value.h"

#include <string.h>

/* Upvalues of both functions. The map is kept beside the names it knows by their
 * addresses: LuaJIT has each string once. */
enum { MAP = 1, NAMES, OBJECTS, METHODS, MISUSE, READ_UNKNOWN, REFUSE, ASSIGN, UPVALUES = ASSIGN };

typedef struct entry {
    const void *name;                /* NULL: free */
    uint32_t part;
    uint32_t offset;                 /* in the part's block */
    molt_kind kind;
} entry;

typedef struct map {
    const molt__binding *binding;
    const molt_shape *shape;
    size_t mask;
    entry entries[];
} map;

static size_t first_slot(const map *m, const void *name)
{
    return (size_t)((uintptr_t)name >> 4) & m->mask;
}

/* The typed field that the key at 2 names, or NULL. */
static const entry *find(lua_State *L, const map *m)
{
    const void *name = lua_topointer(L, 2);
    if (!name) return NULL;
    for (size_t i = first_slot(m, name); m->entries[i].name; i = (i + 1) & m->mask) {
        if (m->entries[i].name == name) return &m->entries[i];
    }
    return NULL;
}

/* Where the field is in the table at 1; NULL: its body is not its own. */
static void *memory_of(lua_State *L, const map *m, const entry *field)
{
    if (!m->binding->world) return NULL;
    molt_object *object = molt__own_object(L, m->binding, 1, lua_upvalueindex(OBJECTS));
    if (!object || object->shape != m->shape) return NULL;
    return (char *)molt__part_block(object, &m->shape->parts[field->part]) + field->offset;
}

/* hook(o, k), its result returned. */
static int ask(lua_State *L, int hook)
{
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(hook));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

/* (o, k), where k is no method's name */
static int read_field(lua_State *L)
{
    const map *m = lua_touserdata(L, lua_upvalueindex(MAP));
    const entry *field = find(L, m);
    if (!field) return lua_isnil(L, lua_upvalueindex(READ_UNKNOWN)) ? 0 : ask(L, READ_UNKNOWN);
    const void *memory = memory_of(L, m, field);
    if (!memory) return ask(L, MISUSE);
    molt__push_value(L, m->binding, molt__value_read(field->kind, memory));
    return 1;
}

/* refuse(kind, v, k, o) */
static int refuse(lua_State *L, molt_kind kind)
{
    lua_pushvalue(L, lua_upvalueindex(REFUSE));
    lua_pushstring(L, molt__kind_name(kind));
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_call(L, 4, 0);
    return 0;
}

static int write_typed(lua_State *L, const map *m, const entry *field)
{
    molt_value value;
    if (!m->binding->world) return ask(L, MISUSE);
    if (molt__to_value(L, m->binding, 3, field->kind, &value, "")) return refuse(L, field->kind);
    void *memory = memory_of(L, m, field);
    if (!memory) return ask(L, MISUSE);
    molt__value_write(memory, value);
    return 0;
}

/* Keys that have no business in an object's table: assign says why. */
static bool is_assigned(lua_State *L)
{
    if (!lua_isnil(L, lua_upvalueindex(READ_UNKNOWN))) return true;     /* the class is strict */
    if (lua_isnil(L, 2) || !lua_rawequal(L, 2, 2)) return true;         /* nil, NaN */
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(METHODS));
    bool method = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return method;
}

/* (o, k, v) */
static int write_field(lua_State *L)
{
    const map *m = lua_touserdata(L, lua_upvalueindex(MAP));
    const entry *field = find(L, m);
    if (field) return write_typed(L, m, field);
    if (lua_type(L, 2) == LUA_TNUMBER && lua_tonumber(L, 2) == 0) return ask(L, MISUSE);
    lua_settop(L, 3);
    if (!is_assigned(L)) {
        lua_rawset(L, 1);
        return 0;
    }
    lua_pushvalue(L, lua_upvalueindex(ASSIGN));
    lua_insert(L, 1);
    lua_call(L, 3, 0);
    return 0;
}

static void map_add(map *m, const void *name, uint32_t part, const molt__field *field)
{
    size_t i = first_slot(m, name);
    while (m->entries[i].name) {
        if (m->entries[i].name == name) return;      /* of two fields of a name, the first counts */
        i = (i + 1) & m->mask;
    }
    m->entries[i] = (entry){ name, part, field->offset, field->kind };
}

static size_t typed_count(const molt_shape *shape)
{
    size_t count = 0;
    for (size_t p = 0; p < shape->part_count; p++) count += shape->parts[p].trait->field_count;
    return count;
}

/* Pushes the map of a shape, and the table that keeps its names. */
static void push_map(lua_State *L, const molt__binding *b, const molt_shape *shape)
{
    size_t size = 2;
    while (size < 2 * typed_count(shape)) size *= 2;
    map *m = lua_newuserdata(L, sizeof *m + size * sizeof *m->entries);
    memset(m, 0, sizeof *m + size * sizeof *m->entries);
    *m = (map){ .binding = b, .shape = shape, .mask = size - 1 };
    lua_newtable(L);
    for (size_t p = 0; p < shape->part_count; p++) {
        const molt_trait *trait = shape->parts[p].trait;
        for (size_t f = 0; f < trait->field_count; f++) {
            if (trait->fields[f].kind == MOLT_ANY || trait->fields[f].private) continue;
            lua_pushstring(L, trait->fields[f].name);
            map_add(m, lua_topointer(L, -1), (uint32_t)p, &trait->fields[f]);
            lua_pushboolean(L, 1);
            lua_rawset(L, -3);
        }
    }
}

/* (shape id, methods, misuse, unknown or nil, refuse, assign) -> read, write */
static int accessors(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_shape *shape = b->world->shapes.item[luaL_checkinteger(L, 1) - 1];
    lua_settop(L, 6);
    push_map(L, b, shape);
    static const lua_CFunction functions[] = { read_field, write_field };
    for (int i = 0; i < 2; i++) {
        lua_pushvalue(L, 7);
        lua_pushvalue(L, 8);
        lua_rawgeti(L, LUA_REGISTRYINDEX, b->objects);
        for (int hook = 2; hook <= 6; hook++) lua_pushvalue(L, hook);
        lua_pushcclosure(L, functions[i], UPVALUES);
    }
    return 2;
}

void molt__open_accessor(lua_State *L)
{
    lua_pushcfunction(L, accessors);
    lua_setfield(L, -2, "accessors");
}
