/* A trait with a leaf method, one that is not, and one that calls the other two
 * through the handle; two implementations of it, and a third that is partial. */
#include <molt/native.h>

#define GAUGE(FIELD, METHOD)              \
    FIELD (double, level, 10)             \
    FIELD (int32_t, calls, 0)             \
    METHOD(double, value, (double by))    \
    METHOD(int32_t, poke, (int32_t by))   \
    METHOD(double, both, (double by))

MOLT_TRAIT(Gauge, GAUGE)

static double value(Gauge *self, double by)
{
    return self->level * by;
}

static int32_t poke(Gauge *self, int32_t by)
{
    return self->calls += by;
}

static double both(Gauge *self, double by)
{
    double seen = molt_call(self, value, by);
    return seen + molt_call(self, poke, 1);
}

static double digital_value(Gauge *self, double by)
{
    return -self->level * by;
}

MOLT_MODULE(gauge, "1.0.0")
{
    MOLT_IMPL(Gauge, .poke = poke, .both = both);
    MOLT_IMPL_LEAF(Gauge, .value = value);
    MOLT_IMPL_NAMED(Digital, Gauge, .poke = poke, .both = both);
    MOLT_IMPL_LEAF_NAMED(Digital, Gauge, .value = digital_value);
    MOLT_IMPL_LEAF_NAMED(Partial, Gauge, .value = digital_value);
    return MOLT_OK;
}
