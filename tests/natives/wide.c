/* Fields wider than a scalar, as C sees them: tests/lua/wide_spec.lua. */
#include <molt/native.h>

#include <string.h>

MOLT_STRUCT(WideVec2, float x; float y;)

#define WIDE(FIELD, METHOD)                                 \
    FIELD (float, pos[3], {0, 1, 0})                        \
    FIELD (bool, flag, true)                                \
    FIELD (WideVec2, speed, { .y = 2 })                     \
    FIELD (molt_string, name, MOLT_TEXT("no\0body"))        \
    FIELD (MOLT_REF(NativeWide), next, {0})                 \
    FIELD (MOLT_PRIVATE double, heat, 4)                    \
    FIELD (MOLT_REQUIRED double, mass, 0)                   \
    METHOD(double, sum, ())                                 \
    METHOD(double, length, ())                              \
    METHOD(void, stamp, ())                                 \
    METHOD(bool, linked, ())                                \
    METHOD(void, link, ())

MOLT_TRAIT(NativeWide, WIDE)

static double sum(NativeWide *self)
{
    return (double)(self->pos[0] + self->pos[1] + self->pos[2] + self->speed.x + self->speed.y) + self->heat + self->mass;
}

static double length(NativeWide *self)
{
    return self->name.text[self->name.length] == '\0' ? (double)self->name.length : -1;
}

/* The old text stays readable until the tick. */
static void stamp(NativeWide *self)
{
    const molt_string before = self->name;
    const molt_string fresh = { "stamped", 7 };
    molt_field_set(self, "name", (molt_value){ .kind = MOLT_STRING, .as.string = &fresh });
    molt_field_set(self, "heat", (molt_value){ .kind = MOLT_DOUBLE, .as.f64 = (double)before.text[0] });
    self->pos[1] = (float)strlen(self->name.text);
}

static bool linked(NativeWide *self)
{
    return molt_ref_object(molt_object_world(molt_object_of(self)), self->next) != NULL;
}

static void link_to_itself(NativeWide *self)
{
    self->next = molt_object_ref(molt_object_of(self));
}

MOLT_MODULE(wide, "1.0.0")
{
    MOLT_REGISTER_STRUCT(WideVec2);
    MOLT_IMPL(NativeWide, .sum = sum, .length = length, .stamp = stamp, .linked = linked, .link = link_to_itself);
    return MOLT_OK;
}
