/*
 * particles: an emitter that needs no memory for its particles.
 *
 *     local particles = assert(molt.load("particles"))
 *     molt.use(Torch, particles.Emitter)
 *
 *     torch:advance(dt)
 *     for i = 0, torch:alive() - 1 do
 *       draw(torch.x + torch:offset_x(i), torch.y + torch:offset_y(i), 1 - torch:age(i))
 *     end
 *
 * Where do the particles live? Nowhere. Particle n is born at a time that follows
 * from n, and its direction and speed are a hash of n and the seed, so its place
 * at any moment is a formula. The emitter is its fields and nothing else: there is
 * no pool to fill, to free or to lose in a reload, and an emitter that is copied
 * or saved is copied or saved with all its particles.
 *
 * The price: particles move with the emitter (their places are offsets from it),
 * and a field changed in flight changes those in flight too.
 */
#include <math.h>

#include <molt/native.h>

#define EMITTER(FIELD, METHOD)                                                  \
    FIELD (double, rate, 50)          /* particles a second */                  \
    FIELD (uint32_t, burst, 0)        /* born at once, at the start */          \
    FIELD (double, life, 1)           /* seconds, of each */                    \
    FIELD (double, speed, 60)         /* at birth */                            \
    FIELD (double, variation, 0.3)    /* of the speed: 0 none, 1 down to zero */\
    FIELD (double, direction, -1.5707963267948966) /* radians; y points down */ \
    FIELD (double, spread, 0.5)       /* radians to either side */              \
    FIELD (double, gravity, 0)        /* added to the speed along y, a second */\
    FIELD (uint32_t, seed, 1)         /* same seed, same particles */           \
    FIELD (double, time, 0)           /* since the start */                     \
    FIELD (double, stopped, -1)       /* time at which births ended; -1: never */\
    METHOD(void, start, ())                                                     \
    METHOD(void, stop, ())                                                      \
    METHOD(void, advance, (double dt))                                          \
    METHOD(bool, done, ())                                                      \
    METHOD(uint32_t, alive, ())                                                 \
    METHOD(double, offset_x, (uint32_t i))                                      \
    METHOD(double, offset_y, (uint32_t i))                                      \
    METHOD(double, age, (uint32_t i))

MOLT_TRAIT(Emitter, EMITTER)

/* Particles are numbered from 0 in order of birth: the burst, then one each
 * 1 / rate seconds. */
static double birth_of(const Emitter *self, double number)
{
    return number < self->burst ? 0 : (number - self->burst) / self->rate;
}

/* How many have been born by a time, that time included. */
static double born_by(const Emitter *self, double time)
{
    if (time < 0) return 0;
    return self->burst + (self->rate > 0 ? floor(time * self->rate) + 1 : 0);
}

/* Those alive are the numbers from `first` up to, not including, `end`. */
static void range(const Emitter *self, double *first, double *end)
{
    double last_birth = self->stopped >= 0 && self->stopped < self->time ? self->stopped : self->time;
    *end = born_by(self, last_birth);
    *first = fmin(born_by(self, self->time - self->life), *end);
}

static uint32_t alive(Emitter *self)
{
    double first, end;
    range(self, &first, &end);
    return (uint32_t)fmin(end - first, UINT32_MAX);
}

/* The number of the i-th particle alive, oldest first; -1 when there is none. */
static double number_at(const Emitter *self, uint32_t i)
{
    double first, end;
    range(self, &first, &end);
    return first + i < end ? first + i : -1;
}

/* 0 … 1, one of several values for each particle (after Chris Wellons'
 * lowbias32). */
static double random_of(const Emitter *self, double number, uint32_t which)
{
    uint32_t bits = self->seed * 0x9E3779B9u + (uint32_t)fmod(number, 4294967296.0) * 2 + which;
    bits = (bits ^ bits >> 16) * 0x7FEB352Du;
    bits = (bits ^ bits >> 15) * 0x846CA68Bu;
    return (bits ^ bits >> 16) / 4294967296.0;
}

static double angle_of(const Emitter *self, double number)
{
    return self->direction + self->spread * (2 * random_of(self, number, 0) - 1);
}

static double speed_of(const Emitter *self, double number)
{
    return self->speed * (1 - self->variation * random_of(self, number, 1));
}

/* A particle that is not alive is nowhere: 0. */
static double offset_x(Emitter *self, uint32_t i)
{
    double number = number_at(self, i);
    if (number < 0) return 0;
    return cos(angle_of(self, number)) * speed_of(self, number) * (self->time - birth_of(self, number));
}

static double offset_y(Emitter *self, uint32_t i)
{
    double number = number_at(self, i);
    if (number < 0) return 0;
    double time = self->time - birth_of(self, number);
    return sin(angle_of(self, number)) * speed_of(self, number) * time + self->gravity / 2 * time * time;
}

/* 0 at birth, 1 at the end; 1 for one that is not alive. */
static double age(Emitter *self, uint32_t i)
{
    double number = number_at(self, i);
    return number < 0 ? 1 : (self->time - birth_of(self, number)) / self->life;
}

static void start(Emitter *self)
{
    self->time = 0;
    self->stopped = -1;
}

/* No more births; those alive live on. */
static void stop(Emitter *self)
{
    if (self->stopped < 0) self->stopped = self->time;
}

static void advance(Emitter *self, double dt)
{
    self->time += dt;
}

/* True when none is alive and none will come. */
static bool done(Emitter *self)
{
    return (self->stopped >= 0 || self->rate <= 0) && alive(self) == 0;
}

MOLT_MODULE(particles, "1.0.0")
{
    MOLT_IMPL_LEAF(Emitter, .start = start, .stop = stop, .advance = advance, .done = done, .alive = alive,
                   .offset_x = offset_x, .offset_y = offset_y, .age = age);
    return MOLT_OK;
}
