/* Workers: what they may do, what they are told when they may not, and what waits for them. */
#include "world_fixture.h"

#include "worker.h"

/* On a worker: the call fails with this code and this text, the worker's own. */
#define denied(w, call, err, text)                                             \
    do {                                                                       \
        expect(w, (call) == (err));                                            \
        expect(w, molt_last_code((w)->world) == (err));                        \
        expect(w, strstr(molt_last_error((w)->world), (text)) != NULL);        \
    } while (0)

static molt_object *shared;

/* ---- What a worker may do --------------------------------------------------- */

static void find_and_call(worker *w)
{
    const molt_ref *ref = w->data;
    molt_object *object = molt_ref_object(w->world, *ref);
    expect(w, object == shared && molt_object_alive(object));
    expect(w, molt_id_object(w->world, molt_object_id(object)) == object);
    expect(w, molt_object_ref(object).index1 == ref->index1);
    Vehicle *v = molt_as(object, Vehicle);
    expect(w, v && molt_object_of(v) == object && v->gears == 5);
    expect(w, molt_call(v, range, 1) == 5 && molt_call(v, wheels) == 4);
    expect(w, !molt_as(object, Engine));
    expect(w, molt_error_pending(w->world) == false);
}

static void a_worker_finds_objects_and_calls_native_methods(void **state)
{
    (void)state;
    engine();
    shared = new_object(car_class());
    molt_ref ref = molt_object_ref(shared);
    elsewhere(with.world, "finder", find_and_call, &ref);
}

static void find_the_dead(worker *w)
{
    expect(w, molt_ref_object(w->world, *(molt_ref *)w->data) == NULL);
    expect(w, molt_last_code(w->world) == MOLT_ERR_STALE);
}

static void a_worker_is_told_that_an_id_is_stale_and_the_owner_is_not(void **state)
{
    (void)state;
    molt_object *object = new_object(car_class());
    molt_ref ref = molt_object_ref(object);
    must(molt_object_destroy(object));
    molt_world_tick(with.world);
    elsewhere(with.world, "finder", find_the_dead, &ref);
    assert_int_equal(molt_last_code(with.world), MOLT_OK);
}

#define UNSEEN(FIELD, METHOD) FIELD(double, x, 0)
MOLT_TRAIT(Unseen, UNSEEN)

static void use_the_unseen(worker *w)
{
    expect(w, molt_as(shared, Unseen) == NULL);
    expect(w, molt_last_code(w->world) == MOLT_ERR_THREAD);
    expect(w, strcmp(molt_last_hint(w->world),
                     "molt_trait_declare_text(world, &Unseen_trait), there, before workers do") == 0);
}

static void a_trait_that_the_owner_never_saw_is_refused_with_advice(void **state)
{
    (void)state;
    shared = new_object(car_class());
    elsewhere(with.world, "finder", use_the_unseen, NULL);
    c_trait(&Unseen_trait);
    assert_true(Unseen_trait.identity != 0);
}

static void call_lua_twice(worker *w)
{
    Vehicle *v = molt_as(shared, Vehicle);
    expect(w, molt_call(v, range, 0) == 0 && molt_call(v, range, 0) == 0);
    expect(w, molt_error_pending(w->world));
    const char *text;
    expect(w, molt_error_take(w->world, &text) == MOLT_ERR_THREAD);
    expect(w, strcmp(text, "method 'Vehicle.range' is filled by Lua and was called from a thread that does not own "
                           "the world") == 0);
    expect(w, !molt_error_pending(w->world));
    expect(w, molt_call(v, wheels) == 4);
}

static void a_slot_that_lua_fills_is_an_error_of_the_workers_and_reported_at_the_tick(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_fill fill = by_lua("range", 42);
    must(molt_class_fill(car, &fill));
    shared = new_object(car);
    elsewhere(with.world, "lost", call_lua_twice, NULL);
    assert_false(molt_error_pending(with.world));
    assert_string_equal(with.log, "");
    must(molt_world_tick(with.world));
    assert_string_equal(with.log, "0 thread 'lost': method 'Vehicle.range' is filled by Lua and was called from a thread "
                                  "that does not own the world (first of 2 errors)");
    with.log[0] = '\0';
    must(molt_world_tick(with.world));
    assert_string_equal(with.log, "");
}

static void a_patched_slot_is_an_error_of_the_workers(void **state)
{
    (void)state;
    shared = new_object(car_class());
    must(patch(shared, "range", 7));
    elsewhere(with.world, "lost", call_lua_twice, NULL);
    assert_true(range_of(shared) == 7);
}

/* ---- Misuse ------------------------------------------------------------------- */

static void misuse(worker *w)
{
    molt_world *world = w->world;
    denied(w, molt_thread_register(world, "again"), MOLT_ERR_STATE, "this thread is registered already, as 'clumsy'");
    denied(w, molt_thread_online(world), MOLT_ERR_STATE, "molt_thread_online: thread 'clumsy' is online");
    expect(w, molt_thread_offline(world) == MOLT_OK);
    denied(w, molt_thread_offline(world), MOLT_ERR_STATE, "molt_thread_offline: thread 'clumsy' is offline");
    denied(w, molt_thread_quiescent(world), MOLT_ERR_STATE, "molt_thread_quiescent: thread 'clumsy' is offline");
    expect(w, molt_thread_online(world) == MOLT_OK);
    expect(w, molt_thread_quiescent(world) == MOLT_OK);
}

static void misuse_of_the_five_functions_is_refused(void **state)
{
    (void)state;
    elsewhere(with.world, "clumsy", misuse, NULL);
}

static void be_foreign(worker *w)
{
    expect(w, molt_thread_quiescent(w->world) == MOLT_ERR_THREAD);
    expect(w, molt_thread_offline(w->world) == MOLT_ERR_THREAD);
    expect(w, molt_thread_online(w->world) == MOLT_ERR_THREAD);
    expect(w, molt_thread_unregister(w->world) == MOLT_ERR_THREAD);
    expect(w, molt_last_code(w->world) == MOLT_ERR_THREAD);
    expect(w, strcmp(molt_last_error(w->world), "this thread neither owns the world nor is registered with it") == 0);
}

static void a_thread_that_is_not_registered_is_refused(void **state)
{
    (void)state;
    elsewhere(with.world, NULL, be_foreign, NULL);
    assert_int_equal(molt_last_code(with.world), MOLT_OK);
}

static void the_owner_is_no_worker(void **state)
{
    (void)state;
    refused(molt_thread_register(with.world, "me"), MOLT_ERR_THREAD,
            "the thread that owns the world cannot be registered as a worker");
    refused(molt_thread_quiescent(with.world), MOLT_ERR_THREAD,
            "molt_thread_quiescent is for workers: the thread that owns the world ticks instead");
    refused(molt_thread_unregister(with.world), MOLT_ERR_THREAD, "molt_thread_unregister is for workers");
}

static bool visit_none(molt_object *object, void *user)
{
    (void)object;
    *(bool *)user = true;
    return true;
}

static void use_the_owners(worker *w)
{
    molt_world *world = w->world;
    molt_object *object = shared;
    molt_class *cls = molt_object_class(object);
    molt_value value = { 0 };
    molt_fill fill = by_c("range", NULL);
    Vehicle *v = molt_as(object, Vehicle);
#define THE_OWNERS(X)                                                          \
    X(molt_world_tick, (world)) X(molt_world_close, (world))                   \
    X(molt_object_destroy, (object)) X(molt_object_retain, (object)) X(molt_object_release, (object)) \
    X(molt_object_attach, (object, NULL, NULL)) X(molt_object_attach_set, (object, NULL, 0))          \
    X(molt_object_detach, (object, NULL))                                      \
    X(molt_object_get, (object, "fuel", &value)) X(molt_object_set, (object, "fuel", value))          \
    X(molt_object_call, (object, "range", &value, 1, &value))                  \
    X(molt_field_get, (v, "fuel", &value)) X(molt_field_set, (v, "fuel", value))                      \
    X(molt_class_fill, (cls, &fill)) X(molt_class_unfill, (cls, 1))            \
    X(molt_class_use, (cls, NULL, NULL)) X(molt_class_drop, (cls, NULL, NULL)) \
    X(molt_module_path, (world, ".")) X(molt_struct_declare, (world, NULL))
#define X(function, arguments) \
    denied(w, function arguments, MOLT_ERR_THREAD, #function " was called on a thread that does not own the world");
    THE_OWNERS(X)
#undef X
#define THAT_MAKE(X)                                                           \
    X(molt_object_new, (world, cls)) X(molt_class_find, (world, "Car")) X(molt_class_declare, (world, NULL)) \
    X(molt_trait_find, (world, "Vehicle")) X(molt_trait_declare, (world, NULL))                              \
    X(molt_trait_declare_text, (world, &Vehicle_trait)) X(molt_impl_register, (world, NULL, NULL, NULL, 0, NULL)) \
    X(molt_module_load, (world, "x")) X(molt_module_find, (world, "x")) X(molt_module_register, (world, NULL))
#define X(function, arguments)                                                 \
    expect(w, function arguments == NULL);                                     \
    expect(w, strcmp(molt_last_error(world), #function " was called on a thread that does not own the world") == 0);
    THAT_MAKE(X)
#undef X
    bool visited = false;
    molt_object_each(world, NULL, NULL, visit_none, &visited);
    expect(w, !visited);
}

static void what_is_the_owners_is_refused_elsewhere_by_name(void **state)
{
    (void)state;
    shared = new_object(car_class());
    double tick = with.world->border->tick;
    elsewhere(with.world, "bold", use_the_owners, NULL);
    assert_true(with.world->border->tick == tick);
    assert_true(molt_object_alive(shared));
    assert_int_equal(molt_last_code(with.world), MOLT_OK);
}

static double rest_inside(Vehicle *self, double load)
{
    molt_world *world = molt_object_world(molt_object_of(self));
    (void)load;
    int err = molt_thread_quiescent(world);
    if (molt_thread_offline(world) != err || molt_thread_unregister(world) != err) return 0;
    return err;
}

static void rest_in_a_call(worker *w)
{
    molt_object *object = shared;
    molt_block *ship = molt_object_as(object, w->data);
    double (*slot)(void *, double);
    memcpy(&slot, &ship->vtable[0], sizeof slot);
    expect(w, slot(ship, 1) == MOLT_ERR_STATE);
    expect(w, strcmp(molt_last_error(w->world), "molt_thread_unregister inside a call: a method is still on the stack of "
                                                "thread 'restless'") == 0);
}

/* Ship's slot holds a closure, which takes the call to Vehicle's function. */
static void a_quiescent_point_inside_a_call_is_refused(void **state)
{
    (void)state;
    molt_trait *ship = new_trait("Ship", LINES("double range(double)"));
    molt_class *cls = new_class("Boat", NULL, TRAITS(vehicle(), ship));
    must(molt_class_use(cls, NULL, vehicle_impl("Rest", rest_inside, wheels_two)));
    shared = new_object(cls);
    elsewhere(with.world, "restless", rest_in_a_call, ship);
}

static void end_without_a_word(worker *w)
{
    if (w->data) return;
    expect(w, molt_thread_register(w->world, "careless") == MOLT_OK);
}

static void a_thread_that_ends_unheard_is_reported_and_holds_nothing_up(void **state)
{
    (void)state;
    molt_class *car = car_class();
    new_object(car);
    elsewhere(with.world, NULL, end_without_a_word, NULL);
    must(molt_class_use(car, engine(), engine_impl("Ten", thrust_ten)));     /* moves a body */
    assert_int_equal(with.world->threads.count, 1);
    must(molt_world_tick(with.world));
    assert_string_equal(with.log, "0 thread 'careless' has ended without molt_thread_unregister");
    assert_int_equal(with.world->threads.count, 0);
}

static void stay(worker *w)
{
    worker_step(w);
}

static void a_world_with_workers_stays_open(void **state)
{
    (void)state;
    with.world->threads.limit = 0.01;
    worker w = { .world = with.world, .name = "late", .work = stay };
    worker_start(&w);
    await(&w);
    refused(molt_world_close(with.world), MOLT_ERR_IN_USE,
            "the world cannot be closed: thread 'late' is registered with it");
    assert_non_null(strstr(with.log, "thread 'late' is registered"));
    molt_object *object = new_object(car_class());
    assert_true(molt_object_alive(object));
    let_on(&w);
    worker_join(&w);
}

static void closing_waits_for_workers_that_are_about_to_leave(void **state)
{
    (void)state;
    molt_world *world = open_world();
    worker w = { .world = world, .name = "late", .work = stay };
    worker_start(&w);
    await(&w);
    let_on(&w);
    assert_int_equal(molt_world_close(world), MOLT_OK);
    worker_join(&w);
}

/* ---- What waits --------------------------------------------------------------- */

static void hold_a_handle(worker *w)
{
    Vehicle *v = molt_as(shared, Vehicle);
    worker_step(w);                              /* destroyed, and ticked */
    expect(w, v->fuel == 10 && v->gears == 5);
    expect(w, molt_call(v, range, 1) == 5);
    expect(w, !molt_object_alive(molt_object_of(v)));
    expect(w, !molt_as(molt_object_of(v), Vehicle));
    expect(w, molt_thread_quiescent(w->world) == MOLT_OK);
    worker_step(w);
}

static void a_body_outlives_the_handles_of_workers_and_no_more(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *first = shared = new_object(car);
    worker w = { .world = with.world, .name = "holder", .work = hold_a_handle };
    worker_start(&w);
    await(&w);
    must(molt_object_destroy(first));
    for (int i = 0; i < 3; i++) must(molt_world_tick(with.world));
    assert_ptr_not_equal(new_object(car), first);
    let_on(&w);
    await(&w);
    must(molt_world_tick(with.world));
    assert_ptr_equal(new_object(car), first);
    let_on(&w);
    worker_join(&w);
}

#define BADGE(FIELD, METHOD) FIELD(double, number, 77)
MOLT_TRAIT(Badge, BADGE)

/* The moments of an attach as a worker may see them: blocks first, then the shape. */
static void between_the_stores_of_an_attach_blocks_are_those_of_one_shape(void **state)
{
    (void)state;
    molt_trait *badge = c_trait(&Badge_trait);           /* declared first: its blocks come first */
    molt_class *bare = new_class("Bare", NULL, NO_TRAITS);
    molt_object *few = new_object(bare), *more = new_object(bare);
    molt_impl *ten = engine_impl("Ten", thrust_ten);
    must(molt_object_attach(few, NULL, ten));
    must(molt_object_attach(more, badge, NULL));
    must(molt_object_attach(more, NULL, ten));
    void **own = few->attached;
    few->attached = more->attached;                      /* it has gained a badge, and is not told yet */
    assert_ptr_equal(molt_object_as(few, engine()), molt_object_as(more, engine()));
    assert_null(molt_object_as(few, badge));
    few->attached = NULL;                                /* it has lost all */
    assert_null(molt_object_as(few, engine()));
    few->attached = own;
    molt_shape *shape = more->shape;
    own = more->attached;
    more->attached = few->attached;                      /* it has lost the badge */
    assert_null(molt_object_as(more, badge));
    assert_ptr_equal(molt_object_as(more, engine()), molt_object_as(few, engine()));
    more->attached = own;
    assert_ptr_equal(more->shape, shape);
}

static void be_offline(worker *w)
{
    expect(w, molt_thread_offline(w->world) == MOLT_OK);
    worker_step(w);
    expect(w, molt_thread_online(w->world) == MOLT_OK);
}

static void nothing_waits_for_a_thread_that_is_offline(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_object *first = new_object(car);
    worker w = { .world = with.world, .name = "idle", .work = be_offline };
    worker_start(&w);
    await(&w);
    must(molt_class_use(car, engine(), engine_impl("Ten", thrust_ten)));
    must(molt_object_destroy(first));
    must(molt_world_tick(with.world));
    assert_null(with.world->limbo.leaving.bodies);
    assert_null(with.world->limbo.bodies);
    let_on(&w);
    worker_join(&w);
}

static void a_change_of_layout_is_refused_while_a_worker_does_not_rest(void **state)
{
    (void)state;
    with.world->threads.limit = 0.02;
    molt_class *car = car_class();
    shared = new_object(car);
    worker w = { .world = with.world, .name = "busy", .work = stay };
    worker_start(&w);
    await(&w);
    Vehicle *before = molt_as(shared, Vehicle);
    molt_impl *ten = engine_impl("Ten", thrust_ten);
    refused(molt_class_use(car, engine(), ten), MOLT_ERR_THREAD, "no quiescent point within 0.02 s of thread 'busy'");
    assert_non_null(strstr(molt_last_hint(with.world), "molt_thread_offline"));
    assert_false(molt_object_is(shared, engine()));
    assert_ptr_equal(molt_as(shared, Vehicle), before);
    assert_int_equal(with.world->threads.closed, 0);
    let_on(&w);
    worker_join(&w);
    must(molt_class_use(car, engine(), ten));
    assert_true(molt_object_is(shared, engine()));
}

static void rest_when_told(worker *w)
{
    worker_step(w);
    expect(w, molt_thread_quiescent(w->world) == MOLT_OK);
    expect(w, molt_thread_offline(w->world) == MOLT_OK);
    worker_step(w);
    expect(w, molt_thread_online(w->world) == MOLT_OK);
}

/* Asked for while a native method is on the owner's stack. */
static void ask_for_engine_inside_a_call(molt_class *car)
{
    with.world->border->depth = 1;
    must(molt_class_use(car, engine(), engine_impl("Ten", thrust_ten)));
    with.world->border->depth = 0;
    assert_false(molt_object_is(shared, engine()));
}

static void a_change_that_waited_for_a_call_waits_for_workers_from_tick_to_tick(void **state)
{
    (void)state;
    molt_class *car = car_class();
    shared = new_object(car);
    worker w = { .world = with.world, .name = "busy", .work = rest_when_told };
    worker_start(&w);
    await(&w);
    ask_for_engine_inside_a_call(car);
    for (int i = 0; i < 3; i++) must(molt_world_tick(with.world));
    assert_false(molt_object_is(shared, engine()));
    let_on(&w);
    await(&w);
    must(molt_world_tick(with.world));
    assert_true(molt_object_is(shared, engine()));
    assert_false(molt_error_pending(with.world));
    let_on(&w);
    worker_join(&w);
}

static void a_change_that_waited_for_a_call_is_refused_when_its_time_is_over(void **state)
{
    (void)state;
    with.world->threads.limit = 0.005;
    molt_class *car = car_class();
    shared = new_object(car);
    worker w = { .world = with.world, .name = "busy", .work = rest_when_told };
    worker_start(&w);
    await(&w);
    ask_for_engine_inside_a_call(car);
    int ticks = 0;
    for (; !molt_error_pending(with.world) && ticks < 10000; ticks++) must(molt_world_tick(with.world));
    const char *text;
    assert_int_equal(molt_error_take(with.world, &text), MOLT_ERR_THREAD);
    assert_non_null(strstr(text, "of thread 'busy'"));
    assert_true(ticks > 1);
    let_on(&w);
    await(&w);
    must(molt_world_tick(with.world));
    assert_false(molt_object_is(shared, engine()));
    let_on(&w);
    worker_join(&w);
}

static void rest_and_call(worker *w)
{
    worker_step(w);
    while (!worker_over(w)) {
        Vehicle *v = molt_as(shared, Vehicle);
        expect(w, v && v->fuel == 10);
        v->gears++;
        expect(w, molt_thread_quiescent(w->world) == MOLT_OK);
        worker_count(w);
    }
}

/* No write of a worker may be lost between the copy of a body and its installation. */
static void a_change_of_layout_loses_no_write_of_a_worker(void **state)
{
    (void)state;
    molt_class *car = car_class();
    molt_impl *ten = engine_impl("Ten", thrust_ten);
    shared = new_object(car);
    worker w = { .world = with.world, .name = "writer", .work = rest_and_call };
    worker_start(&w);
    await(&w);
    let_on(&w);
    for (int i = 0; i < 200 || (worker_calls(&w) < 100 && !worker_failed(&w)); i++) {
        must(molt_class_use(car, engine(), ten));
        must(molt_class_drop(car, engine(), NULL));
        must(molt_world_tick(with.world));
    }
    worker_join(&w);
    assert_int_equal(molt_as(shared, Vehicle)->gears, 5 + (int32_t)w.calls);
}

/* ---- Another backend ------------------------------------------------------------ */

typedef struct counting {
    unsigned online, offline, quiescent, start, passed;
    uint64_t period;
    bool all_passed;
} counting;

static void count_online(void *user)
{
    ((counting *)user)->online++;
}

static void count_offline(void *user)
{
    ((counting *)user)->offline++;
}

static void count_quiescent(void *user)
{
    ((counting *)user)->quiescent++;
}

static uint64_t count_start(void *user)
{
    ((counting *)user)->start++;
    return ++((counting *)user)->period;
}

static bool count_passed(void *user, uint64_t period)
{
    ((counting *)user)->passed++;
    return ((counting *)user)->all_passed && period == ((counting *)user)->period;
}

static molt_world *world_with(molt_thread_backend *backend)
{
    molt_config config = molt_config_default();
    config.threads = backend;
    config.thread_limit = 0.01;
    return molt_world_open(&config);
}

static void go_through_all(worker *w)
{
    expect(w, molt_thread_quiescent(w->world) == MOLT_OK);
    expect(w, molt_thread_offline(w->world) == MOLT_OK);
    expect(w, molt_thread_online(w->world) == MOLT_OK);
    worker_step(w);
}

static void the_five_functions_can_be_replaced(void **state)
{
    (void)state;
    counting c = { 0 };
    molt_thread_backend backend = { sizeof backend, &c, count_online, count_offline, count_quiescent, count_start,
                                    count_passed };
    molt_world *was = with.world, *world = with.world = world_with(&backend);
    molt_class *car = car_class();
    worker w = { .world = world, .name = "counted", .work = go_through_all };
    worker_start(&w);
    await(&w);
    must(molt_object_destroy(new_object(car)));
    must(molt_world_tick(world));
    must(molt_world_tick(world));
    assert_non_null(world->limbo.leaving.bodies);
    assert_int_equal(c.start, 1);
    new_object(car);
    refused(molt_class_use(car, engine(), NULL), MOLT_ERR_MISSING, "");
    refused(molt_class_use(car, engine(), engine_impl("Ten", thrust_ten)), MOLT_ERR_THREAD,
            "no quiescent point within 0.01 s of thread 'counted'");
    c.all_passed = true;
    c.period = 1;
    must(molt_world_tick(world));
    assert_null(world->limbo.leaving.bodies);
    must(molt_class_use(car, engine(), engine_impl("Ten", thrust_ten)));
    let_on(&w);
    worker_join(&w);
    assert_int_equal(c.online, 2);
    assert_int_equal(c.offline, 2);
    assert_int_equal(c.quiescent, 1);
    must(molt_world_close(world));
    with.world = was;
}

static void a_backend_of_another_size_opens_no_world(void **state)
{
    (void)state;
    molt_thread_backend backend = { .size = 1 };
    assert_null(world_with(&backend));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_worker_finds_objects_and_calls_native_methods),
        TEST(a_worker_is_told_that_an_id_is_stale_and_the_owner_is_not),
        TEST(a_trait_that_the_owner_never_saw_is_refused_with_advice),
        JOINED_TEST(a_slot_that_lua_fills_is_an_error_of_the_workers_and_reported_at_the_tick),
        JOINED_TEST(a_patched_slot_is_an_error_of_the_workers),
        TEST(misuse_of_the_five_functions_is_refused),
        TEST(a_thread_that_is_not_registered_is_refused),
        TEST(the_owner_is_no_worker),
        TEST(what_is_the_owners_is_refused_elsewhere_by_name),
        TEST(a_quiescent_point_inside_a_call_is_refused),
        TEST(a_thread_that_ends_unheard_is_reported_and_holds_nothing_up),
        TEST(a_world_with_workers_stays_open),
        TEST(closing_waits_for_workers_that_are_about_to_leave),
        TEST(a_body_outlives_the_handles_of_workers_and_no_more),
        TEST(between_the_stores_of_an_attach_blocks_are_those_of_one_shape),
        TEST(nothing_waits_for_a_thread_that_is_offline),
        TEST(a_change_of_layout_is_refused_while_a_worker_does_not_rest),
        TEST(a_change_that_waited_for_a_call_waits_for_workers_from_tick_to_tick),
        TEST(a_change_that_waited_for_a_call_is_refused_when_its_time_is_over),
        TEST(a_change_of_layout_loses_no_write_of_a_worker),
        TEST(the_five_functions_can_be_replaced),
        TEST(a_backend_of_another_size_opens_no_world),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
