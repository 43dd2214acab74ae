/*
 * molt/module.h: native modules, shared objects that provide implementations.
 *
 * Each load of the file is a generation: a private copy under a name of its
 * own, so that the file may be rebuilt at any time. The implementations that a
 * module provides are values of the world that stay the same over reloads;
 * what fills them is exchanged.
 */
#ifndef MOLT_MODULE_H
#define MOLT_MODULE_H

#include <molt/handshake.h>
#include <molt/trait.h>

/* Loads a module. A name without a slash is searched along the path (see
 * molt_module_path), a path with a slash is taken as it is; ".so" may be left
 * out. Loaded already: the same module. NULL: the error names the file, what
 * was expected and what was found, and nothing has changed. */
MOLT_API molt_module *molt_module_load(molt_world *world, const char *name);

/* Folders to search, separated by ':' ("." at first, then $MOLT_PATH). */
MOLT_API int molt_module_path(molt_world *world, const char *folders);

/* Whether modules are tried in a forked child before their code runs here, so that
 * constructors and setups that crash, exit or loop cost nothing but a refusal. It
 * takes about a third of a millisecond, more in a process of many mappings. At
 * first as $MOLT_PROBE says (1 or 0), else as molt_config.development does. */
MOLT_API int molt_module_probe(molt_world *world, bool on);
MOLT_API bool molt_module_probes(const molt_world *world);

/* Takes in a module that is linked into the program: native.h's MOLT_STATIC.
 * `extern molt_module_entry molt_module_motorcycle;` is its declaration. It has
 * no file and cannot be reloaded; in all else it is like any other. */
MOLT_API molt_module *molt_module_register(molt_world *world, molt_module_entry *entry);

/* How to reload; NULL for the defaults. */
typedef enum molt_reload_flag {
    MOLT_RELOAD_PROBE = 1,           /* run constructors in a child first, whatever the world's habit */
    MOLT_RELOAD_NO_PROBE = 2,        /* never */
    MOLT_RELOAD_TOMBSTONES = 4,      /* methods in use that are gone or changed raise from now on */
} molt_reload_flag;

typedef struct molt_reload_options {
    size_t size;                     /* sizeof(molt_reload_options) */
    uint32_t flags;                  /* molt_reload_flag */
    double timeout;                  /* seconds, for the probe and for threads; 0: the default */
} molt_reload_options;

/* One reason why a module was refused. */
typedef struct molt_reason {
    int code;
    const char *message;
    const char *hint;                /* NULL: none */
} molt_reason;

/* Why the last load, reload, rollback or unload on this world was refused: all of
 * it. Good until the next of them. NULL and 0 when it was not. */
MOLT_API const molt_reason *molt_last_reasons(const molt_world *world, size_t *count);

/* What became of the image that served before. */
typedef enum molt_image_fate {
    MOLT_IMAGE_NONE,                 /* there was none, or nothing has changed */
    MOLT_IMAGE_RETIRED,              /* no new call enters it; unmapped at the next quiescent point */
    MOLT_IMAGE_UNLOADED,
    MOLT_IMAGE_PINNED,               /* closed, but the dynamic loader keeps it: `fate_reason` says why */
    MOLT_IMAGE_QUARANTINED,          /* something is in it still: `fate_reason` says what */
} molt_image_fate;

typedef enum molt_reload_phase {
    MOLT_PHASE_STAGE, MOLT_PHASE_INSPECT, MOLT_PHASE_PROBE, MOLT_PHASE_OPEN, MOLT_PHASE_HANDSHAKE,
    MOLT_PHASE_PLAN, MOLT_PHASE_PREPARE, MOLT_PHASE_COMMIT, MOLT_PHASE_RETIRE,
    MOLT_PHASES
} molt_reload_phase;

/* What became of a method of an implementation, or of a trait as a whole. */
typedef enum molt_change {
    MOLT_CHANGE_KEPT,                /* the same signature; the function is the new one */
    MOLT_CHANGE_CHANGED,             /* a trait: declared otherwise */
    MOLT_CHANGE_ADDED,
    MOLT_CHANGE_DROPPED,             /* nobody used it */
    MOLT_CHANGE_BURIED               /* a tombstone: calls of it raise */
} molt_change;

typedef struct molt_reload_change {
    molt_change change;
    const char *name;                /* of the implementation; of the trait, where there is no method */
    const char *method;              /* NULL: this is about the trait */
} molt_reload_change;

/* What a reload did. Texts belong to the module, until its next reload. */
typedef struct molt_reload_report {
    size_t size;                     /* sizeof(molt_reload_report) */
    uint32_t from, to;               /* generations */
    bool unchanged;                  /* same content: nothing was done */
    bool deferred;                   /* nothing was done yet: it happens at the next quiescent point */
    uint32_t slots;                  /* functions exchanged */
    uint32_t instances;              /* migrated */
    uint32_t objects;                /* alive that have its traits, and follow */
    uint32_t restored;               /* by a rollback: the generation whose code serves again */
    const char *build_id;            /* of the new image, in hexadecimal; "" when it has none */
    const molt_reload_change *change;
    size_t change_count;
    double seconds;
    double phase[MOLT_PHASES];       /* seconds of each; 0: skipped */
    molt_image_fate fate;
    const char *fate_reason;         /* "" where there is none */
    const molt_reason *reason;       /* refused: why, all of it */
    size_t reason_count;
} molt_reload_report;

/* Exchanges the module for what its file holds now: every slot that its
 * functions fill, in every live object, at once. A file that cannot be loaded,
 * or that no longer fits what is in use, is refused and nothing has changed. The
 * old image is unmapped at once where no native method can be running (in a world
 * that `require` opened, outside every call), else at the next tick; report->fate
 * says which. While a leaf call is in flight, or a module is being loaded, or where live
 * objects get other fields while a native method is on the stack, it is done at the next
 * tick, and report->deferred is true; what is refused then is in the log.
 * `options` and `report` may be NULL. */
MOLT_API int molt_module_reload(molt_module *module, const molt_reload_options *options, molt_reload_report *report);

/* The same for several modules of one world, which commit together or not at all, and
 * wait together.
 * `reports` has `count` of them, or is NULL. */
MOLT_API int molt_modules_reload(molt_module *const *modules, size_t count, const molt_reload_options *options,
                                 molt_reload_report *reports);

/* Goes back to the code that served before the last reload, from a copy of it that
 * was kept: whatever the file holds by now. Objects keep their state. A transaction
 * like a reload, with a generation of its own. There is one step back, no more:
 * MOLT_ERR_STATE when there is nothing to go back to. */
MOLT_API int molt_module_rollback(molt_module *module, const molt_reload_options *options, molt_reload_report *report);

/* Takes the module's code out of the program. Refused with MOLT_ERR_IN_USE, and
 * nothing has changed, while classes or objects use what it provides; each of them
 * is named. With MOLT_UNLOAD_DETACH they lose it first; refused, and nothing has changed,
 * where one of them cannot. Hooks that this runs may fail: then all of it is done, and
 * the first one's code returned, while molt_module_unloaded is true. What it
 * declared stays; its implementations are empty, and refuse to be used, until
 * molt_module_load takes it up again. The image is unmapped at the next tick. Where a
 * reload would wait, so does this, and with MOLT_UNLOAD_DETACH where a class would lose
 * fields under a native method: MOLT_OK, and molt_module_unloaded is true after the tick.
 * MOLT_ERR_STATE for a module that is kept. */
typedef enum molt_unload_flag { MOLT_UNLOAD_DETACH = 1 } molt_unload_flag;
MOLT_API int molt_module_unload(molt_module *module, uint32_t flags);
MOLT_API bool molt_module_unloaded(const molt_module *module);

/* The line of the log that a report comes to, as snprintf writes it. */
MOLT_API size_t molt_reload_text(const molt_module *module, const molt_reload_report *report, char *text, size_t size);

MOLT_API molt_module *molt_module_find(molt_world *world, const char *name);
MOLT_API const char *molt_module_name(const molt_module *module);
MOLT_API const char *molt_module_version(const molt_module *module);
MOLT_API const char *molt_module_file(const molt_module *module);
MOLT_API uint32_t molt_module_generation(const molt_module *module);

/* The implementation of that name (usually a trait's), or NULL with an error
 * that lists what there is. By position: NULL past the end. */
MOLT_API molt_impl *molt_module_impl(molt_module *module, const char *name);
MOLT_API molt_impl *molt_module_impl_at(molt_module *module, size_t position, const char **name);

/* "retired", "unloaded", "pinned", "quarantined"; "none". */
MOLT_API const char *molt_image_fate_name(molt_image_fate fate);

/* None of the module's images is unmapped from now on, this one and later ones;
 * for modules that others know the addresses of. What a reload retires is then
 * MOLT_IMAGE_PINNED, and it cannot be unloaded. */
MOLT_API void molt_module_keep(molt_module *module);

/* Images now mapped, and as many private copies on disk. */
MOLT_API size_t molt_module_images(const molt_world *world);

/* The same in full, counted now: what the world believes beside what is so. */
typedef struct molt_module_counts {
    size_t size;                     /* sizeof(molt_module_counts) */
    size_t modules;                  /* known, those unloaded included */
    size_t generations;              /* that serve */
    size_t retired;                  /* that wait for a quiescent point */
    size_t quarantined;              /* that something still holds */
    size_t pinned;                   /* closed, but kept by the dynamic loader */
    size_t images;                   /* all of these */
    size_t mappings;                 /* of private copies, in the memory map of the process */
    size_t copies;                   /* files in this world's temp folders */
    size_t kept_bytes;               /* of contents, for rollbacks */
} molt_module_counts;
MOLT_API int molt_module_counters(const molt_world *world, molt_module_counts *out);

/* One of them, the latest first; false past the end. Texts are good until the next
 * reload or tick. */
typedef struct molt_image_info {
    const char *module;
    uint32_t generation;
    molt_image_fate fate;            /* MOLT_IMAGE_NONE: it serves */
    const char *reason;              /* pinned or quarantined: why; before: why it will be; else "" */
} molt_image_info;
MOLT_API bool molt_module_image_at(const molt_world *world, size_t position, molt_image_info *info);

/* Places of unmapped images that are kept inaccessible: in development, 64 at most. */
MOLT_API size_t molt_module_reserved(const molt_world *world);

#endif /* MOLT_MODULE_H */
