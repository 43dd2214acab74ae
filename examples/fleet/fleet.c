/* fleet: how far a vehicle gets. The demo edits, builds and reloads a copy of
 * this file while its vehicles are in use. */
#include <molt/native.h>

#define RESERVE 0.00   /* of the tank, not counted on */

#define VEHICLE(FIELD, METHOD)                          \
    FIELD (double, tank, 50)        /* litres */        \
    FIELD (double, fuel, 0)         /* litres */        \
    FIELD (double, consumption, 6)  /* litres/100 km */ \
    METHOD(double, range, (double load))

MOLT_TRAIT(Vehicle, VEHICLE)

/* In km; `load` is 0 empty … 1 full. */
static double range(Vehicle *self, double load)
{
    double usable = self->fuel - RESERVE * self->tank;
    if (usable < 0) usable = 0;
    return 100 * usable / (self->consumption * (1 + 0.3 * load));
}

MOLT_MODULE(fleet, "1.0.0")
{
    MOLT_IMPL_LEAF(Vehicle, .range = range);
    return MOLT_OK;
}
