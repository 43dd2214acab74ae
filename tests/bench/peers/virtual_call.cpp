#include "virtual.hpp"

#include "virtual.h"

double virtual_round(void *given, size_t count, double dt)
{
    Vehicle **objects = static_cast<Vehicle **>(given);
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += objects[i]->advance(dt);
    return sum;
}
