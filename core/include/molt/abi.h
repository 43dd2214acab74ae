/*
 * molt/abi.h: the memory that C, native modules and LuaJIT all read.
 *
 * Everything here is plain C, because the same text is given to LuaJIT's
 * `ffi.cdef` when the library is built; when it is loaded, LuaJIT's idea of
 * every size and offset is compared with the C compiler's.
 *
 *   Lua table                           body (one cell of a slab)
 *   ┌───────────┐                       ┌──────────────────────────────┐
 *   │ [0]: slot │      bodies[slot] ───▶│ molt_object: slot, shape, …  │
 *   └───────────┘                       │ molt_block  Engine           │  vtable ─▶ slots
 *        ▲                              │   double power               │
 *        └────────── tables[slot]       │ molt_block  Vehicle          │  vtable ─▶ slots
 *                    (weak, in Lua)     │   double fuel                │
 *                                       └──────────────────────────────┘
 *
 * A vtable pointer points at slot 0. What the runtime knows of each slot lies
 * around it, so that a C caller needs one load and one call:
 *
 *   leaf[n-1] … leaf[0] │ molt_vtable │ slot[0] … slot[n-1] │ filler[0] … filler[n-1]
 *                                     ▲ vtable pointer
 *
 * leaf[i] equals slot[i] while the slot holds a native function that promised
 * not to reach Lua, and is NULL otherwise.
 */
#ifndef MOLT_ABI_H
#define MOLT_ABI_H

#ifndef MOLT_CDEF
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

typedef struct molt_world molt_world;
typedef struct molt_trait molt_trait;
typedef struct molt_impl molt_impl;
typedef struct molt_class molt_class;
typedef struct molt_shape molt_shape;
typedef struct molt_module molt_module;
typedef struct molt_object molt_object;
typedef struct molt_definition molt_definition;

/* The header of a body, and the stable record of its object. A body that a
 * change of layout put elsewhere has a header too: there, `peer` leads back to
 * the record; in the record, `peer` leads to the current body (itself at first). */
struct molt_object {
    int32_t slot;                /* place in the registry, from 1; 0: not alive */
    uint32_t generation;         /* of the id; survives the reuse of the memory */
    molt_shape *shape;
    molt_object *peer;
    void **attached;             /* blocks of attached traits, as many as the shape says; or NULL */
    uint32_t retains;
    uint32_t flags;              /* molt_object_flag */
};

/* The head of a trait's part of a body. Fields follow. */
typedef struct molt_block {
    void **vtable;
    molt_object *object;
} molt_block;

/* How a molt_shape begins. */
typedef struct molt_shape_head {
    uint32_t id;                 /* in its world, from 1 */
    uint32_t suspect;            /* not to be entered before the core looked at it again */
} molt_shape_head;

/* Lies directly before slot 0. */
typedef struct molt_vtable {
    molt_trait *trait;
    molt_shape *shape;
    molt_object *owner;          /* of a vtable that one patched object has alone */
    struct molt_vtable *next;    /* private vtables of one shape */
    struct molt_vtable *previous;
    uint64_t patched;            /* bit i: slot i looks at the owner's table first */
    uint64_t slots;              /* how many */
} molt_vtable;

/* What a LuaJIT userdata that stands for a trait handle holds. */
typedef struct molt_view {
    molt_block *block;           /* NULL once stale */
    double id;                   /* of the object, for the error that says so */
    double since;                /* the tick in which it went stale */
} molt_view;

/* What the userdata that stands for an array or struct field holds. */
typedef struct molt_proxy {
    molt_view *view;             /* of the field's trait; the userdata keeps it alive */
} molt_proxy;

/* The border between Lua and native code, one for each world. Compiled traces
 * write it around every leaf call, so it is fields, not functions. */
typedef struct molt_border {
    int32_t leaf;                /* method number of the leaf call in flight; 0: none */
    int32_t pending;             /* something asked for meanwhile waits: see molt_border_pending */
    int32_t collected;           /* 1: the collector ran, bodies may have lost their tables;
                                  * -1: the world is closed */
    int32_t depth;               /* classic calls and closures on the stack */
    int32_t iterating;           /* molt.each loops under way: the registry must not move */
    int32_t top;                 /* highest registry slot in use */
    int32_t live;                /* objects alive */
    int32_t epoch;               /* counts what may move or end a block, or change a slot */
    int32_t exposed;             /* host code may hold handles: bodies wait for the tick */
    int32_t quiet;               /* a verb of Lua's is under way that nothing may get in between */
    double tick;                 /* ticks so far */
    molt_object **bodies;        /* registry: slot -> present body, or NULL; [0] unused. Stays where it is */
} molt_border;

/* Entry points that the Lua side calls through FFI. None of them reaches Lua. */
typedef struct molt_entry {
    molt_border *border;
    molt_object *(*create)(molt_shape *shape);
    double (*id)(const molt_object *object);
} molt_entry;

#endif /* MOLT_ABI_H */
