/* gobject.c: a method of a GObject interface, found by its object at each call. */
#include <glib-object.h>

#include "virtual.h"

typedef struct Vehicle Vehicle;
typedef struct VehicleInterface {
    GTypeInterface head;
    double (*advance)(Vehicle *self, double dt);
} VehicleInterface;

GType vehicle_get_type(void);
G_DEFINE_INTERFACE(Vehicle, vehicle, G_TYPE_OBJECT)

static void vehicle_default_init(VehicleInterface *interface)
{
    (void)interface;
}

typedef struct Car {
    GObject head;
    double level;
} Car;
typedef GObjectClass CarClass;

static double car_advance(Vehicle *self, double dt)
{
    return ((Car *)(void *)self)->level += dt;
}

static void car_vehicle(VehicleInterface *interface)
{
    interface->advance = car_advance;
}

GType car_get_type(void);
G_DEFINE_TYPE_WITH_CODE(Car, car, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE(vehicle_get_type(), car_vehicle))

static void car_class_init(CarClass *cls)
{
    (void)cls;
}

static void car_init(Car *self)
{
    self->level = 1;
}

void *gobject_objects(size_t count)
{
    GObject **objects = g_new(GObject *, count);
    for (size_t i = 0; i < count; i++) objects[i] = g_object_new(car_get_type(), NULL);
    return objects;
}

double gobject_round(void *given, size_t count, double dt)
{
    GObject **objects = given;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        VehicleInterface *interface = G_TYPE_INSTANCE_GET_INTERFACE(objects[i], vehicle_get_type(), VehicleInterface);
        sum += interface->advance((Vehicle *)(void *)objects[i], dt);
    }
    return sum;
}
