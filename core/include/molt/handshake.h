/*
 * molt/handshake.h: what a native module and the library say to each other.
 *
 * A module does not link against Molt. It has a note that can be read before
 * any of its code runs, and one function that says what it is; the library
 * answers with a table of functions and calls the module's setup.
 *
 *   motorcycle.so                                    library
 *   .note.molt  molt_note  ─────── read from disk ──▶ inspected
 *   molt_module_motorcycle() ──▶ molt_module_info ──▶ compared
 *               *info.api ◀────────────── molt_api ── handed over
 *               info.setup(molt_setup *) ◀─────────── called
 *                    MOLT_IMPL ─▶ setup.provide ────▶ collected, then committed
 *
 * Every struct here begins with its size, or has it in the note. New members go
 * to the end of molt_api, where older modules do not look; a change to any other
 * struct changes MOLT_ABI.
 */
#ifndef MOLT_HANDSHAKE_H
#define MOLT_HANDSHAKE_H

#include <stdarg.h>

#include <molt/declare.h>

/* What a module may ask of the library. Each is the function of that name in
 * world.h or object.h. */
typedef struct molt_api {
    size_t size;
    uint32_t abi;

    molt_world *(*object_world)(const molt_object *object);
    molt_object *(*object_new)(molt_world *world, molt_class *cls);
    int (*object_destroy)(molt_object *object);
    bool (*object_alive)(const molt_object *object);
    int (*object_retain)(molt_object *object);
    int (*object_release)(molt_object *object);

    molt_ref (*object_ref)(const molt_object *object);
    molt_object *(*ref_object)(molt_world *world, molt_ref ref);
    double (*object_id)(const molt_object *object);
    molt_object *(*id_object)(molt_world *world, double id);

    void *(*object_as_text)(const molt_object *object, molt_trait_text *trait);
    int (*object_get)(const molt_object *object, const char *field, molt_value *out);
    int (*object_set)(molt_object *object, const char *field, molt_value value);
    int (*object_call)(molt_object *object, const char *method, const molt_value *arguments,
                       size_t count, molt_value *result);

    molt_class *(*class_find)(molt_world *world, const char *name);
    void (*log)(molt_world *world, molt_log_level level, const char *format, va_list arguments);
    const char *(*last_error)(const molt_world *world);
    bool (*error_pending)(const molt_world *world);
    int (*struct_declare)(molt_world *world, const molt_struct_text *text);
    int (*field_get)(const void *handle, const char *field, molt_value *out);
    int (*field_set)(void *handle, const char *field, molt_value value);
    int (*error_take)(molt_world *world, const char **text);
    int (*thread_register)(molt_world *world, const char *name);
    int (*thread_unregister)(molt_world *world);
    int (*thread_quiescent)(molt_world *world);
    int (*thread_offline)(molt_world *world);
    int (*thread_online)(molt_world *world);
    int (*former_get)(const molt_former *former, const char *field, molt_value *out);
} molt_api;

/* Memory of a module that outlives its generations. What it is like is told by the
 * text of its members; equal texts of equal size are one layout. */
typedef struct molt_state_text {
    size_t size;                     /* sizeof(molt_state_text) */
    const char *name;
    const char *members;             /* "int32_t wins; double best;" */
    size_t bytes;
    size_t align;
} molt_state_text;

/* How a module takes up its state. */
typedef struct molt_state_claim {
    const molt_state_text *state;
    void *place;                     /* the module's pointer to it, a void ** */
    const void *initial;             /* what it begins with */
    bool fresh;                      /* of another layout: begins anew */
    const molt_state_text *was;      /* or is made of this one, by `migrate`; or NULL */
    molt_function migrate;           /* int (*)(const void *was, void *is) */
} molt_state_claim;

/* What the hook that runs before a generation is unmapped is given. */
typedef struct molt_leave {
    size_t size;                     /* sizeof(molt_leave) */
    uint32_t abi;
    uint32_t generation;
    molt_world *world;
    int (*stay)(struct molt_leave *leave, const char *format, va_list arguments);
} molt_leave;

/* A load under way, as the module's setup sees it. */
typedef struct molt_setup {
    size_t size;                     /* sizeof(molt_setup) */
    uint32_t abi;
    uint32_t generation;             /* which load of the module this is, from 1 */
    molt_world *world;
    const char *file;                /* the module's own, not the private copy */

    /* Takes the trait's declaration and, where `functions` is an image of its
     * vtable, the functions that are not NULL in it. `flags` is 0 or MOLT_LEAF. */
    int (*provide)(struct molt_setup *setup, molt_trait_text *trait, const char *name,
                   const void *functions, uint32_t flags);
    int (*fail)(struct molt_setup *setup, const char *format, va_list arguments);

    /* Points the module at its state; MOLT_OK, or the load is refused. */
    int (*persist)(struct molt_setup *setup, const molt_state_claim *claim);
    void (*before_unload)(struct molt_setup *setup, int (*hook)(molt_leave *leave));

    /* How objects come to the trait's layout where the rules do not say. */
    int (*migrate)(struct molt_setup *setup, molt_trait_text *trait, molt_migrate *migrate);
} molt_setup;

/* The structs whose sizes a module and the library must agree on. */
#define MOLT_HANDSHAKE(X) \
    X(molt_note)          \
    X(molt_module_info)   \
    X(molt_setup)         \
    X(molt_leave)         \
    X(molt_state_text)    \
    X(molt_state_claim)   \
    X(molt_api)           \
    X(molt_trait_text)    \
    X(molt_member_text)   \
    X(molt_block)         \
    X(molt_value)

enum { MOLT_NOTE_NAME = 64, MOLT_NOTE_VERSION = 32, MOLT_NOTE_TYPE = 1 };

/* The module's ELF note: section .note.molt. Four-byte members only, so that it
 * is laid out as notes are. */
typedef struct molt_note {
    uint32_t owner_size;             /* of the ELF note's own head: 5, … */
    uint32_t content_size;
    uint32_t type;                   /* MOLT_NOTE_TYPE */
    char owner[8];                   /* "Molt" */
    uint32_t abi;                    /* MOLT_ABI */
    /* Written after linking, by cmake/stamp.lua, which counts on their being here. */
    uint32_t length[2];              /* of the file, low word first; 0: not stamped */
    uint32_t checksum[2];            /* of the file, with these four words as zero */
    uint32_t header[3];              /* MOLT_VERSION of the header it was built with */
    struct {
#define X(type) uint32_t type;
        MOLT_HANDSHAKE(X)
#undef X
    } sizes;
    char name[MOLT_NOTE_NAME];
    char version[MOLT_NOTE_VERSION];
    char compatible[MOLT_NOTE_VERSION];      /* the oldest version that it can follow; "": it does not say */
} molt_note;

enum { MOLT_NOTE_HEAD = offsetof(molt_note, abi) };

/* What the module's one exported function returns; static data of the module. */
typedef struct molt_module_info {
    size_t size;                     /* sizeof(molt_module_info) */
    uint32_t abi;
    const char *name;
    const char *version;
    const molt_note *note;           /* NULL in a module that is linked statically */
    const molt_api **api;            /* where the module keeps the library's functions */
    int (*setup)(molt_setup *setup);
} molt_module_info;

/* The type of `molt_module_motorcycle`. */
typedef const molt_module_info *molt_module_entry(void);

#endif /* MOLT_HANDSHAKE_H */
