/*
 * tween: a number that goes from one value to another, along a curve.
 *
 *     local tween = assert(molt.load("tween"))
 *     molt.use(Door, tween.Bounce)
 *
 *     door.from, door.to, door.duration = 0, 90, 1.5
 *     door:restart()
 *     door:update(dt)
 *     if not door:done() then draw(door:value()) end
 *
 * One trait, seven implementations, each under a name of its own: module.Linear,
 * .QuadIn, .QuadOut, .QuadInOut, .Back, .Elastic and .Bounce. Or write a curve in
 * Lua: `function Door:ease(t) return t ^ 5 end` on top of any of them. The curves
 * are Robert Penner's (2001).
 */
#include <math.h>

#include <molt/native.h>

#define TWEEN(FIELD, METHOD)                                           \
    FIELD (double, from, 0)                                            \
    FIELD (double, to, 1)                                              \
    FIELD (double, duration, 1)  /* seconds */                         \
    FIELD (double, elapsed, 0)                                         \
    METHOD(double, ease, (double t)) /* the curve: 0 … 1 to 0 … 1 */   \
    METHOD(double, value, ())                                          \
    METHOD(void, update, (double dt))                                  \
    METHOD(void, restart, ())                                          \
    METHOD(bool, done, ())

MOLT_TRAIT(Tween, TWEEN)

static double linear(Tween *self, double t)
{
    (void)self;
    return t;
}

static double quad_in(Tween *self, double t)
{
    (void)self;
    return t * t;
}

static double quad_out(Tween *self, double t)
{
    (void)self;
    return t * (2 - t);
}

static double quad_in_out(Tween *self, double t)
{
    (void)self;
    return t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) * (1 - t);
}

/* Goes a tenth too far and comes back. */
static double back(Tween *self, double t)
{
    (void)self;
    const double far = 1.70158;
    double rest = t - 1;
    return 1 + (far + 1) * rest * rest * rest + far * rest * rest;
}

static double elastic(Tween *self, double t)
{
    (void)self;
    if (t <= 0 || t >= 1) return t;
    return pow(2, -10 * t) * sin((10 * t - 0.75) * 2 * 3.14159265358979323846 / 3) + 1;
}

/* Falls, and springs up three times: parabolas over 1, 1/2, 1/4 and 1/8 of the first. */
static double bounce(Tween *self, double t)
{
    (void)self;
    const double strength = 7.5625, width = 2.75;
    if (t < 1 / width) return strength * t * t;
    if (t < 2 / width) return strength * (t - 1.5 / width) * (t - 1.5 / width) + 0.75;
    if (t < 2.5 / width) return strength * (t - 2.25 / width) * (t - 2.25 / width) + 0.9375;
    return strength * (t - 2.625 / width) * (t - 2.625 / width) + 0.984375;
}

/* Asks for the curve through the handle, since Lua may have put its own there:
 * so this one cannot be a leaf. */
static double value(Tween *self)
{
    double t = self->duration > 0 ? self->elapsed / self->duration : 1;
    t = fmin(fmax(t, 0), 1);
    return self->from + (self->to - self->from) * molt_call(self, ease, t);
}

static void update(Tween *self, double dt)
{
    self->elapsed = fmin(self->elapsed + dt, self->duration);
}

static void restart(Tween *self)
{
    self->elapsed = 0;
}

static bool done(Tween *self)
{
    return self->elapsed >= self->duration;
}

#define CURVE(Name, function)                                                    \
    MOLT_IMPL_NAMED(Name, Tween, .value = value);                                \
    MOLT_IMPL_LEAF_NAMED(Name, Tween, .ease = function, .update = update,        \
                         .restart = restart, .done = done)

MOLT_MODULE(tween, "1.0.0")
{
    CURVE(Linear, linear);
    CURVE(QuadIn, quad_in);
    CURVE(QuadOut, quad_out);
    CURVE(QuadInOut, quad_in_out);
    CURVE(Back, back);
    CURVE(Elastic, elastic);
    CURVE(Bounce, bounce);
    return MOLT_OK;
}
