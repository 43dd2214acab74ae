/* virtual.cpp: the classes; who calls them (virtual_call.cpp) sees their base only. */
#include "virtual.hpp"

#include "virtual.h"

namespace {

struct Car : Vehicle {
    double level = 1;
    double advance(double dt) override { return level += dt; }
};

}

void *virtual_objects(size_t count)
{
    Vehicle **objects = new Vehicle *[count];
    for (size_t i = 0; i < count; i++) objects[i] = new Car;
    return objects;
}
