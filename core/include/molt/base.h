/*
 * molt/base.h: version, export mark, error codes, values.
 */
#ifndef MOLT_BASE_H
#define MOLT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <molt/abi.h>

#define MOLT_VERSION_MAJOR 0
#define MOLT_VERSION_MINOR 1
#define MOLT_VERSION_PATCH 0
#define MOLT_VERSION "0.1.0"

/* Changes when native modules built against earlier headers cannot be loaded. */
#define MOLT_ABI 2u

#if defined(__GNUC__)
#define MOLT_API __attribute__((visibility("default")))
#define MOLT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MOLT_API
#define MOLT_PRINTF(text, first)
#endif

/*
 * Errors. A C function that can fail returns MOLT_OK or a negative code, or
 * NULL; the text is then molt_last_error(world). In Lua the same code is the
 * `code` of the error object, in lower case ("type", "destroyed", …).
 */
#define MOLT_ERRORS(X)                                                         \
    X(MEMORY,      -1,  "out of memory")                                       \
    X(ARGUMENT,    -2,  "an argument is not what the function takes")          \
    X(DECLARATION, -3,  "a declaration is malformed or unequal to an earlier") \
    X(UNKNOWN,     -4,  "no such trait, class, method or field")               \
    X(TYPE,        -5,  "a value has the wrong type")                          \
    X(RANGE,       -6,  "a number is out of the range of its type")            \
    X(DESTROYED,   -7,  "the object has been destroyed")                       \
    X(STALE,       -8,  "a view, id or handle outlived what it stood for")     \
    X(BODY,        -9,  "the body slot [0] of an object was overwritten")      \
    X(CONFLICT,    -10, "two definitions of one name in one layer")            \
    X(MISSING,     -11, "a required trait or a method is missing")             \
    X(EXCLUDED,    -12, "two traits exclude each other")                       \
    X(IN_USE,      -13, "something still uses what was to be taken away")      \
    X(LEAF,        -14, "Lua was entered while a leaf call was in flight")     \
    X(DEPTH,       -15, "calls between Lua and C nest too deeply")             \
    X(YIELD,       -16, "a coroutine tried to yield across a C call")          \
    X(THREAD,      -17, "a thread that does not own the world is in the way")  \
    X(STATE,       -18, "not possible at this moment")                         \
    X(LUA,         -19, "an error raised by Lua code")                         \
    X(FILE,        -20, "a file is missing, unreadable or could not be copied")\
    X(IMAGE,       -21, "a file is not a native module")                       \
    X(VERSION,     -22, "built for another version")                           \
    X(MODULE,      -23, "a native module refused, or is refused")              \
    X(CLOSED,      -24, "the world has been closed")

typedef enum molt_err {
    MOLT_OK = 0,
#define X(name, value, text) MOLT_ERR_##name = (value),
    MOLT_ERRORS(X)
#undef X
} molt_err;

/* "type", "destroyed", …: the name of a code, for programs; "ok" for MOLT_OK. */
MOLT_API const char *molt_err_name(int code);

/*
 * The scalar types of fields, parameters and results.
 *   X(NAME, C type, member of molt_value)
 */
#define MOLT_SCALARS(X)            \
    X(BOOL,   bool,     boolean)   \
    X(INT8,   int8_t,   i8)        \
    X(UINT8,  uint8_t,  u8)        \
    X(INT16,  int16_t,  i16)       \
    X(UINT16, uint16_t, u16)       \
    X(INT32,  int32_t,  i32)       \
    X(UINT32, uint32_t, u32)       \
    X(INT64,  int64_t,  i64)       \
    X(UINT64, uint64_t, u64)       \
    X(FLOAT,  float,    f32)       \
    X(DOUBLE, double,   f64)

typedef enum molt_kind {
    MOLT_VOID = 0,
#define X(name, type, member) MOLT_##name,
    MOLT_SCALARS(X)
#undef X
    MOLT_ANY,                      /* a Lua value; it lives in the object's table */
    MOLT_STRING,                   /* from here on for fields only */
    MOLT_REF,                      /* an object, by its id */
    MOLT_MEMORY                    /* an array or a struct, as a whole */
} molt_kind;

/* An id that may be kept for ever; zero is no object. See molt/object.h. */
typedef struct molt_ref { uint32_t index1; uint32_t generation; } molt_ref;

/* A string field: any bytes, a zero behind them, so that `text` is a C string too.
 * The core owns the memory; it is good until the tick after the field was set
 * anew or its object ended. Set it with molt_object_set, never by hand: hence the
 * const. As a default: MOLT_TEXT("nobody"). */
typedef struct molt_string { const char *const text; const size_t length; } molt_string;
#define MOLT_TEXT(literal) { "" literal, sizeof(literal) - 1 }

/* A value with its type. Passed by value; owns nothing. What `string` and `memory`
 * point to is the caller's when a field is set, which copies it, and the field
 * itself when one is read. */
typedef struct molt_value {
    molt_kind kind;
    union {
#define X(name, type, member) type member;
        MOLT_SCALARS(X)
#undef X
        const molt_string *string;
        molt_ref ref;
        const void *memory;          /* of as many bytes as the field has */
    } as;
} molt_value;

typedef enum molt_log_level { MOLT_LOG_ERROR, MOLT_LOG_WARNING, MOLT_LOG_INFO, MOLT_LOG_DEBUG } molt_log_level;

/* Any function; cast back to the type its slot declares before it is called. */
typedef void (*molt_function)(void);

/* A flag of native functions: this one promises never to reach Lua. */
enum { MOLT_LEAF = 1 };

#endif /* MOLT_BASE_H */
