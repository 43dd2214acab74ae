/*
 * threads: workers call native methods while the program changes what they call.
 *
 *     cc -std=gnu17 threads.c $(pkg-config --cflags --libs molt) -o threads
 *
 * Two threads move boids, each its own half. Meanwhile the owner of the world puts
 * another implementation in place, gives the class a trait (every body moves), and
 * ends boids. Nobody locks anything.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <molt/molt.h>

#define BOID(FIELD, METHOD)                    \
    FIELD (double, x, 0)                       \
    FIELD (uint32_t, steps, 0)                 \
    METHOD(void, move, (double dt))

#define LAMP(FIELD, METHOD)                    \
    FIELD (double, light, 3)

MOLT_TRAIT(Boid, BOID)
MOLT_TRAIT(Lamp, LAMP)

static void walk(Boid *self, double dt)
{
    self->x += dt;
    self->steps++;
}

static void run(Boid *self, double dt)
{
    self->x += 10 * dt;
    self->steps++;
}

enum { BOIDS = 1000, WORKERS = 2, HALF = BOIDS / WORKERS };

static molt_world *world;
static molt_ref boids[BOIDS];
static bool over;
static unsigned rounds[WORKERS];

static void check(bool good, const char *what)
{
    if (good) return;
    fprintf(stderr, "threads: %s: %s\n", what, molt_last_error(world));
    exit(EXIT_FAILURE);
}

static void move_half(const molt_ref *half)
{
    for (int i = 0; i < HALF; i++) {
        molt_object *object = molt_ref_object(world, half[i]);     /* NULL: it has ended */
        Boid *boid = object ? molt_as(object, Boid) : NULL;
        if (boid) molt_call(boid, move, 0.001);
    }
}

static void *work(void *number)
{
    size_t i = (size_t)(uintptr_t)number;
    if (molt_thread_register(world, i ? "second half" : "first half")) return NULL;
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        move_half(boids + i * HALF);
        molt_thread_quiescent(world);          /* no handle from above is used below */
        __atomic_add_fetch(&rounds[i], 1, __ATOMIC_RELEASE);
    }
    molt_thread_unregister(world);
    return NULL;
}

/* Until each worker has gone through its half twice more. */
static void wait_for_rounds(void)
{
    for (int i = 0; i < WORKERS; i++) {
        unsigned seen = __atomic_load_n(&rounds[i], __ATOMIC_ACQUIRE);
        while (__atomic_load_n(&rounds[i], __ATOMIC_ACQUIRE) - seen < 2) molt_world_tick(world);
    }
}

static molt_impl *implementation(const char *name, void (*move)(Boid *, double))
{
    molt_impl *impl = molt_impl_register(world, &Boid_trait, name, &(Boid_vtable){ .move = move }, 0, __FILE__);
    check(impl, name);
    return impl;
}

static molt_class *make_boids(molt_impl *impl)
{
    molt_trait *trait = molt_impl_trait(impl);
    molt_class *flock = molt_class_declare(world, &(molt_class_lines){ .size = sizeof(molt_class_lines), .name = "Flock",
                                           .traits = &trait, .trait_count = 1, .where = __FILE__ });
    check(flock && molt_class_use(flock, NULL, impl) == MOLT_OK, "Flock");
    for (int i = 0; i < BOIDS; i++) boids[i] = molt_object_ref(molt_object_new(world, flock));
    return flock;
}

int main(void)
{
    world = molt_world_open(NULL);
    molt_class *flock = make_boids(implementation("Walker", walk));
    molt_trait *lamp = molt_trait_declare_text(world, &Lamp_trait);
    pthread_t threads[WORKERS];
    for (size_t i = 0; i < WORKERS; i++) pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i);
    wait_for_rounds();

    check(molt_class_use(flock, NULL, implementation("Runner", run)) == MOLT_OK, "use");   /* one store */
    wait_for_rounds();
    check(molt_class_use(flock, lamp, NULL) == MOLT_OK, "a trait for the class");          /* 1,000 new bodies */
    wait_for_rounds();
    for (int i = 0; i < BOIDS; i += 2) molt_object_destroy(molt_ref_object(world, boids[i]));
    wait_for_rounds();

    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    for (int i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);

    molt_object *last = molt_ref_object(world, boids[BOIDS - 1]);
    Boid *boid = molt_as(last, Boid);
    printf("alive: %zu\n", molt_world_live(world));
    printf("the last one moved: %s, it ran: %s, it has a lamp: %s\n", boid->steps >= 8 ? "yes" : "no",
           boid->x > 0.001 * boid->steps ? "yes" : "no", molt_as(last, Lamp)->light == 3 ? "yes" : "no");
    check(molt_world_close(world) == MOLT_OK, "close");
    puts("threads ok");
    return EXIT_SUCCESS;
}

/*
alive: 500
the last one moved: yes, it ran: yes, it has a lamp: yes
threads ok
*/
