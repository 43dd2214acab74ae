/* A module whose setup always fails, after it has provided something. */
#include <molt/native.h>

#define GPU(FIELD, METHOD) METHOD(double, render, (double seconds))
MOLT_TRAIT(Gpu, GPU)

static double render(Gpu *self, double seconds)
{
    (void)self;
    return seconds;
}

MOLT_MODULE(refuses, "0.1")
{
    MOLT_IMPL(Gpu, .render = render);
    return molt_fail(molt, "needs a GPU with %d MB", 512);
}
