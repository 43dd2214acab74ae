/*
 * invoke.c: where floating-point and other arguments are passed in registers of
 * two kinds, each numbered on its own, a function finds its arguments whatever
 * else is in the registers:
 *
 *   double f(void *self, int32_t a, double x, bool b)
 *   whole:  self  a  b  ·  ·  ·          floating:  x  ·  ·  ·  ·  ·  ·  ·
 *
 * So one call with all registers loaded does for every signature that needs no
 * stack: System V on x86-64, and AArch64. libffi, which looks at the signature
 * each time, takes five times as long.
 */
#include "invoke.h"

#include <string.h>

#if defined(__x86_64__) && !defined(_WIN32) && !defined(__ILP32__) || defined(__aarch64__) && !defined(_WIN32)

enum { WHOLE = 5, FLOATING = 8 };

typedef struct registers {
    uint64_t whole[WHOLE];
    double floating[FLOATING];
    size_t whole_count;
    size_t floating_count;
} registers;

#define PARAMETERS (void *, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, double, double, double, double, double, \
                    double, double, double)
#define ARGUMENTS(self, r)                                                                                       \
    ((self), (r)->whole[0], (r)->whole[1], (r)->whole[2], (r)->whole[3], (r)->whole[4], (r)->floating[0],        \
     (r)->floating[1], (r)->floating[2], (r)->floating[3], (r)->floating[4], (r)->floating[5], (r)->floating[6], \
     (r)->floating[7])

static uint64_t widened(molt_kind kind, const void *memory)
{
    switch (kind) {
    case MOLT_BOOL: case MOLT_UINT8: return *(const uint8_t *)memory;
    case MOLT_INT8: return (uint64_t)(int64_t)*(const int8_t *)memory;
    case MOLT_INT16: return (uint64_t)(int64_t)*(const int16_t *)memory;
    case MOLT_UINT16: return *(const uint16_t *)memory;
    case MOLT_INT32: return (uint64_t)(int64_t)*(const int32_t *)memory;
    case MOLT_UINT32: return *(const uint32_t *)memory;
    default: return *(const uint64_t *)memory;
    }
}

static bool load(registers *r, molt_kind kind, const void *argument)
{
    if (kind == MOLT_DOUBLE || kind == MOLT_FLOAT) {
        if (r->floating_count == FLOATING) return false;
        memcpy(&r->floating[r->floating_count++], argument, kind == MOLT_FLOAT ? sizeof(float) : sizeof(double));
        return true;
    }
    if (r->whole_count == WHOLE) return false;
    r->whole[r->whole_count++] = widened(kind, argument);
    return true;
}

bool molt__invoke(molt_function function, void *self, const molt__declaration *declaration, void *const *arguments,
                  void *result)
{
    registers r = { 0 };
    for (size_t i = 0; i < declaration->parameter_count; i++) {
        if (!load(&r, declaration->parameters[i].kind, arguments[i])) return false;
    }
    switch (declaration->kind) {
    case MOLT_VOID: ((void (*) PARAMETERS)function) ARGUMENTS(self, &r); return true;
    case MOLT_DOUBLE: *(double *)result = ((double (*) PARAMETERS)function) ARGUMENTS(self, &r); return true;
    case MOLT_FLOAT: *(float *)result = ((float (*) PARAMETERS)function) ARGUMENTS(self, &r); return true;
    default: break;
    }
    uint64_t whole = ((uint64_t (*) PARAMETERS)function) ARGUMENTS(self, &r);
    *(uint64_t *)result = widened(declaration->kind, &whole);
    return true;
}

#else

bool molt__invoke(molt_function function, void *self, const molt__declaration *declaration, void *const *arguments,
                  void *result)
{
    (void)function;
    (void)self;
    (void)declaration;
    (void)arguments;
    (void)result;
    return false;
}

#endif
