/* What a declaration may look like at its corners: no parameters in both
 * spellings, members named like words of the library, macros and expressions as
 * defaults, every scalar type. */
#include <molt/native.h>

#define LIMIT (1 << 4)
#define GRAVITY -9.81

#define CORNERS(FIELD, METHOD)                  \
    FIELD (bool, object, true)                  \
    FIELD (double, vtable, GRAVITY)             \
    FIELD (int8_t, self, -LIMIT)                \
    FIELD (uint8_t, u8, LIMIT)                  \
    FIELD (int16_t, i16, -32768)                \
    FIELD (uint16_t, u16, 65535)                \
    FIELD (int32_t, i32, INT32_MIN)             \
    FIELD (uint32_t, u32, UINT32_MAX)           \
    FIELD (int64_t, i64, INT64_C(-9007199254740992)) \
    FIELD (uint64_t, u64, UINT64_C(9007199254740992)) \
    FIELD (float, f32, 0.5f)                    \
    METHOD(void, none, ())                      \
    METHOD(int32_t, nothing, (void))            \
    METHOD(double, all, (bool a, int8_t b, uint16_t c, int32_t d, uint32_t e, float f, double g, uint8_t h))

MOLT_TRAIT(Corners, CORNERS)

static void none(Corners *self)
{
    self->object = !self->object;
}

static int32_t nothing(Corners *self)
{
    return self->i32;
}

static double all(Corners *self, bool a, int8_t b, uint16_t c, int32_t d, uint32_t e, float f, double g, uint8_t h)
{
    return self->vtable + a + b + c + d + e + (double)f + g + h;
}

MOLT_MODULE(corners, "1.0.0-corners+1")
{
    MOLT_IMPL(Corners, .none = none);
    MOLT_IMPL_LEAF(Corners, .nothing = nothing, .all = all);
    return MOLT_OK;
}
