#include "relayout.h"

#include "class.h"
#include "edit.h"
#include "error.h"
#include "layout.h"
#include "memory.h"
#include "migrate.h"
#include "object.h"
#include "world_state.h"

#include <string.h>

/* What a class and its extensions had, to be given back when the change fails. */
typedef struct before {
    molt_class *cls;
    molt__layout *layout;
    molt_shape *shape;
} before;

typedef struct change {
    molt_world *world;
    molt_class *root;
    before *classes;                 /* of the root and its extensions */
    size_t class_count;
    size_t class_capacity;
    molt_shape **ready;              /* shapes that objects will have, to be renewed */
    size_t ready_count;
    size_t ready_capacity;
    molt__migration migration;
} change;

static int note_classes(change *c, molt_class *cls)
{
    if (molt__reserve(c->world, (void **)&c->classes, &c->class_capacity, c->class_count + 1, sizeof *c->classes))
        return MOLT_ERR_MEMORY;
    c->classes[c->class_count++] = (before){ cls, cls->layout, cls->shape };
    for (size_t i = 0; i < cls->children.count; i++) {
        if (note_classes(c, cls->children.item[i])) return MOLT_ERR_MEMORY;
    }
    return MOLT_OK;
}

static int make_ready(change *c, molt_shape *shape)
{
    if (!shape) return molt_last_code(c->world);
    if (molt__reserve(c->world, (void **)&c->ready, &c->ready_capacity, c->ready_count + 1, sizeof *c->ready))
        return MOLT_ERR_MEMORY;
    c->ready[c->ready_count++] = shape;
    return molt__shape_ready(shape);
}

/* The shape that objects of `from` get: the class's present layout, and the same
 * attachments, be it that the class brings the trait now. Looked for once. */
static molt_shape *successor(change *c, molt_shape *from)
{
    if (from->successor) return from->successor;
    molt_class *cls = from->cls;
    molt_shape *to = molt__shape_intern(cls, cls->layout, from->attached, from->attached_count);
    return from->successor = make_ready(c, to) ? NULL : to;
}

static void forget_successors(const change *c)
{
    for (size_t i = 0; i < c->class_count; i++) {
        const molt__list *shapes = &c->classes[i].cls->shapes;
        for (size_t s = 0; s < shapes->count; s++) ((molt_shape *)shapes->item[s])->successor = NULL;
    }
}

/* New layouts and shapes of new instances, for classes that have been instantiated. */
static int lay_out(change *c)
{
    for (size_t i = 0; i < c->class_count; i++) {
        molt_class *cls = c->classes[i].cls;
        if (!cls->layout) continue;
        cls->shape = NULL;
        cls->layout = molt__layout_new(cls);
        if (!cls->layout) return MOLT_ERR_MEMORY;
        int err = make_ready(c, molt__class_shape(cls));
        if (err) return err;
    }
    return MOLT_OK;
}

static int move_objects(change *c)
{
    const molt_border *border = c->world->border;
    for (int32_t slot = 1; slot <= border->top; slot++) {
        molt_object *object = border->objects[slot];
        if (!object || !molt__class_extends(object->shape->cls, c->root)) continue;
        molt_shape *to = successor(c, object->shape);
        if (to == object->shape) continue;       /* the extension had the trait of its own */
        int err = to ? molt__migration_add(&c->migration, object, to) : molt_last_code(c->world);
        if (err) return err;
    }
    return MOLT_OK;
}

static void give_back(const change *c)
{
    for (size_t i = 0; i < c->class_count; i++) {
        c->classes[i].cls->layout = c->classes[i].layout;
        c->classes[i].cls->shape = c->classes[i].shape;
    }
}

static void renew(const change *c)
{
    for (size_t i = 0; i < c->ready_count; i++) molt__shape_renew(c->ready[i]);
}

/* Shapes of former layouts, and those filled for a change that failed, are looked
 * at again before an object gets them. */
static void doubt(const change *c)
{
    for (size_t i = 0; i < c->class_count; i++) {
        const molt_class *cls = c->classes[i].cls;
        for (size_t s = 0; s < cls->shapes.count; s++) {
            molt_shape *shape = cls->shapes.item[s];
            if (shape->live == 0 && shape != cls->shape) shape->suspect = 1;
        }
    }
}

/* What a change ends with that was only to be tried: no error. */
enum { REHEARSED = 1 };

static void quiet(molt_world *world, bool on)
{
    if (world->bridge) world->bridge->quiet(world->bridge_user, on);
}

/* The class's traits and fills are as they shall be; everything else follows, or
 * nothing does and the caller puts them back. */
static int carry_out(molt_class *cls)
{
    change c = { .world = cls->world, .root = cls, .migration = { .world = cls->world } };
    quiet(c.world, true);
    int err = note_classes(&c, cls);
    if (!err) err = lay_out(&c);
    if (!err) err = move_objects(&c);
    if (!err) err = molt__reserve(c.world, (void **)&c.world->changes, &c.world->change_capacity,
                                  c.world->change_count + c.ready_count, sizeof *c.world->changes);
    if (!err) err = c.world->rehearsal;
    if (err) {
        give_back(&c);
        molt__migration_cancel(&c.migration);
    } else {
        renew(&c);
        molt__migration_commit(&c.migration);
    }
    forget_successors(&c);
    doubt(&c);
    quiet(c.world, false);
    molt__free(c.world, c.classes, c.class_capacity * sizeof *c.classes);
    molt__free(c.world, c.ready, c.ready_capacity * sizeof *c.ready);
    return err;
}

/* Bodies must not change under native methods on the stack. */
static bool must_wait(const molt_class *cls)
{
    if (cls->world->border->depth == 0) return false;
    if (cls->live) return true;
    for (size_t i = 0; i < cls->children.count; i++) {
        if (must_wait(cls->children.item[i])) return true;
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
    if (gains && must_wait(cls)) return defer((molt__relayout){ cls, (molt__attached *)(uintptr_t)pieces, count, true });
    return add(cls, pieces, count);
}

int molt__relayout_remove(molt_class *cls, const molt__attached *pieces, size_t count)
{
    if (must_wait(cls)) return defer((molt__relayout){ cls, (molt__attached *)(uintptr_t)pieces, count, false });
    return take(cls, pieces, count);
}

int molt__relayout_may_remove(molt_class *cls, const molt__attached *pieces, size_t count)
{
    if (must_wait(cls)) return MOLT_OK;
    cls->world->rehearsal = REHEARSED;
    int err = molt__class_drop_set(cls, pieces, count);
    cls->world->rehearsal = 0;
    return err == REHEARSED ? MOLT_OK : err;
}

static int perform(molt__relayout item)
{
    return item.add ? molt__class_use_set(item.cls, item.pieces, item.count)
                    : molt__class_drop_set(item.cls, item.pieces, item.count);
}

static void forget(molt_world *world, molt__relayout item)
{
    molt__free(world, item.pieces, item.count * sizeof *item.pieces);
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
    if (!world->deferred_since) world->deferred_since = now;
    if (now - world->deferred_since < world->threads.limit) return;
    molt__set_pending(world, molt_last_code(world), molt_last_error(world));
    forget_all(world);
}

void molt__relayout_deferred(molt_world *world)
{
    if (!world->deferred_count) return;
    if (molt__threads_try_stop(world)) {
        wait_on(world);
        return;
    }
    for (size_t i = 0; i < world->deferred_count; i++) {
        if (perform(world->deferred[i])) molt__set_pending(world, molt_last_code(world), molt_last_error(world));
    }
    forget_all(world);
    molt__threads_resume(world);
}

void molt__relayout_free(molt_world *world)
{
    forget_all(world);
    molt__free(world, world->deferred, world->deferred_capacity * sizeof *world->deferred);
}
