/* What crosses the border between Lua and C, in every direction: for the tests
 * of the border. Probe is about calls and lives, Kinds about values. */
#include <molt/native.h>

#define PROBE(FIELD, METHOD)                                                    \
    FIELD (double, friend, 0)       /* id of the object that `relay` calls */   \
    FIELD (double, count, 0)                                                    \
    FIELD (bool, stopped, false)    /* `twice` returns after an error */        \
    METHOD(double, answer, (double x))                                          \
    METHOD(double, relay, (double x))     /* the friend's answer */             \
    METHOD(double, twice, (double x))     /* the sum of two answers */          \
    METHOD(double, up, (double n))        /* 1 + down(n - 1): C to Lua */       \
    METHOD(double, down, (double n))      /* Lua to C */                        \
    METHOD(double, by_name, (double x))   /* answer, by molt_object_call */     \
    METHOD(void, keep, (double id))                                             \
    METHOD(void, let_go, (double id))                                           \
    METHOD(void, finish, (double id))     /* destroys, then touches itself */   \
    METHOD(double, notify, (double id))   /* told, then touches itself */       \
    METHOD(void, told, (double id))

MOLT_TRAIT(Probe, PROBE)

static molt_object *object_of(const Probe *self, double id)
{
    molt_object *own = molt_object_of(self);
    return id != 0 ? molt_id_object(molt_object_world(own), id) : own;
}

static double answer(Probe *self, double x)
{
    self->count += 1;
    return x + 1;
}

static double relay(Probe *self, double x)
{
    molt_object *friend = object_of(self, self->friend);
    Probe *probe = friend ? molt_as(friend, Probe) : NULL;
    return probe ? molt_call(probe, answer, x) : -1;
}

static double twice(Probe *self, double x)
{
    double first = molt_call(self, answer, x);
    if (self->stopped && molt_error_pending(molt_object_world(molt_object_of(self)))) return -1;
    return first + molt_call(self, answer, x);
}

static double up(Probe *self, double n)
{
    return n > 0 ? 1 + molt_call(self, down, n - 1) : 0;
}

static double by_name(Probe *self, double x)
{
    molt_value argument = { MOLT_DOUBLE, { .f64 = x } }, result = { MOLT_DOUBLE, { .f64 = -1 } };
    int err = molt_object_call(molt_object_of(self), "answer", &argument, 1, &result);
    return err ? (double)err : result.as.f64;
}

static void keep(Probe *self, double id)
{
    molt_object *object = object_of(self, id);
    if (object) molt_object_retain(object);
}

static void let_go(Probe *self, double id)
{
    molt_object *object = object_of(self, id);
    if (object) molt_object_release(object);
}

static void finish(Probe *self, double id)
{
    molt_object *object = object_of(self, id);
    if (object) molt_object_destroy(object);
    self->count += 1;                /* the memory is good until the method has returned */
}

static double notify(Probe *self, double id)
{
    molt_call(self, told, id);
    self->count += 1;
    return self->count;
}

#define KINDS(FIELD, METHOD)                             \
    FIELD (int32_t, calls, 0)                            \
    METHOD(bool, same_bool, (bool v))                    \
    METHOD(int8_t, same_int8, (int8_t v))                \
    METHOD(uint8_t, same_uint8, (uint8_t v))             \
    METHOD(int16_t, same_int16, (int16_t v))             \
    METHOD(uint16_t, same_uint16, (uint16_t v))          \
    METHOD(int32_t, same_int32, (int32_t v))             \
    METHOD(uint32_t, same_uint32, (uint32_t v))          \
    METHOD(int64_t, same_int64, (int64_t v))             \
    METHOD(uint64_t, same_uint64, (uint64_t v))          \
    METHOD(float, same_float, (float v))                 \
    METHOD(double, same_double, (double v))              \
    METHOD(bool, via_bool, (bool v))                     \
    METHOD(int8_t, via_int8, (int8_t v))                 \
    METHOD(uint8_t, via_uint8, (uint8_t v))              \
    METHOD(int16_t, via_int16, (int16_t v))              \
    METHOD(uint16_t, via_uint16, (uint16_t v))           \
    METHOD(int32_t, via_int32, (int32_t v))              \
    METHOD(uint32_t, via_uint32, (uint32_t v))           \
    METHOD(int64_t, via_int64, (int64_t v))              \
    METHOD(uint64_t, via_uint64, (uint64_t v))           \
    METHOD(float, via_float, (float v))                  \
    METHOD(double, via_double, (double v))               \
    METHOD(double, mix, (int8_t a, uint64_t b, float c, bool d, int16_t e, double f, int64_t g, uint8_t h)) \
    METHOD(double, via_mix, (int8_t a, uint64_t b, float c, bool d, int16_t e, double f, int64_t g, uint8_t h))

MOLT_TRAIT(Kinds, KINDS)

#define SAME(kind, type)                                                        \
    static type same_##kind(Kinds *self, type v) { self->calls++; return v; }   \
    static type via_##kind(Kinds *self, type v) { return molt_call(self, same_##kind, v); }

SAME(bool, bool)
SAME(int8, int8_t)
SAME(uint8, uint8_t)
SAME(int16, int16_t)
SAME(uint16, uint16_t)
SAME(int32, int32_t)
SAME(uint32, uint32_t)
SAME(int64, int64_t)
SAME(uint64, uint64_t)
SAME(float, float)
SAME(double, double)

static double mix(Kinds *self, int8_t a, uint64_t b, float c, bool d, int16_t e, double f, int64_t g, uint8_t h)
{
    self->calls++;
    return a + (double)b * 2 + (double)c * 4 + d * 8 + e * 16 + f * 32 + (double)g * 64 + h * 128;
}

static double via_mix(Kinds *self, int8_t a, uint64_t b, float c, bool d, int16_t e, double f, int64_t g, uint8_t h)
{
    return molt_call(self, mix, a, b, c, d, e, f, g, h);
}

#define SAMES                                                                   \
    .same_bool = same_bool, .same_int8 = same_int8, .same_uint8 = same_uint8,   \
    .same_int16 = same_int16, .same_uint16 = same_uint16,                       \
    .same_int32 = same_int32, .same_uint32 = same_uint32,                       \
    .same_int64 = same_int64, .same_uint64 = same_uint64,                       \
    .same_float = same_float, .same_double = same_double, .mix = mix

#define VIAS                                                                    \
    .via_bool = via_bool, .via_int8 = via_int8, .via_uint8 = via_uint8,         \
    .via_int16 = via_int16, .via_uint16 = via_uint16,                           \
    .via_int32 = via_int32, .via_uint32 = via_uint32,                           \
    .via_int64 = via_int64, .via_uint64 = via_uint64,                           \
    .via_float = via_float, .via_double = via_double, .via_mix = via_mix

MOLT_MODULE(border, "1.0.0")
{
    MOLT_IMPL_NAMED(Classic, Probe, .answer = answer, .relay = relay, .twice = twice, .up = up, .by_name = by_name,
                    .keep = keep, .let_go = let_go, .finish = finish, .notify = notify);
    /* relay, by_name and twice break their promise as soon as Lua fills answer. */
    MOLT_IMPL_LEAF_NAMED(Leaf, Probe, .answer = answer, .relay = relay, .twice = twice, .by_name = by_name,
                         .keep = keep, .let_go = let_go, .finish = finish);
    MOLT_IMPL_NAMED(KindsClassic, Kinds, SAMES, VIAS);
    MOLT_IMPL_LEAF_NAMED(KindsLeaf, Kinds, SAMES);
    return MOLT_OK;
}
