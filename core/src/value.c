#include "value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { NUMBER_TEXT = 40 };

size_t molt__kind_size(molt_kind kind)
{
    switch (kind) {
#define X(name, type, member) case MOLT_##name: return sizeof(type);
    MOLT_SCALARS(X)
#undef X
    case MOLT_VOID: case MOLT_ANY: case MOLT_STRING: case MOLT_REF: case MOLT_MEMORY: break;
    }
    return 0;
}

const char *molt__kind_name(molt_kind kind)
{
    switch (kind) {
#define X(name, type, member) case MOLT_##name: return #type;
    MOLT_SCALARS(X)
#undef X
    case MOLT_VOID: return "void";
    case MOLT_ANY:  return "any";
    case MOLT_STRING: return "string";
    case MOLT_REF:  return "object";
    case MOLT_MEMORY: return "memory";
    }
    return "unknown";
}

molt_kind molt__kind_named(const char *name)
{
#define X(NAME, type, member) if (strcmp(name, #type) == 0) return MOLT_##NAME;
    MOLT_SCALARS(X)
#undef X
    return MOLT_VOID;
}

/* One move for each constant size, where a variable one would be a call. */
static void copy_scalar(void *to, const void *from, size_t size)
{
    switch (size) {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    default: break;
    }
}

molt_value molt__value_read(molt_kind kind, const void *memory)
{
    molt_value value = { .kind = kind };
    if (kind == MOLT_BOOL) {
        value.as.boolean = *(const unsigned char *)memory != 0;     /* any byte may lie there */
    } else {
        copy_scalar(&value.as, memory, molt__kind_size(kind));
    }
    return value;
}

void molt__value_write(void *memory, molt_value value)
{
    copy_scalar(memory, &value.as, molt__kind_size(value.kind));
}

/* A number of any kind: a real one, or a whole one of 65 bits. */
typedef struct number {
    bool real;
    bool negative;                   /* `whole` is then an int64_t in two's complement */
    uint64_t whole;
    double value;                    /* of a real one */
} number;

static number from_real(double value)
{
    return (number){ .real = true, .value = value };
}

static number from_unsigned(uint64_t value)
{
    return (number){ .whole = value };
}

static number from_signed(int64_t value)
{
    return (number){ .negative = value < 0, .whole = (uint64_t)value };
}

static number number_of(molt_value value)
{
    switch (value.kind) {
    case MOLT_INT8:   return from_signed(value.as.i8);
    case MOLT_INT16:  return from_signed(value.as.i16);
    case MOLT_INT32:  return from_signed(value.as.i32);
    case MOLT_INT64:  return from_signed(value.as.i64);
    case MOLT_UINT8:  return from_unsigned(value.as.u8);
    case MOLT_UINT16: return from_unsigned(value.as.u16);
    case MOLT_UINT32: return from_unsigned(value.as.u32);
    case MOLT_UINT64: return from_unsigned(value.as.u64);
    case MOLT_FLOAT:  return from_real((double)value.as.f32);
    default:          return from_real(value.as.f64);
    }
}

static bool is_number(molt_kind kind)
{
    return kind >= MOLT_INT8 && kind <= MOLT_DOUBLE;
}

typedef struct bounds { int64_t least; uint64_t most; } bounds;

static bounds bounds_of(molt_kind kind)
{
    switch (kind) {
    case MOLT_INT8:   return (bounds){ INT8_MIN, INT8_MAX };
    case MOLT_INT16:  return (bounds){ INT16_MIN, INT16_MAX };
    case MOLT_INT32:  return (bounds){ INT32_MIN, INT32_MAX };
    case MOLT_INT64:  return (bounds){ INT64_MIN, INT64_MAX };
    case MOLT_UINT8:  return (bounds){ 0, UINT8_MAX };
    case MOLT_UINT16: return (bounds){ 0, UINT16_MAX };
    case MOLT_UINT32: return (bounds){ 0, UINT32_MAX };
    default:          return (bounds){ 0, UINT64_MAX };
    }
}

/* Why a number has no equal in the kind wanted. */
typedef enum outcome { SAME, OUTSIDE, FRACTION, INEXACT } outcome;

static outcome to_whole(number from, molt_kind kind, uint64_t *whole)
{
    bounds range = bounds_of(kind);
    if (!from.real) {
        *whole = from.whole;
        bool inside = from.negative ? (int64_t)from.whole >= range.least : from.whole <= range.most;
        return inside ? SAME : OUTSIDE;
    }
    /* The greatest value plus one is a power of two, which a double holds even
     * where it rounds the greatest value itself up. NaN fails both tests. */
    if (!(from.value >= (double)range.least && from.value < (double)range.most + 1.0)) {
        return OUTSIDE;
    }
    if (from.value < 0) {
        int64_t cut = (int64_t)from.value;
        *whole = (uint64_t)cut;
        return (double)cut == from.value ? SAME : FRACTION;
    }
    *whole = (uint64_t)from.value;
    return (double)*whole == from.value ? SAME : FRACTION;
}

static outcome to_double(number from, double *value)
{
    if (from.real) {
        *value = from.value;
        return SAME;
    }
    if (from.negative) {
        *value = (double)(int64_t)from.whole;
        return (int64_t)*value == (int64_t)from.whole ? SAME : INEXACT;
    }
    *value = (double)from.whole;
    return *value < 0x1p64 && (uint64_t)*value == from.whole ? SAME : INEXACT;
}

static outcome to_float(number from, float *value)
{
    double wide;
    if (to_double(from, &wide) != SAME) {
        return INEXACT;
    }
    /* From here on a double would round to infinity. */
    if (isfinite(wide) && fabs(wide) >= 0x1.ffffffp127) {
        return OUTSIDE;
    }
    *value = (float)wide;
    return from.real || (double)*value == wide ? SAME : INEXACT;
}

static outcome convert_number(molt_kind kind, number from, molt_value *to)
{
    if (kind == MOLT_DOUBLE) {
        return to_double(from, &to->as.f64);
    }
    if (kind == MOLT_FLOAT) {
        return to_float(from, &to->as.f32);
    }
    uint64_t whole;
    outcome result = to_whole(from, kind, &whole);
    if (result != SAME) {
        return result;
    }
    switch (kind) {
    case MOLT_INT8:   to->as.i8 = (int8_t)whole; break;
    case MOLT_INT16:  to->as.i16 = (int16_t)whole; break;
    case MOLT_INT32:  to->as.i32 = (int32_t)whole; break;
    case MOLT_INT64:  to->as.i64 = (int64_t)whole; break;
    case MOLT_UINT8:  to->as.u8 = (uint8_t)whole; break;
    case MOLT_UINT16: to->as.u16 = (uint16_t)whole; break;
    case MOLT_UINT32: to->as.u32 = (uint32_t)whole; break;
    default:          to->as.u64 = whole; break;
    }
    return SAME;
}

/* The shortest text that reads back as the number. */
static void write_number(char text[NUMBER_TEXT], molt_value value)
{
    number from = number_of(value);
    if (!from.real && from.negative) {
        snprintf(text, NUMBER_TEXT, "%lld", (long long)(int64_t)from.whole);
    } else if (!from.real) {
        snprintf(text, NUMBER_TEXT, "%llu", (unsigned long long)from.whole);
    } else if (isnan(from.value)) {
        snprintf(text, NUMBER_TEXT, "nan");          /* the C library's may have a sign */
    } else {
        int digits = 6;
        do {
            snprintf(text, NUMBER_TEXT, "%.*g", digits, from.value);
        } while (digits++ < DBL_DECIMAL_DIG && strtod(text, NULL) != from.value);
    }
}

static int fail_number(molt_world *world, outcome reason, molt_kind kind, molt_value from, const char *what)
{
    char text[NUMBER_TEXT];
    write_number(text, from);
    const char *name = molt__kind_name(kind);
    if (reason == FRACTION) {
        return molt__fail(world, MOLT_ERR_RANGE, "number %s is not a whole number, as %s %s must be", text, name,
                          what);
    }
    if (reason == INEXACT) {
        return molt__fail(world, MOLT_ERR_RANGE, "number %s cannot be held exactly by %s %s", text, name, what);
    }
    if (kind == MOLT_FLOAT) {
        return molt__fail(world, MOLT_ERR_RANGE, "number %s is out of range for float %s (-%.7g to %.7g)", text, what,
                          (double)FLT_MAX, (double)FLT_MAX);
    }
    bounds range = bounds_of(kind);
    return molt__fail(world, MOLT_ERR_RANGE, "number %s is out of range for %s %s (%lld to %llu)", text, name, what,
                      (long long)range.least, (unsigned long long)range.most);
}

const char *molt__kind_article(molt_kind kind)
{
    char first = molt__kind_name(kind)[0];
    return first == 'i' || first == 'a' || first == 'o' ? "an" : "a";
}

static int fail_type(molt_world *world, molt_kind kind, molt_value from, const char *what)
{
    const char *name = molt__kind_name(kind);
    if (is_number(from.kind)) {
        char text[NUMBER_TEXT];
        write_number(text, from);
        return molt__fail(world, MOLT_ERR_TYPE, "%s takes %s %s, got the number %s", what, molt__kind_article(kind), name, text);
    }
    return molt__fail(world, MOLT_ERR_TYPE, "%s takes %s %s, got %s %s", what, molt__kind_article(kind), name,
                      molt__kind_article(from.kind), molt__kind_name(from.kind));
}

int molt__value_convert(molt_world *world, molt_kind kind, molt_value from, molt_value *to, const char *what)
{
    if (is_number(kind) && is_number(from.kind)) {
        molt_value result = { .kind = kind };
        outcome reason = convert_number(kind, number_of(from), &result);
        if (reason != SAME) {
            return fail_number(world, reason, kind, from, what);
        }
        *to = result;
        return MOLT_OK;
    }
    if (kind == MOLT_BOOL && from.kind == MOLT_BOOL) {
        *to = from;
        return MOLT_OK;
    }
    return fail_type(world, kind, from, what);
}
