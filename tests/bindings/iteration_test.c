/* A host goes through the objects while Lua makes and drops others. */
#include "host.h"

static host with;

typedef struct visit {
    double seen[300];
    size_t count;
} visit;

/* Scripts' objects die, the collector runs, and new ones would drive the sweep. */
static bool churn(molt_object *object, void *user)
{
    visit *v = user;
    v->seen[v->count++] = molt_object_id(object);
    assert_int_equal(luaL_dostring(with.L, "dropped = nil; collectgarbage() for i = 1, 1000 do local o = Thing() end"), 0);
    return true;
}

static void a_sweep_does_not_move_objects_under_a_hosts_iteration(void **state)
{
    (void)state;
    host_open(&with);
    assert_int_equal(luaL_dostring(with.L, "local molt = require 'molt'\n"
                                           "Thing = molt.class('Thing', {})\n"
                                           "dropped = {}\n"
                                           "for i = 1, 500 do dropped[i] = Thing() end"), 0);
    double made[200];
    molt_class *thing = molt_class_find(with.world, "Thing"), *stone = NULL;
    molt_class_lines lines = { .size = sizeof lines, .name = "Stone", .base = thing };
    stone = molt_class_declare(with.world, &lines);
    for (size_t i = 0; i < 200; i++) made[i] = molt_object_id(molt_object_new(with.world, stone));
    visit v = { .count = 0 };
    molt_object_each(with.world, stone, NULL, churn, &v);
    assert_int_equal(v.count, 200);
    assert_memory_equal(v.seen, made, sizeof made);
    host_close_world_first(&with);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_does_not_move_objects_under_a_hosts_iteration),
    };
    return cmocka_run_group_tests_name("iteration", tests, NULL, NULL);
}
