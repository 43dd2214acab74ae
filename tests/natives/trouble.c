/* Native methods that reach Lua in the ways that are allowed and in those that
 * are not: for the errors that docs/errors.md shows. */
#include <pthread.h>

#include <molt/native.h>

#define TROUBLE(FIELD, METHOD)              \
    METHOD(double, ask, (double x))         \
    METHOD(double, asks, (double x))        \
    METHOD(double, leaf_asks, (double x))   \
    METHOD(void,   thread_asks, ())

MOLT_TRAIT(Trouble, TROUBLE)

static double asks(Trouble *self, double x)
{
    return molt_call(self, ask, x);
}

static void *ask_on_thread(void *self)
{
    molt_call((Trouble *)self, ask, 1.0);
    return NULL;
}

static void thread_asks(Trouble *self)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, ask_on_thread, self) == 0) pthread_join(thread, NULL);
}

MOLT_MODULE(trouble, "1.0.0")
{
    MOLT_IMPL(Trouble, .asks = asks, .thread_asks = thread_asks);
    MOLT_IMPL_LEAF(Trouble, .leaf_asks = asks);      /* a promise that is not kept */
    return MOLT_OK;
}
