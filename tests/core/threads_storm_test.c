/* Workers call without pause while the owner does everything to the objects they call. */
#include "world_fixture.h"

#include "worker.h"

#include <sched.h>

enum { PLACES = 16, WORKERS = 3 };

/* Objects that workers find by their ids; the owner ends them and puts others there. */
static uint64_t places[PLACES];

static molt_ref ref_at(size_t place)
{
    uint64_t word = __atomic_load_n(&places[place], __ATOMIC_ACQUIRE);
    return (molt_ref){ (uint32_t)word, (uint32_t)(word >> 32) };
}

static void put_at(size_t place, const molt_object *object)
{
    molt_ref ref = molt_object_ref(object);
    __atomic_store_n(&places[place], (uint64_t)ref.generation << 32 | ref.index1, __ATOMIC_RELEASE);
}

/* Declared before Engine: with it, an attached Engine's block has another place. */
#define BADGE(FIELD, METHOD) FIELD(double, number, 77)
MOLT_TRAIT(Badge, BADGE)

/* Slots that closures fill: `range` with Vehicle's function, `polish` with one of each. */
#define SHIP(FIELD, METHOD)                    \
    METHOD(double, range, (double load))       \
    METHOD(MOLT_ALL void, polish, (double by))
#define BUOY(FIELD, METHOD) METHOD(MOLT_ALL void, polish, (double by))
MOLT_TRAIT(Ship, SHIP)
MOLT_TRAIT(Buoy, BUOY)

static void polish_ship(Ship *self, double by)
{
    (void)self;
    if (by != 1) abort();
}

static void polish_buoy(Buoy *self, double by)
{
    (void)self;
    if (by != 1) abort();
}

/* When the object has ended meanwhile, a closure does not find the other block. */
static void look_through_closures(worker *w, molt_object *object)
{
    Ship *ship = molt_as(object, Ship);
    if (!ship) return;
    double range = molt_call(ship, range, 1);
    molt_call(ship, polish, 1);
    int err = molt_error_take(w->world, NULL);
    if (err) expect(w, err == MOLT_ERR_STALE && !molt_object_alive(object));
    else expect(w, range == 5 || range == 10);
}

/* All that a worker can see of a whole object. A body that were freed, or used anew
 * for Other, under it would show other numbers. */
static void look_at(worker *w, molt_object *object)
{
    Vehicle *v = molt_as(object, Vehicle);
    if (!v) {
        expect(w, !molt_object_alive(object));
        return;
    }
    expect(w, molt_object_of(v) == object && v->fuel == 10 && v->gears == 5);
    double range = molt_call(v, range, 1);
    expect(w, range == 5 || range == 10);
    int32_t wheels = molt_call(v, wheels);
    expect(w, wheels == 2 || wheels == 4);
    Engine *e = molt_as(object, Engine);
    if (e) expect(w, molt_object_of(e) == object && e->power == 90 && molt_call(e, thrust, 1) == 900);
    Badge *b = molt_as(object, Badge);
    if (b) expect(w, molt_object_of(b) == object && b->number == 77);
    expect(w, v->fuel == 10 && molt_object_of(v) == object);
    look_through_closures(w, object);
    worker_count(w);
}

static void look_without_pause(worker *w)
{
    for (size_t i = 0; !worker_over(w); i++) {
        molt_object *object = molt_ref_object(w->world, ref_at(i * 7 % PLACES));
        if (object) look_at(w, object);
        if (i % 16 == 15) expect(w, molt_thread_quiescent(w->world) == MOLT_OK);
        if (i % 64 == 63) sched_yield();
        if (i % 512 == 511) {
            expect(w, molt_thread_offline(w->world) == MOLT_OK);
            expect(w, molt_thread_online(w->world) == MOLT_OK);
        }
    }
}

#define OTHER(FIELD, METHOD) FIELD(double, x, 1e9) FIELD(double, y, 1e9)
MOLT_TRAIT(Other, OTHER)

typedef struct storm {
    molt_class *cars[2], *other;
    molt_object *objects[PLACES];
    molt_impl *plain, *doubled, *ten, *badge, *ship, *buoy;
    size_t steps;
} storm;

static void renew(storm *s, size_t place)
{
    if (s->objects[place]) must(molt_object_destroy(s->objects[place]));
    molt_object *filler = new_object(s->other);          /* takes a cell that were free too early */
    s->objects[place] = new_object(s->cars[s->steps % 2]);
    put_at(place, s->objects[place]);
    must(molt_object_destroy(filler));
}

static void attach_or_detach(storm *s, size_t place)
{
    molt_object *object = s->objects[place];
    molt_trait *badge = molt_impl_trait(s->badge);
    if (!molt_object_is(object, badge)) must(molt_object_attach(object, badge, NULL));
    else must(molt_object_detach(object, badge));
    if (s->steps % 3) return;
    if (!molt_object_is(object, engine())) must(molt_object_attach(object, NULL, s->ten));
    else if (molt_class_drop(molt_object_class(object), engine(), NULL) != MOLT_OK) must(molt_object_detach(object, engine()));
}

static void change_class(storm *s)
{
    molt_class *cls = s->cars[s->steps / 10 % 2];
    if (s->steps / 20 % 2) must(molt_class_use(cls, engine(), s->ten));
    else if (molt_class_drop(cls, engine(), NULL)) assert_int_equal(molt_last_code(with.world), MOLT_ERR_UNKNOWN);
}

static void change_methods(storm *s)
{
    molt_class *cls = s->cars[s->steps % 2];
    must(molt_class_use(cls, NULL, s->doubled));
    Vehicle_vtable functions = { .range = s->steps % 3 ? range_double : range_plain, .wheels = wheels_two };
    molt_fill fill = by_c("range", (molt_function)functions.range);
    must(molt_impl_fill(s->doubled, &fill));
    must(molt_class_drop(cls, NULL, s->doubled));
    fill = by_c("polish", (molt_function)polish_ship);
    must(molt_impl_fill(s->ship, &fill));
}

static void make_polish(storm *s)
{
    Ship_vtable ship = { .polish = polish_ship };
    Buoy_vtable buoy = { .polish = polish_buoy };
    s->ship = molt_impl_register(with.world, &Ship_trait, "Ship", &ship, 0, "test.c:7");
    s->buoy = molt_impl_register(with.world, &Buoy_trait, "Buoy", &buoy, 0, "test.c:8");
    assert_true(s->ship && s->buoy);
}

static molt_class *storm_class(storm *s, const char *name)
{
    molt_class *cls = new_class(name, NULL, TRAITS(vehicle(), molt_impl_trait(s->ship), molt_impl_trait(s->buoy)));
    must(molt_class_use(cls, NULL, s->plain));
    must(molt_class_use(cls, NULL, s->ship));
    must(molt_class_use(cls, NULL, s->buoy));
    return cls;
}

static void step(storm *s)
{
    size_t place = s->steps * 5 % PLACES;
    switch (s->steps % 5) {
    case 0: renew(s, place); break;
    case 1: attach_or_detach(s, place); break;
    case 2: change_methods(s); break;
    case 3: change_class(s); break;
    default: must(molt_world_tick(with.world)); break;
    }
    s->steps++;
}

static void begin_storm(storm *s)
{
    s->badge = molt_impl_new(c_trait(&Badge_trait), "Badge", "test.c:9");
    s->plain = vehicle_impl("Plain", range_plain, wheels_four);
    s->doubled = vehicle_impl("Double", range_double, wheels_two);
    s->ten = engine_impl("Ten", thrust_ten);
    make_polish(s);
    s->cars[0] = storm_class(s, "Car");
    s->cars[1] = storm_class(s, "Van");
    s->other = new_class("Other", NULL, TRAITS(c_trait(&Other_trait)));
    for (size_t i = 0; i < PLACES; i++) renew(s, i);
}

static void workers_see_whole_objects_whatever_the_owner_does(void **state)
{
    (void)state;
    storm s = { 0 };
    begin_storm(&s);
    worker workers[WORKERS];
    const char *const names[WORKERS] = { "one", "two", "three" };
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (worker){ .world = with.world, .name = names[i], .work = look_without_pause };
        worker_start(&workers[i]);
    }
    size_t wanted = getenv("MOLT_TEST_LONG") ? 1000000 : 5000;
    while (s.steps < wanted) step(&s);
    /* One core is enough: each worker had its turn. */
    for (size_t i = 0; i < WORKERS; i++) {
        while (worker_calls(&workers[i]) < 100 && !worker_failed(&workers[i])) step(&s);
    }
    unsigned long calls = 0;
    for (size_t i = 0; i < WORKERS; i++) {
        worker_join(&workers[i]);
        calls += workers[i].calls;
    }
    print_message("%zu changes, %lu looks\n", s.steps, calls);
    must(molt_world_tick(with.world));
    assert_int_equal(with.world->limbo.count, 0);
    assert_null(with.world->limbo.bodies);
    assert_null(with.world->limbo.linked);
    if (with.log[0] && !strstr(with.log, "through a stale handle")) fail_msg("%s", with.log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(workers_see_whole_objects_whatever_the_owner_does),
    };
    return cmocka_run_group_tests_name("threads_storm", tests, NULL, NULL);
}
