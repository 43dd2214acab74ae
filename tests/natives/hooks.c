/* A trait whose hooks are native, and methods that attach, detach and end from C. */
#include <molt/native.h>

#define LATCH(FIELD, METHOD)         \
    FIELD(int32_t, seen, 0)          \
    METHOD(void, attached, (void))   \
    METHOD(void, detached, (void))
MOLT_TRAIT(Latch, LATCH)

#define ACTOR(FIELD, METHOD)         \
    METHOD(void, finish, (void))
MOLT_TRAIT(Actor, ACTOR)

static int32_t count;

static void attached(Latch *self)
{
    self->seen = ++count;
}

static void detached(Latch *self)
{
    self->seen = 0;
    count -= 10;
}

static void finish(Actor *self)
{
    molt_object_destroy(molt_object_of(self));
}

MOLT_MODULE(hooks, "0.1")
{
    MOLT_IMPL(Latch, .attached = attached, .detached = detached);
    MOLT_IMPL(Actor, .finish = finish);
    return MOLT_OK;
}
