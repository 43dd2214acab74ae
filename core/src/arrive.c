/*
 * arrive.c: the counterpart of invoke.c. A function that takes all argument
 * registers finds the arguments of any signature that needs no stack, and one that
 * returns a whole number and a double returns in both registers a result may be in:
 *
 *   caller:  double f(void *self, int32_t a, double x)      rdi rsi        xmm0     → xmm0
 *   here:    both slot_3(void *self, 5 whole, 8 floating)   rdi rsi … r9   xmm0 … 7 → rax, xmm0
 *
 * So one function for each slot number does, whatever the trait: which method it is
 * the handle's vtable tells. Through libffi's closures the same takes four times as
 * long. Only the System V convention of x86-64 returns such a struct so.
 */
#include "arrive.h"

#include "closure.h"
#include "vtable.h"

#include <string.h>

#if defined(__x86_64__) && !defined(_WIN32) && !defined(__ILP32__)

enum { WHOLE = 5, FLOATING = 8 };

typedef struct both {
    uint64_t whole;
    double floating;
} both;

static bool is_floating(molt_kind kind)
{
    return kind == MOLT_DOUBLE || kind == MOLT_FLOAT;
}

static both arrive(size_t slot, molt_block *self, uint64_t *whole, double *floating)
{
    molt__method *method = molt__vtable_head(MOLT__LOAD(&self->vtable))->trait->methods[slot];
    const molt__declaration *declaration = &method->declaration;
    void *arguments[MOLT__MAX_PARAMETERS];
    for (size_t i = 0; i < declaration->parameter_count; i++) {
        arguments[i] = is_floating(declaration->parameters[i].kind) ? (void *)floating++ : (void *)whole++;
    }
    both result = { 0 };
    molt__closure_enter(method, self, arguments, &result.whole);
    memcpy(&result.floating, &result.whole, sizeof result.floating);
    return result;
}

#define SLOT(n)                                                                                                  \
    static both slot_##n(void *self, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, double s,       \
                         double t, double u, double v, double w, double x, double y, double z)                   \
    {                                                                                                            \
        uint64_t whole[WHOLE] = { a, b, c, d, e };                                                               \
        double floating[FLOATING] = { s, t, u, v, w, x, y, z };                                                  \
        return arrive(n, self, whole, floating);                                                                 \
    }

/* 64, as many as MOLT__MAX_METHODS */
#define EIGHT(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define ALL(X) \
    EIGHT(X, 00) EIGHT(X, 01) EIGHT(X, 02) EIGHT(X, 03) EIGHT(X, 04) EIGHT(X, 05) EIGHT(X, 06) EIGHT(X, 07)

ALL(SLOT)

typedef both (*slot_function)(void *, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, double, double, double, double,
                              double, double, double, double);

#define NAME(n) slot_##n,
static const slot_function slots[] = { ALL(NAME) };

_Static_assert(sizeof slots / sizeof *slots == MOLT__MAX_METHODS, "a function for each slot");

molt_function molt__arrive_by(const molt__method *method)
{
    const molt__declaration *declaration = &method->declaration;
    size_t whole = 0, floating = 0;
    for (size_t i = 0; i < declaration->parameter_count; i++) {
        if (is_floating(declaration->parameters[i].kind)) floating++;
        else whole++;
    }
    return whole <= WHOLE && floating <= FLOATING ? (molt_function)slots[method->slot] : NULL;
}

#else

molt_function molt__arrive_by(const molt__method *method)
{
    (void)method;
    return NULL;
}

#endif
