#include "relayout.h"

#include "class.h"
#include "edit.h"
#include "error.h"
#include "memory.h"
#include "overhaul.h"
#include "world_state.h"

#include <string.h>

/* What a change ends with that was only to be tried: no error. */
enum { REHEARSED = 1 };

static int carry_out(molt_class *cls)
{
    return molt__overhaul_carry_out((molt__overhaul){ .world = cls->world, .roots = &cls, .root_count = 1 });
}

/* Bodies must not change under native methods on the stack. */
bool molt__relayout_must_wait(const molt_class *cls)
{
    if (cls->world->border->depth == 0) return false;
    if (cls->live) return true;
    for (size_t i = 0; i < cls->children.count; i++) {
        if (molt__relayout_must_wait(cls->children.item[i])) return true;
    }
    return false;
}

/* Keeps a copy of the pieces. */
static int defer(molt__relayout item)
{
    molt_world *world = item.cls->world;
    const molt__attached *pieces = item.pieces;
    size_t bytes = item.count * sizeof *pieces;
    int err = molt__reserve(world, (void **)&world->deferred, &world->deferred_capacity, world->deferred_count + 1,
                            sizeof *world->deferred);
    item.pieces = err ? NULL : molt__allocate(world, bytes);
    if (!item.pieces) return MOLT_ERR_MEMORY;
    memcpy(item.pieces, pieces, bytes);
    world->deferred[world->deferred_count++] = item;
    return MOLT_OK;
}

static void put_pieces(molt_class *cls, const molt__attached *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const molt__attached *piece = &pieces[i];
        if (!molt__class_has(cls, piece->trait)) {
            cls->traits.item[cls->traits.count++] = piece->trait;
            if (piece->names) cls->selections.item[cls->selections.count++] = (void *)(uintptr_t)piece->names;
        }
        if (!piece->impl) continue;
        cls->fills[cls->fill_count++] = (molt__class_fill){ .number = ++cls->world->fill_number, .impl = piece->impl };
    }
}

static int add(molt_class *cls, const molt__attached *pieces, size_t count)
{
    molt_world *world = cls->world;
    const size_t traits = cls->traits.count, names = cls->selections.count, fills = cls->fill_count;
    if (molt__reserve(world, (void **)&cls->traits.item, &cls->traits.capacity, traits + count, sizeof(void *)) ||
        molt__reserve(world, (void **)&cls->selections.item, &cls->selections.capacity, names + count, sizeof(void *)) ||
        molt__reserve(world, (void **)&cls->fills, &cls->fill_capacity, fills + count, sizeof *cls->fills))
        return MOLT_ERR_MEMORY;
    put_pieces(cls, pieces, count);
    int err = carry_out(cls);
    if (err) {
        cls->traits.count = traits;
        cls->selections.count = names;
        cls->fill_count = fills;
    }
    molt__edit_publish(world);
    return err;
}

static void take_one(molt_class *cls, const molt_trait *trait)
{
    size_t at = 0;
    while (at < cls->traits.count && cls->traits.item[at] != trait) at++;
    if (at == cls->traits.count) return;     /* named twice */
    size_t behind = (cls->traits.count - at - 1) * sizeof(void *);
    memmove(&cls->traits.item[at], &cls->traits.item[at + 1], behind);
    cls->traits.count--;
}

static int take(molt_class *cls, const molt__attached *pieces, size_t count)
{
    molt_world *world = cls->world;
    const size_t had = cls->traits.count, bytes = had * sizeof(void *);
    void **kept = molt__allocate(world, bytes);
    if (!kept) return MOLT_ERR_MEMORY;
    memcpy(kept, cls->traits.item, bytes);
    for (size_t i = 0; i < count; i++) take_one(cls, pieces[i].trait);
    int err = carry_out(cls);
    if (!err) {
        molt__class_forget_idle(cls);
    } else {
        memcpy(cls->traits.item, kept, bytes);
        cls->traits.count = had;
    }
    molt__free(world, kept, bytes);
    molt__edit_publish(world);
    return err;
}

int molt__relayout_add(molt_class *cls, const molt__attached *pieces, size_t count)
{
    bool gains = false;
    for (size_t i = 0; i < count; i++) gains |= !molt__class_has(cls, pieces[i].trait);
    molt__relayout item = { .cls = cls, .pieces = (molt__attached *)(uintptr_t)pieces, .count = count, .add = true };
    return gains && molt__relayout_must_wait(cls) ? defer(item) : add(cls, pieces, count);
}

int molt__relayout_remove(molt_class *cls, const molt__attached *pieces, size_t count)
{
    molt__relayout item = { .cls = cls, .pieces = (molt__attached *)(uintptr_t)pieces, .count = count };
    return molt__relayout_must_wait(cls) ? defer(item) : take(cls, pieces, count);
}

int molt__relayout_may_remove(molt_class *cls, const molt__attached *pieces, size_t count)
{
    if (molt__relayout_must_wait(cls)) return MOLT_OK;
    cls->world->rehearsal = REHEARSED;
    int err = molt__class_drop_set(cls, pieces, count);
    cls->world->rehearsal = 0;
    return err == REHEARSED ? MOLT_OK : err;
}

int molt__relayout_defer(molt_world *world, intptr_t foreign)
{
    int err = molt__reserve(world, (void **)&world->deferred, &world->deferred_capacity, world->deferred_count + 1,
                            sizeof *world->deferred);
    if (!err) world->deferred[world->deferred_count++] = (molt__relayout){ .foreign = foreign };
    return err;
}

static int perform(molt_world *world, molt__relayout item)
{
    if (item.foreign) {
        if (world->bridge) world->bridge->act(world->bridge_user, item.foreign);
        return MOLT_OK;
    }
    return item.add ? molt__class_use_set(item.cls, item.pieces, item.count)
                    : molt__class_drop_set(item.cls, item.pieces, item.count);
}

static void forget(molt_world *world, molt__relayout item)
{
    molt__free(world, item.pieces, item.count * sizeof *item.pieces);
    if (item.foreign && world->bridge) world->bridge->forget(world->bridge_user, item.foreign);
}

static void forget_all(molt_world *world)
{
    for (size_t i = 0; i < world->deferred_count; i++) forget(world, world->deferred[i]);
    world->deferred_count = 0;
    world->deferred_since = 0;
}

/* A tick does not block: workers that do not rest are tried again at the next one,
 * until their time is over. */
static void wait_on(molt_world *world)
{
    double now = world->config.clock(world->config.user);
    if (world->deferred_since == 0) world->deferred_since = now;
    if (now - world->deferred_since < world->threads.limit) return;
    molt__set_pending(world, molt_last_code(world), molt_last_error(world));
    forget_all(world);
}

/* The first that waits. What it does may call a native method, whose end comes here,
 * too: so it is taken out before. */
static molt__relayout take_first(molt_world *world)
{
    molt__relayout item = world->deferred[0];
    memmove(&world->deferred[0], &world->deferred[1], --world->deferred_count * sizeof item);
    return item;
}

void molt__relayout_deferred(molt_world *world)
{
    if (!world->deferred_count) return;
    if (molt__threads_try_stop(world)) {
        wait_on(world);
        return;
    }
    while (world->deferred_count) {
        molt__relayout item = take_first(world);
        if (perform(world, item)) molt__set_pending(world, molt_last_code(world), molt_last_error(world));
        forget(world, item);
    }
    world->deferred_since = 0;
    molt__threads_resume(world);
}

void molt__relayout_free(molt_world *world)
{
    forget_all(world);
    molt__free(world, world->deferred, world->deferred_capacity * sizeof *world->deferred);
}
