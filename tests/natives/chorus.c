/* A method declared `all`, called from C. */
#include <molt/native.h>

#define DRUM(FIELD, METHOD)                                                    \
    FIELD (double, beats, 0)                                                   \
    FIELD (double, total, 0)                                                   \
    METHOD(MOLT_ALL void, play, (double by))                                   \
    METHOD(void, conduct, (double by))

MOLT_TRAIT(ChorusDrum, DRUM)

static void play(ChorusDrum *self, double by)
{
    self->beats += by;
    self->total = self->total * 10 + by;
}

static void conduct(ChorusDrum *self, double by)
{
    molt_call(self, play, by);
    molt_call(self, play, by);
}

MOLT_MODULE(chorus, "1.0.0")
{
    MOLT_IMPL(ChorusDrum, .play = play, .conduct = conduct);
    return MOLT_OK;
}
