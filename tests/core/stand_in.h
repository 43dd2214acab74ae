/*
 * stand_in.h: for tests: a binding without Lua. A Lua function is a number, its
 * reference: called, it returns that number; a negative one raises. A patch of an
 * object is such a number too. Part of world_fixture.h.
 */
#ifndef MOLT_TEST_STAND_IN_H
#define MOLT_TEST_STAND_IN_H

#ifndef MOLT_TEST_WORLD_FIXTURE_H
#error "include world_fixture.h"
#endif

static inline void stand_in_changed(void *user)
{
    (void)user;
    with.changed++;
    with.world->change_count = 0;
}

static inline void stand_in_forget_patches(const molt_object *object)
{
    size_t kept = 0;
    for (size_t i = 0; i < with.patch_count; i++) {
        if (with.patches[i].object != object) with.patches[kept++] = with.patches[i];
    }
    with.patch_count = kept;
}

static inline void stand_in_ended(void *user, molt_object *object)
{
    (void)user;
    with.ended++;
    stand_in_forget_patches(object);
}

/* New blocks know nothing of the patches that the object's table has. */
static inline void stand_in_patch_again(const molt_object *only)
{
    long left = with.allocations_left;
    with.allocations_left = -1;
    for (size_t i = 0; i < with.patch_count; i++) {
        if (only && with.patches[i].object != only) continue;
        molt_object *object = molt_ref_object(with.world, molt_object_ref(with.patches[i].object));
        assert_int_equal(molt__vtable_patch(object, molt__name(with.world, with.patches[i].name)), MOLT_OK);
    }
    with.allocations_left = left;
}

static inline int stand_in_ready(void *user, molt_shape *to)
{
    (void)user;
    assert_non_null(to);
    return MOLT_OK;
}

static inline void stand_in_reshaped(void *user, molt_object *object)
{
    (void)user;
    with.reshaped++;
    stand_in_patch_again(object);
}

static inline void stand_in_quiet(void *user, bool on)
{
    (void)user;
    with.quiets += on ? 1 : -1;
    assert_true(with.quiets == 0 || with.quiets == 1);
}

static inline int stand_in_stage(void *user, const struct molt__move *moves, size_t count)
{
    (void)user;
    (void)moves;
    (void)count;
    return MOLT_OK;
}

static inline void stand_in_relaid(void *user, const struct molt__move *moves, size_t count, bool commit)
{
    (void)moves;
    (void)count;
    (void)user;
    if (commit) stand_in_patch_again(NULL);
}

static inline int stand_in_pin(void *user, molt_object *object)
{
    (void)user;
    (void)object;
    with.pinned++;
    return MOLT_OK;
}

static inline void stand_in_unpin(void *user, molt_object *object)
{
    (void)user;
    (void)object;
    with.unpinned++;
}

static inline void stand_in_forget(void *user, intptr_t foreign)
{
    (void)user;
    (void)foreign;
    with.forgotten++;
}

static inline int stand_in_patch_of(const molt_object *object, const char *name)
{
    for (size_t i = 0; i < with.patch_count; i++) {
        if (with.patches[i].object == object && strcmp(with.patches[i].name, name) == 0) return with.patches[i].number;
    }
    return 0;
}

static inline void stand_in_answer(const molt__call *call, int number)
{
    molt_value value = { .kind = MOLT_INT32, .as.i32 = number }, result;
    molt_kind kind = call->method->declaration.kind;
    if (kind == MOLT_VOID) return;
    if (molt__value_convert(with.world, kind, value, &result, "the result") == MOLT_OK) {
        molt__closure_result(call->result, result);
    }
}

static inline void stand_in_call(void *user, const molt__call *call)
{
    (void)user;
    with.calls++;
    int patch = call->patched ? stand_in_patch_of(call->self->object, call->method->name) : 0;
    if (patch) stand_in_answer(call, patch);
    else if (!call->definition) molt__set_pending(with.world, MOLT_ERR_MISSING, "nothing to call");
    else if (call->definition->foreign < 0) molt__set_pending(with.world, MOLT_ERR_LUA, "raised on purpose");
    else if (call->definition->foreign) stand_in_answer(call, (int)call->definition->foreign);
    else molt__closure_native(call);
}

static inline void stand_in_closing(void *user)
{
    (void)user;
    with.closings++;
}

static const molt__bridge stand_in = {
    .changed = stand_in_changed,
    .ended = stand_in_ended,
    .ready = stand_in_ready,
    .reshaped = stand_in_reshaped,
    .quiet = stand_in_quiet,
    .stage = stand_in_stage,
    .relaid = stand_in_relaid,
    .pin = stand_in_pin,
    .unpin = stand_in_unpin,
    .forget = stand_in_forget,
    .call = stand_in_call,
    .closing = stand_in_closing,
};

static inline int set_up_joined(void **state)
{
    if (set_up(state)) return -1;
    molt__world_join(with.world, &stand_in, NULL, &with.border);
    return 0;
}

#define JOINED_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_joined, tear_down)

/* A patch as molt.override makes it: the table's entry, then the slot. */
static inline int patch(molt_object *object, const char *name, int number)
{
    const char *known = molt__name(with.world, name);
    if (!known) return MOLT_ERR_MEMORY;
    int err = molt__vtable_patch(object, known);
    if (err) return err;
    stand_in_patch *entry = &with.patches[with.patch_count++];
    *entry = (stand_in_patch){ .object = object, .number = number };
    snprintf(entry->name, sizeof entry->name, "%s", name);
    return MOLT_OK;
}

static inline void unpatch(molt_object *object, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < with.patch_count; i++) {
        if (with.patches[i].object != object || strcmp(with.patches[i].name, name) != 0) {
            with.patches[kept++] = with.patches[i];
        }
    }
    with.patch_count = kept;
    molt__vtable_unpatch(object, molt__name(with.world, name));
}

#endif
