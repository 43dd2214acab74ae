/*
 * steering: bodies that find their own way in the plane.
 *
 *     local steering = assert(molt.load("steering"))
 *     molt.use(Sheep, steering.Steering)
 *
 *     function Sheep:think(wolf)
 *       if near(self, wolf) then self:flee(wolf.x, wolf.y) else self:wander(0.4) end
 *     end
 *     sheep:think(wolf)  sheep:update(dt)
 *
 * After Craig Reynolds, "Steering Behaviors For Autonomous Characters" (1999).
 * Each behaviour adds a force; update limits their sum, moves the body, and
 * begins anew. Units are the game's own: lengths, and seconds.
 */
#include <math.h>

#include <molt/native.h>

#define STEERING(FIELD, METHOD)                                       \
    FIELD (double, x, 0)                                              \
    FIELD (double, y, 0)                                              \
    FIELD (double, vx, 0)                                             \
    FIELD (double, vy, 0)                                             \
    FIELD (double, force_x, 0)   /* since the last update */          \
    FIELD (double, force_y, 0)                                        \
    FIELD (double, max_speed, 100)                                    \
    FIELD (double, max_force, 200)                                    \
    FIELD (double, heading, 0)   /* of wander, in radians */          \
    FIELD (uint32_t, seed, 1)    /* of wander: same seed, same way */ \
    METHOD(void, seek, (double x, double y))                          \
    METHOD(void, flee, (double x, double y))                          \
    METHOD(void, arrive, (double x, double y, double radius))         \
    METHOD(void, wander, (double jitter))                             \
    METHOD(void, update, (double dt))                                 \
    METHOD(double, speed, ())

MOLT_TRAIT(Steering, STEERING)

/* Steers towards a velocity: the force is what is missing from it. */
static void want_velocity(Steering *self, double vx, double vy)
{
    self->force_x += vx - self->vx;
    self->force_y += vy - self->vy;
}

/* Wants to go along (dx, dy) at a speed; nothing when that is no direction. */
static void want_along(Steering *self, double dx, double dy, double speed)
{
    double length = hypot(dx, dy);
    if (length > 0) want_velocity(self, dx / length * speed, dy / length * speed);
}

static void seek(Steering *self, double x, double y)
{
    want_along(self, x - self->x, y - self->y, self->max_speed);
}

static void flee(Steering *self, double x, double y)
{
    want_along(self, self->x - x, self->y - y, self->max_speed);
}

/* Like seek, but slows down inside `radius` and stands still at the place. */
static void arrive(Steering *self, double x, double y, double radius)
{
    double dx = x - self->x, dy = y - self->y;
    double distance = hypot(dx, dy);
    if (distance == 0) {
        want_velocity(self, 0, 0);
    } else if (distance < radius) {
        want_along(self, dx, dy, self->max_speed * distance / radius);
    } else {
        want_along(self, dx, dy, self->max_speed);
    }
}

/* -1 … 1, and on to the next seed (xorshift; George Marsaglia, 2003). */
static double random_around_zero(uint32_t *seed)
{
    uint32_t bits = *seed ? *seed : 1;
    bits ^= bits << 13;
    bits ^= bits >> 17;
    bits ^= bits << 5;
    *seed = bits;
    return bits / 2147483648.0 - 1;
}

/* Strays: the heading turns by at most `jitter` radians a call. */
static void wander(Steering *self, double jitter)
{
    self->heading = remainder(self->heading + jitter * random_around_zero(&self->seed), 2 * 3.14159265358979323846);
    want_along(self, cos(self->heading), sin(self->heading), self->max_speed);
}

static void limit(double *x, double *y, double most)
{
    double length = hypot(*x, *y);
    if (length <= most) return;
    *x *= most / length;
    *y *= most / length;
}

static void update(Steering *self, double dt)
{
    limit(&self->force_x, &self->force_y, self->max_force);
    self->vx += self->force_x * dt;
    self->vy += self->force_y * dt;
    limit(&self->vx, &self->vy, self->max_speed);
    self->x += self->vx * dt;
    self->y += self->vy * dt;
    self->force_x = self->force_y = 0;
}

static double speed(Steering *self)
{
    return hypot(self->vx, self->vy);
}

MOLT_MODULE(steering, "1.0.0")
{
    /* Nothing here ever reaches Lua, so Lua calls it at the price of plain C. */
    MOLT_IMPL_LEAF(Steering, .seek = seek, .flee = flee, .arrive = arrive, .wander = wander,
                   .update = update, .speed = speed);
    return MOLT_OK;
}
