/* drone: how far a drone flies. examples/reload.lua edits, builds and reloads a
 * copy of this file while its drones are in the air. */
#include <molt/native.h>

#define DRONE(FIELD, METHOD)                        \
    FIELD (double, charge, 100)     /* percent */   \
    FIELD (double, speed, 40)       /* km/h */      \
    METHOD(double, reach, (double wind))            \
    METHOD(double, minutes, ())

MOLT_TRAIT(Drone, DRONE)

static double minutes(Drone *self) { return self->charge * 0.3; }

/* In km, with this wind against it. */
static double reach(Drone *self, double wind)
{
    double over_ground = self->speed - wind;
    return over_ground > 0 ? over_ground * minutes(self) / 60 : 0;
}

MOLT_MODULE(drone, "1.0.0")
{
    MOLT_IMPL_LEAF(Drone, .reach = reach, .minutes = minutes);
    return MOLT_OK;
}
