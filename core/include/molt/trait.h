/*
 * molt/trait.h: traits, implementations, classes.
 *
 * Traits, implementations and classes are owned by the world and live until it
 * closes. A trait that has been declared again (by a script, by a module's reload)
 * may be another molt_trait; the one from before means the same to every function but
 * molt_object_as. Texts that are passed in are copied.
 */
#ifndef MOLT_TRAIT_H
#define MOLT_TRAIT_H

#include <molt/declare.h>
#include <molt/world.h>

/* Registers a struct of scalars, which fields may then have as their type; it must
 * be known before such a field is declared. Declared again it has to be the same. */
MOLT_API int molt_struct_declare(molt_world *world, const molt_struct_text *text);

/* A trait declared line by line, as Lua does. */
typedef struct molt_trait_lines {
    size_t size;                     /* sizeof(molt_trait_lines) */
    const char *name;
    const char *const *lines;
    size_t line_count;
    molt_trait *const *required;
    size_t required_count;
    molt_trait *const *excluded;
    size_t excluded_count;
    const char *where;               /* "game.lua:12" */
    const char *const *required_lines;   /* "trait Engine", "double range(double)", "double fuel", "describe" */
    size_t required_line_count;
    const char *const *excluded_lines;   /* "trait Boat" */
    size_t excluded_line_count;
} molt_trait_lines;

/* Declares a trait, or finds the one of that name when its typed part is the
 * same. NULL: malformed, or unequal to an earlier declaration (both places are
 * named), or no memory. */
MOLT_API molt_trait *molt_trait_declare(molt_world *world, const molt_trait_lines *lines);
MOLT_API molt_trait *molt_trait_declare_text(molt_world *world, molt_trait_text *text);

/* A typed field as it was, of the trait that migrates or of another one; MOLT_ERR_UNKNOWN
 * when the object had none of that name. */
MOLT_API int molt_former_get(const molt_former *former, const char *field, molt_value *out);

/* The trait of that name, or NULL with an error that names a near match. */
MOLT_API molt_trait *molt_trait_find(molt_world *world, const char *name);
MOLT_API const char *molt_trait_name(const molt_trait *trait);

/* What is put into a method: a native function, or a Lua value by the
 * reference that the binding keeps. */
typedef struct molt_fill {
    size_t size;                     /* sizeof(molt_fill) */
    const char *name;                /* of the method */
    molt_function function;          /* NULL for a Lua fill */
    intptr_t foreign;                /* Lua's reference; 0 for a native fill */
    uint32_t flags;                  /* MOLT_LEAF */
    const char *where;               /* "game.lua:12", "motorcycle generation 3" */
} molt_fill;

/* The trait's own definition of a method, under every other layer. */
MOLT_API int molt_trait_fill(molt_trait *trait, const molt_fill *fill);

/* A partial implementation of a trait, as a value: empty at first. */
MOLT_API molt_impl *molt_impl_new(molt_trait *trait, const char *name, const char *where);
MOLT_API int molt_impl_fill(molt_impl *impl, const molt_fill *fill);
MOLT_API int molt_impl_set(molt_impl *impl, const char *field, molt_value value);
MOLT_API molt_trait *molt_impl_trait(const molt_impl *impl);

/* A C implementation without a module: `functions` is a vtable of the trait's C
 * type; a NULL entry leaves its method open. `leaf` has a bit for each entry. */
MOLT_API molt_impl *molt_impl_register(molt_world *world, molt_trait_text *trait, const char *name,
                                       const void *functions, uint64_t leaf, const char *where);

/* A class: its base (or NULL) and its traits in order. Declared again by the
 * same name with the same base and traits, it is the same class. */
typedef struct molt_class_lines {
    size_t size;                     /* sizeof(molt_class_lines) */
    const char *name;
    molt_class *base;
    molt_trait *const *traits;
    size_t trait_count;
    const char *where;
} molt_class_lines;

MOLT_API molt_class *molt_class_declare(molt_world *world, const molt_class_lines *lines);
MOLT_API molt_class *molt_class_find(molt_world *world, const char *name);
MOLT_API const char *molt_class_name(const molt_class *cls);

/* Fills: each hides the earlier ones of the same name, and taking it away shows
 * them again. Live objects follow at their next call.
 * molt_class_fill returns a number above 0 by which molt_class_unfill finds it. */
MOLT_API int64_t molt_class_fill(molt_class *cls, const molt_fill *fill);
MOLT_API int molt_class_unfill(molt_class *cls, int64_t number);
MOLT_API int molt_class_use(molt_class *cls, molt_trait *trait, molt_impl *impl);
MOLT_API int molt_class_drop(molt_class *cls, molt_trait *trait, molt_impl *impl);

#endif /* MOLT_TRAIT_H */
