/*
 * timer: something that happens after a while, or again and again.
 *
 *     local timer = assert(molt.load("timer"))
 *     molt.use(Bomb, timer.Timer)
 *     function Bomb:fired(count) explode(self) end
 *
 *     bomb:after(3)
 *     bomb:update(dt)      -- calls bomb:fired(1) once, three seconds later
 *
 * `fired` is left open here: it is the game's to fill, in Lua or in another
 * module, and a class that uses the timer is complete only when it has one.
 */
#include <molt/native.h>

#define TIMER(FIELD, METHOD)                                              \
    FIELD (double, left, 0)       /* seconds until it fires */            \
    FIELD (double, interval, 0)   /* between firings; 0: fires once */    \
    FIELD (int32_t, count, 0)     /* firings since it was set */          \
    FIELD (bool, running, false)                                          \
    METHOD(void, after, (double seconds))                                 \
    METHOD(void, every, (double seconds))                                 \
    METHOD(void, cancel, ())                                              \
    METHOD(int32_t, update, (double dt)) /* how often it fired */         \
    METHOD(void, fired, (int32_t count))

MOLT_TRAIT(Timer, TIMER)

/* One update fires so often at the most: after a long pause the game goes on
 * instead of making up for all of it. */
enum { MOST_FIRINGS = 16 };

static void set(Timer *self, double seconds, double interval)
{
    self->left = seconds;
    self->interval = interval;
    self->count = 0;
    self->running = true;
}

static void after(Timer *self, double seconds)
{
    set(self, seconds, 0);
}

static void every(Timer *self, double seconds)
{
    set(self, seconds, seconds);
}

static void cancel(Timer *self)
{
    self->running = false;
}

/* All that the timer does to itself comes before the call: `fired` may set it
 * again, cancel it, or end its object. */
static void fire(Timer *self)
{
    self->left += self->interval;
    self->running = self->interval > 0;
    self->count++;
    molt_call(self, fired, self->count);
}

static int32_t update(Timer *self, double dt)
{
    const molt_object *object = molt_object_of(self);
    const molt_world *world = molt_object_world(object);
    int32_t firings = 0;
    if (!self->running) return 0;
    self->left -= dt;
    while (self->running && self->left <= 0 && firings < MOST_FIRINGS) {
        fire(self);
        firings++;
        if (!molt_object_alive(object) || molt_error_pending(world)) return firings;
    }
    if (self->running && self->left < 0) self->left = 0;
    return firings;
}

MOLT_MODULE(timer, "1.0.0")
{
    MOLT_IMPL(Timer, .update = update);      /* it calls `fired`, which may be Lua */
    MOLT_IMPL_LEAF(Timer, .after = after, .every = every, .cancel = cancel);
    return MOLT_OK;
}
