/* gauge.c: what native code does in the benchmarks. Built as modules `gauge`, in
 * two builds so that a reload has something to exchange, and `still`, which is
 * never reloaded. */
#include <molt/native.h>

#ifndef GAUGE_BUILD
#define GAUGE_BUILD 1
#endif

#define GAUGE(FIELD, METHOD)              \
    FIELD (double, level, 1)              \
    METHOD(double, advance, (double dt))  \
    METHOD(double, visit, (double dt))    \
    METHOD(double, drive, (double count)) \
    METHOD(double, answer, (double x))

MOLT_TRAIT(Gauge, GAUGE)

static double advance(Gauge *self, double dt)
{
    return self->level += dt;
}

static double visit(Gauge *self, double dt)
{
    return self->level += dt;
}

static double drive(Gauge *self, double count)
{
    double sum = 0;
    for (double i = 0; i < count; i++) sum += molt_call(self, answer, i);
    return sum;
}

__attribute__((used)) static const int build = GAUGE_BUILD;

#if GAUGE_BUILD == 3
MOLT_MODULE(still, "1.0.0")
#else
MOLT_MODULE(gauge, "1.0.0")
#endif
{
    MOLT_IMPL_LEAF(Gauge, .advance = advance);
    MOLT_IMPL(Gauge, .visit = visit, .drive = drive);
    return MOLT_OK;
}
