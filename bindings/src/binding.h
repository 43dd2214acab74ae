/*
 * binding.h: one world in one Lua state.
 *
 * The Lua side of the binding (bindings/lua) registers its callbacks in the
 * table at `callbacks`; C reaches them by place, not by name.
 */
#ifndef MOLT_SRC_BINDING_H
#define MOLT_SRC_BINDING_H

#include <lauxlib.h>
#include <lua.h>

#include <molt/lua.h>

#include "object.h"
#include "registry.h"
#include "world_state.h"

/* Callbacks of the Lua side, in molt.border's order. */
typedef enum molt__callback {
    MOLT__CALLBACK_CHANGED = 1,      /* (): flat method tables follow */
    MOLT__CALLBACK_SHAPE,            /* (shape id): makes its record, metatable and tombstone */
    MOLT__CALLBACK_STAGE,            /* (moves, count, native code migrates): what the objects are to get */
    MOLT__CALLBACK_RELAID,           /* (commit): classes have other shapes, or not after all */
    MOLT__CALLBACK_CLOSING,          /* (): the world closes */
    MOLT__CALLBACK_INT64,            /* (low, high, signed) -> cdata */
    MOLT__CALLBACK_HOOK,             /* (turn, object id, trait, id of the shape before): runs hooks; their error's text */
    MOLT__CALLBACK_SUCCEED           /* (trait, its next version, commit): handles follow */
} molt__callback;

enum { MOLT__MAX_DEPTH = 200 };

/* What C runs protected; made when the binding opens, since making a function may
 * run the collector, whose finalizers may raise. */
typedef enum molt__guarded { MOLT__GUARDED_CALL = 1, MOLT__GUARDED_PIN, MOLT__GUARDED_READY } molt__guarded;

/* A native method that Lua called, on the C stack. */
typedef struct molt__frame {
    const molt__method *method;
    struct molt__frame *below;
} molt__frame;

/* A debug hook of the user's that does not run for a while. */
typedef struct molt__debug_hook { lua_Hook function; int mask, count; } molt__debug_hook;
molt__debug_hook molt__hook_off(lua_State *L);
void molt__hook_on(lua_State *L, molt__debug_hook hook);

/* A verb under way that nothing may get in between: see quiet.c. */
typedef struct molt__quiet {
    molt__debug_hook hook;           /* that was set when it began */
    bool stopped;                    /* the collector, by it or by one around it */
    int32_t depth;                   /* border.depth when it began */
    int heap;                        /* KB that Lua had when the collector last worked */
} molt__quiet;

typedef struct molt__binding {
    molt_world *world;               /* NULL once closed */
    molt_border border;              /* the world's, as long as it is open */
    const molt_shape *ready[16];     /* some whose metatables are made, by id */
    lua_State *current;              /* where Lua implementations run */
    molt__frame *top;
    molt_entry entry;
    int objects;                     /* registry references: slot -> table, weak */
    int pins;                        /* object id -> table, strong */
    int callbacks;
    int guarded;                     /* molt__guarded -> function */
    int metas;                       /* shape id -> metatable */
    int tombstones;                  /* shape id -> metatable of destroyed objects */
    int views;                       /* trait index + 1 -> weak: object id -> view */
    int view_metas;                  /* trait index + 1 -> metatable of its views */
    int iterations;                  /* weak keys: { at, stop } of loops under way */
    int32_t sweep_from, sweep_to;    /* next slot to look at (0: no sweep), next to fill */
    int pending;                     /* a table with the pending error's Lua value at [1] */
    int message;                     /* the string "message" */
    int error_meta;
    int module;                      /* what `require "molt"` returns */
    uint16_t int64_type, uint64_type;
    bool owns_world;
    bool migrating;                  /* migrate functions run: no verb may */
    molt__quiet quiet;
    bool collecting;                 /* the collector ran before the core asked for quiet */
    int heap;                        /* KB that Lua had then */
    int owed;                        /* KB made while it rested: see molt__work_off */
    int64_t valued;                  /* number of the pending error whose value `pending` holds */
} molt__binding;

/* The binding of a state; raises a Lua error when there is none. */
molt__binding *molt__binding_of(lua_State *L);
molt__binding *molt__binding_find(lua_State *L);

/* The binding, its world still open; raises otherwise. */
molt__binding *molt__binding_open(lua_State *L);

/* lua_pcall of a function of the user's, in the midst of such a verb or not: verbs may be
 * called in it, and his debug hook runs. */
int molt__call_user(lua_State *L, molt__binding *b, int arguments, int results);

/* Lua code runs, so no leaf call is in flight. A mark that says otherwise was left
 * by a debug hook that raised an error just before or after such a call. */
static inline void molt__no_leaf(const molt__binding *b)
{
    b->world->border->leaf = 0;
}

/* --- errors.c --- */

/* Raises an error object blamed on the Lua code at `level` (1: the function that
 * called the running C function; 0: nobody). */
int molt__raise(lua_State *L, int level, int code, const char *format, ...) MOLT_PRINTF(4, 5);

/* Raises an error object of these texts; `hint` may be NULL. */
int molt__raise_with(lua_State *L, molt__binding *b, int level, const char *code, const char *message, const char *hint);

/* Pushes "game.lua:12: " of the nearest caller from `level` that is not molt's, or "". */
void molt__push_where(lua_State *L, int level);

/* Raises the world's last error. */
int molt__raise_last(lua_State *L, molt__binding *b, int level);

/* nil, error object. */
int molt__push_failure(lua_State *L, molt__binding *b);

/* Raises the pending error if there is one, as the value it was raised with. */
void molt__raise_pending(lua_State *L, molt__binding *b);

/* Makes the Lua error on the top of the stack the pending one, and pops it. */
void molt__set_pending_value(lua_State *L, molt__binding *b, int code);

/* Lua runs beside an error that waits: it must not meet it, and it stays the one that
 * is raised in the end, whatever happens now. Two values are on the stack meanwhile.
 * Neither allocates. */
typedef struct molt__aside { molt__error error; int64_t number, valued; } molt__aside;
void molt__put_aside(lua_State *L, molt__binding *b, molt__aside *aside);
void molt__put_back(lua_State *L, molt__binding *b, const molt__aside *aside);

/* --- objects.c --- */

/* The living object at an index: a table that names its own slot in [0], or a view. On
 * failure NULL, and *why says which error and in which words. */
typedef struct molt__refusal { int code; const char *text; char room[160], hint[80]; } molt__refusal;
molt_object *molt__to_object(lua_State *L, molt__binding *b, int index, molt__refusal *why);

/* The living object whose table is at an index, where the registry table is at
 * another (an upvalue's); NULL where it takes a closer look. */
molt_object *molt__own_object(lua_State *L, const molt__binding *b, int index, int objects);

/* The same, or raises "bad argument #n to 'name' …". */
molt_object *molt__check_object(lua_State *L, molt__binding *b, int index, const char *function);

/* --- lives.c: tables and bodies change together --- */

/* Pushes the object's table, made now for an object of the host that has none;
 * nil for one that has ended. May raise and run Lua. */
void molt__push_object(lua_State *L, molt__binding *b, molt_object *object);

/* Views of the object find their blocks again in the shape it has now, or go
 * stale; all of them when `to` is NULL. Allocates nothing. */
void molt__views_follow(lua_State *L, const molt__binding *b, const molt_object *object, const molt_shape *to);

/* The tables of objects whose layout changed, and their views, follow. Allocates nothing. */
void molt__relaid(lua_State *L, molt__binding *b, const struct molt__move *moves, size_t count);

/* lua_CFunction (shape): makes its metatable. May run Lua. */
int molt__ready(lua_State *L);

/* The object's table, if it has one, and its views follow to the object's present
 * shape, which was made ready. Allocates nothing. */
void molt__reshaped(lua_State *L, molt__binding *b, molt_object *object);

/* The ctype id of the cdata at an index; 0 for anything else. */
unsigned molt__ctype_of(lua_State *L, int index);

/* --- ends.c: an object ends --- */

/* Lets the object's table go, if it is held. Allocates nothing. */
void molt__unpin(lua_State *L, const molt__binding *b, molt_object *object);

/* Takes body, fields and views from the table at an (absolute) index. Allocates nothing. */
void molt__strip(lua_State *L, molt__binding *b, molt_object *object, int index);

/* --- values.c --- */

/* A Lua value as a parameter's, result's or field's kind; or the error, recorded,
 * that names `what` ("argument 1 of method 'range'"). Runs no Lua. */
int molt__to_value(lua_State *L, const molt__binding *b, int index, molt_kind kind, molt_value *out, const char *what);
void molt__push_value(lua_State *L, const molt__binding *b, molt_value value);

/* --- fields.c: fields wider than a scalar --- */

/* Pushes the value of a field that lies in memory which nobody frees meanwhile; an
 * array or struct as a table, a reference as nil. */
void molt__push_field(lua_State *L, molt__binding *b, const struct molt__field *field, const void *memory);

/* A Lua value as a field wider than a scalar takes it, checked; it stays valid until
 * the stack is popped. Or the error, recorded. */
int molt__field_value(lua_State *L, molt__binding *b, int index, const struct molt__field *field, molt_value *value,
                      const char *what);

/* The field that Lua knows by its place among the trait's typed ones, from 1; NULL: there is none. */
const struct molt__field *molt__typed_field(const molt_trait *trait, size_t place);

/* A value that an implementation starts a wide field with. */
int molt__impl_set_wide(lua_State *L, molt__binding *b, molt_impl *impl, const struct molt__field *field, int index);

/* --- callback.c: C calls methods that Lua fills --- */
void molt__call_lua(void *binding, const struct molt__call *call);

/* lua_CFunction (call, binding): what runs protected. */
int molt__call_protected(lua_State *L);

/* --- bridge.c: what the core asks the Lua side to do --- */
extern const molt__bridge molt__lua_bridge;

/* Pushes the table that `guarded` is to refer to. */
void molt__make_guarded(lua_State *L);
void molt__push_guarded(lua_State *L, const molt__binding *b, molt__guarded which);

/* --- classic.c: Lua calls C --- */

/* Pushes the function that calls a typed method on whatever object it is given. */
void molt__push_caller(lua_State *L, const molt__method *method);
/* The same for a name that is not its definition's slot's; the name is interned. */
void molt__push_named_caller(lua_State *L, const char *name);

/* Calls a native definition on the block it takes, with Lua's arguments from 2 on. */
int molt__call_native(lua_State *L, molt__binding *b, molt__method *method, molt_block *block,
                      molt_definition *definition);

/* --- the functions of molt.core --- */

/* C that is called now reaches Lua on the state that runs now; returns what
 * `current` must be again afterwards. Nothing may raise in between: the thread
 * may be gone when C reaches Lua the next time. */
lua_State *molt__here(lua_State *L, molt__binding *b);

void molt__open_accessor(lua_State *L);
void molt__open_fields(lua_State *L);
void molt__open_lives(lua_State *L);
void molt__open_ends(lua_State *L);
void molt__open_sweep(lua_State *L);
void molt__open_quiet(lua_State *L);
void molt__open_reflect(lua_State *L);
void molt__open_definitions(lua_State *L);
void molt__open_lookup(lua_State *L);
void molt__open_evolve(lua_State *L);
void molt__open_staging(lua_State *L);
void molt__open_traits(lua_State *L);
void molt__open_selections(lua_State *L);
void molt__open_classes(lua_State *L);
void molt__open_verbs(lua_State *L);
/* The selections in a Lua list { trait, selection or false, … }, those of one trait
 * united, in memory that Lua owns. False: no memory. */
bool molt__united_selections(lua_State *L, int index, const molt__selection *const **out, size_t *count);

void molt__open_modules(lua_State *L);
void molt__open_reloads(lua_State *L);
void molt__open_probe(lua_State *L);
void molt__open_beneath(lua_State *L);
void molt__open_hooks(lua_State *L);
void molt__open_roster(lua_State *L);

/* The collector's pace goes by what is made while it runs. What is made while it rests
 * is worked off here, or a program that does little else would grow without end. May
 * run finalizers. */
void molt__work_off(lua_State *L, molt__binding *b);

#endif
