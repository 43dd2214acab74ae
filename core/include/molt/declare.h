/*
 * molt/declare.h: a trait as a C type.
 *
 *     #define VEHICLE(FIELD, METHOD)            \
 *         FIELD (double, fuel, 10)              \
 *         METHOD(double, range, (double load))  \
 *         METHOD(void,   stop,  ())
 *
 *     MOLT_TRAIT(Vehicle, VEHICLE)
 *
 * makes of the one list
 *
 *     struct Vehicle        the block: what a trait handle, `Vehicle *`, points at
 *     struct Vehicle_vtable one typed pointer for each method
 *     Vehicle_trait         the same as text, which the world compares with what
 *                           Lua and other modules declared
 *
 * The list's order is the layout's order. A default is any constant initialiser:
 * a number, a macro, `{0, 1, 0}`. No parameters are written `()` or `(void)`.
 * What begins with molt_ is Molt's: a field or a method may have any other name.
 */
#ifndef MOLT_DECLARE_H
#define MOLT_DECLARE_H

#include <molt/base.h>

/* One member as text. For a field, what the C compiler made of it: an array or
 * a struct lies where these say. */
typedef struct molt_member_text {
    const char *declaration;         /* "double fuel", "double range(double load)" */
    size_t size;                     /* of the field in C; 0 for a method */
    size_t align;
} molt_member_text;

/* One trait as C sees it. The texts are the module's: the world copies them. */
typedef struct molt_trait_text {
    size_t size;                     /* sizeof(molt_trait_text) */
    uint32_t abi;                    /* MOLT_ABI */
    const char *name;
    const molt_member_text *members;
    size_t member_count;
    size_t block_size;               /* sizeof the C struct, its head included */
    const void *defaults;            /* block_size bytes; NULL: all zero */
    const char *where;               /* "motorcycle.c:7" */
    uint64_t identity;               /* 0 until the first world computed it */
} molt_trait_text;

/* What an object was while a migration makes it anew; good during the call alone. */
typedef struct molt_former molt_former;

/* Gives a block of the new layout what the rules of evolution do not: `self` has
 * what follows by its name and type, and defaults. It reads fields of the former
 * object (molt_former_get), writes those of `self`, and may do nothing else. A
 * negative molt_err refuses: then no object changes. */
typedef int molt_migrate(void *self, const molt_former *former);

/* One struct of scalars as C sees it, to be the type of fields. */
typedef struct molt_struct_text {
    size_t size;                     /* sizeof(molt_struct_text) */
    const char *name;
    const char *members;             /* "float x; float y" */
    size_t bytes;                    /* sizeof and alignment in C; 0: it has no C side */
    size_t align;
    const char *where;
} molt_struct_text;

/* MOLT_STRUCT(Vec2, float x; float y;) is the struct, and its text for
 * MOLT_REGISTER_STRUCT (molt/native.h) or molt_struct_declare (molt/trait.h). */
#define MOLT_STRUCT(Name, ...)                                                 \
    typedef struct Name { __VA_ARGS__ } Name;                                  \
    MOLT__UNUSED static const molt_struct_text Name##_struct = {               \
        sizeof(molt_struct_text), #Name, #__VA_ARGS__, sizeof(Name), _Alignof(Name), \
        __FILE__ ":" MOLT__TEXT(__LINE__)                                      \
    };

/* In a FIELD's type, before it: reached only through the trait's own handle or
 * view; must be given when an object is made. */
#define MOLT_PRIVATE
#define MOLT_REQUIRED

/* The type of a FIELD that refers to objects with that trait or of that class. */
#define MOLT_REF(Name) molt_ref

/* The struct's head is a molt_block under names that no field has. */
#define MOLT_TRAIT(Trait, LIST)                                                \
    typedef struct Trait Trait;                                                \
    typedef struct Trait##_vtable Trait##_vtable;                              \
    struct Trait##_vtable {                                                    \
        MOLT__SLOTS(Trait, LIST(MOLT__FIELD_SKIP, MOLT__METHOD_TUPLE))         \
        molt_function molt_end; /* no slot: C has no empty structs */          \
    };                                                                         \
    struct Trait {                                                             \
        const Trait##_vtable *molt_vtable;                                     \
        molt_object *molt_owner;                                               \
        LIST(MOLT__FIELD_MEMBER, MOLT__METHOD_SKIP)                            \
    };                                                                         \
    static const Trait Trait##_defaults = {                                    \
        NULL, NULL, LIST(MOLT__FIELD_DEFAULT, MOLT__METHOD_SKIP)               \
    };                                                                         \
    static const molt_member_text Trait##_members[] = {                        \
        LIST(MOLT__FIELD_TEXT, MOLT__METHOD_TEXT) { NULL, 0, 0 }               \
    };                                                                         \
    MOLT__UNUSED static molt_trait_text Trait##_trait = {                      \
        sizeof(molt_trait_text), MOLT_ABI, #Trait, Trait##_members,            \
        sizeof Trait##_members / sizeof *Trait##_members - 1,                  \
        sizeof(Trait), &Trait##_defaults, __FILE__ ":" MOLT__TEXT(__LINE__), 0 \
    };

/* Before the type of a void method in a list: every definition of it runs, of each
 * trait of the object and of its class. METHOD(MOLT_ALL void, update, (double dt)) */
#define MOLT_ALL

/* The object of a trait handle. */
static inline molt_object *molt_object_of(const void *handle)
{
    return ((const molt_block *)handle)->object;
}

/* The handle of a trait that MOLT_TRAIT declared in this file, or NULL. */
#define molt_as(object, Trait) ((Trait *)molt_object_as_text((object), &Trait##_trait))

/* Calls a method through a handle, native or Lua: molt_call(v, range, 2.0),
 * molt_call(v, stop). The handle is evaluated once and must not be NULL. */
#define molt_call(handle, ...) MOLT__CALL(handle, __VA_ARGS__)

/* ---- How it is done; nothing below is for use -------------------------- */

#define MOLT__UNUSED __attribute__((unused))
#define MOLT__EXPAND(...) __VA_ARGS__
#define MOLT__JOIN(a, b) MOLT__JOIN_(a, b)
#define MOLT__JOIN_(a, b) a##b
#define MOLT__TEXT(x) MOLT__TEXT_(x)
#define MOLT__TEXT_(x) #x

/* One macro for each thing that a list turns into. `name` may end in brackets
 * ("pos[3]"), so a field is only ever used as a whole declarator, never after a
 * dot. `#type` sees what the list's author wrote, macros unexpanded. */
#define MOLT__FIELD_SKIP(...)
#define MOLT__FIELD_MEMBER(type, name, ...) type name;
#define MOLT__FIELD_DEFAULT(type, name, ...) __VA_ARGS__,
#define MOLT__FIELD_TEXT(type, name, ...) \
    { #type " " #name, sizeof(struct { type name; }), _Alignof(struct { type name; }) },

#define MOLT__METHOD_SKIP(...)
#define MOLT__METHOD_TEXT(type, name, parameters) { #type " " #name #parameters, 0, 0 },
#define MOLT__METHOD_TUPLE(...) (__VA_ARGS__),
#define MOLT__METHOD_SLOT(Trait, type, name, parameters) \
    type (*name)(Trait * MOLT__PARAMETERS parameters);

/* A slot's type needs the trait's name, which a list does not pass on. So the
 * list makes tuples, `(double, range, (double load)), (void, stop, ()),`, and
 * MOLT__EACH goes through them with the name in hand. A macro cannot call itself:
 * it writes the call, and each of the 85 scans makes one. 64 methods at most. */
#define MOLT__SLOTS(Trait, ...) MOLT__SCAN(MOLT__EACH(Trait, __VA_ARGS__ MOLT__LAST, ))
#define MOLT__EACH(Trait, first, ...)                                          \
    MOLT__SECOND(MOLT__IS_TUPLE first, MOLT__EACH_END, )                       \
    (Trait, first, __VA_ARGS__)
#define MOLT__EACH_END(...)
#define MOLT__EACH_MORE(Trait, first, ...)                                     \
    MOLT__EACH_SLOT(Trait, MOLT__EXPAND first)                                 \
    MOLT__EACH_AGAIN MOLT__NOTHING() () (Trait, __VA_ARGS__)
#define MOLT__EACH_SLOT(...) MOLT__METHOD_SLOT(__VA_ARGS__)
#define MOLT__EACH_AGAIN() MOLT__EACH
#define MOLT__NOTHING()
#define MOLT__IS_TUPLE(...) , MOLT__EACH_MORE
#define MOLT__SECOND(...) MOLT__SECOND_(__VA_ARGS__)
#define MOLT__SECOND_(a, b, ...) b
#define MOLT__SCAN(...) MOLT__SCAN_1(MOLT__SCAN_1(MOLT__SCAN_1(MOLT__SCAN_1(__VA_ARGS__))))
#define MOLT__SCAN_1(...) MOLT__SCAN_2(MOLT__SCAN_2(MOLT__SCAN_2(MOLT__SCAN_2(__VA_ARGS__))))
#define MOLT__SCAN_2(...) MOLT__SCAN_3(MOLT__SCAN_3(MOLT__SCAN_3(MOLT__SCAN_3(__VA_ARGS__))))
#define MOLT__SCAN_3(...) __VA_ARGS__

/* (double load) -> , double load       () and (void) -> nothing
 *
 * MOLT__NO_ pasted to the first parameter and followed by () is the call of a
 * macro for `` and `void` only: `void *p` puts something between the two. */
#define MOLT__PARAMETERS(...) MOLT__HAS_PARAMETERS(__VA_ARGS__, )(__VA_ARGS__)
#define MOLT__PARAMETERS_NONE(...)
#define MOLT__PARAMETERS_SOME(...) , __VA_ARGS__
#define MOLT__HAS_PARAMETERS(first, ...) \
    MOLT__THIRD(MOLT__NO_##first (), MOLT__PARAMETERS_NONE, MOLT__PARAMETERS_SOME, )
#define MOLT__NO_() ,
#define MOLT__NO_void() ,
#define MOLT__THIRD(...) MOLT__THIRD_(__VA_ARGS__)
#define MOLT__THIRD_(a, b, c, ...) c

/* The vtable and the slot are read whole, so that a call on another thread sees the
 * old function or the new one, and all that belongs to it: plain moves on x86. The counter keeps nested calls from shadowing each other. */
#define MOLT__CALL(handle, ...)                                                \
    MOLT__HAS_ARGUMENTS(__VA_ARGS__)                                           \
    (MOLT__JOIN(molt__handle_, __COUNTER__), handle, __VA_ARGS__)
#define MOLT__CALL_NONE(temporary, handle, method)                             \
    __extension__({                                                            \
        __typeof__(handle) temporary = (handle);                               \
        MOLT__SLOT(temporary, method)(temporary);                              \
    })
#define MOLT__CALL_SOME(temporary, handle, method, ...)                        \
    __extension__({                                                            \
        __typeof__(handle) temporary = (handle);                               \
        MOLT__SLOT(temporary, method)(temporary, __VA_ARGS__);                 \
    })
#define MOLT__SLOT(handle, method) \
    __atomic_load_n(&__atomic_load_n(&(handle)->molt_vtable, __ATOMIC_ACQUIRE)->method, __ATOMIC_ACQUIRE)

/* The method's name counts: one means no arguments. Eight arguments and their
 * inner commas, 30 in all. */
#define MOLT__HAS_ARGUMENTS(...)                                               \
    MOLT__PICK_32(__VA_ARGS__, MOLT__SOME_10, MOLT__SOME_10, MOLT__SOME_10,    \
                  MOLT__CALL_NONE, )
#define MOLT__SOME_10 MOLT__SOME_5, MOLT__SOME_5
#define MOLT__SOME_5 MOLT__CALL_SOME, MOLT__CALL_SOME, MOLT__CALL_SOME, MOLT__CALL_SOME, MOLT__CALL_SOME
#define MOLT__PICK_32(...) MOLT__PICK_32_(__VA_ARGS__)
#define MOLT__PICK_32_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, \
                      t, u, v, w, x, y, z, A, B, C, D, E, picked, ...) picked

#endif /* MOLT_DECLARE_H */
