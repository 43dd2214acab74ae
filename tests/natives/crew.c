/* Threads of a native module that call methods of objects: Crew runs them, Teller
 * is what they call. */
#include <molt/native.h>

#include <pthread.h>

#define TELLER(FIELD, METHOD)                 \
    FIELD (double, base, 40)                  \
    METHOD(double, tell, (double x))

#define CREW(FIELD, METHOD)                   \
    METHOD(void, start, (double id))          \
    METHOD(double, answers, ())     /* calls that were answered */                    \
    METHOD(double, refused, ())     /* calls that met Lua: zero, and an error */      \
    METHOD(double, wrong, ())       /* anything else */                               \
    METHOD(double, ended, ())       /* times that the object was not there */         \
    METHOD(void, stop, ())                                                            \
    METHOD(void, trust, ())         /* that the module stops them when it has to go */

MOLT_TRAIT(Teller, TELLER)
MOLT_TRAIT(Crew, CREW)

enum { HANDS = 2 };

static struct {
    molt_world *world;
    molt_ref object;
    pthread_t hands[HANDS];
    int running;                     /* hands */
    bool over, trusted;
    unsigned long answers, refused, wrong, ended;
} crew;

static void count(unsigned long *what)
{
    __atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

static void call_once(void)
{
    molt_object *object = molt_ref_object(crew.world, crew.object);
    Teller *teller = object ? molt_as(object, Teller) : NULL;
    if (!teller) {
        count(&crew.ended);
        return;
    }
    double told = molt_call(teller, tell, 2);
    const char *text;
    int err = molt_error_take(crew.world, &text);
    if (told == 42 && err == MOLT_OK) count(&crew.answers);
    else if (told == 0 && err == MOLT_ERR_THREAD) count(&crew.refused);
    else count(&crew.wrong);
}

static void *work(void *unused)
{
    if (molt_thread_register(crew.world, "hand")) count(&crew.wrong);
    while (!__atomic_load_n(&crew.over, __ATOMIC_ACQUIRE)) {
        call_once();
        if (molt_thread_quiescent(crew.world)) count(&crew.wrong);
    }
    if (molt_thread_unregister(crew.world)) count(&crew.wrong);
    return unused;
}

static void start(Crew *self, double id)
{
    crew.world = molt_object_world(molt_object_of(self));
    crew.object = molt_object_ref(molt_id_object(crew.world, id));
    __atomic_store_n(&crew.over, false, __ATOMIC_RELEASE);
    crew.answers = crew.refused = crew.wrong = crew.ended = 0;
    for (; crew.running < HANDS; crew.running++) {
        if (pthread_create(&crew.hands[crew.running], NULL, work, NULL)) break;
    }
}

static void end_all(void)
{
    __atomic_store_n(&crew.over, true, __ATOMIC_RELEASE);
    while (crew.running > 0) pthread_join(crew.hands[--crew.running], NULL);
}

static void stop(Crew *self)
{
    (void)self;
    end_all();
}

static void trust(Crew *self)
{
    (void)self;
    crew.trusted = true;
}

static int leave(molt_leave *molt)
{
    if (crew.running && !crew.trusted) return molt_stay(molt, "hands are at work");
    end_all();
    return MOLT_OK;
}

#define COUNTER(name)                                                          \
    static double name(Crew *self)                                             \
    {                                                                          \
        (void)self;                                                            \
        return (double)__atomic_load_n(&crew.name, __ATOMIC_RELAXED);          \
    }
COUNTER(answers)
COUNTER(refused)
COUNTER(wrong)
COUNTER(ended)

static double tell(Teller *self, double x)
{
    return self->base + x;
}

MOLT_MODULE(crew, "1.0.0")
{
    MOLT_BEFORE_UNLOAD(leave);
    MOLT_IMPL(Crew, .start = start, .stop = stop, .trust = trust, .answers = answers, .refused = refused,
              .wrong = wrong, .ended = ended);
    MOLT_IMPL(Teller, .tell = tell);
    return MOLT_OK;
}
