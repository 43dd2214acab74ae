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
    molt_class *root;                /* NULL: a trait changes */
    molt_trait *from, *to;           /* its versions */
    before *classes;                 /* of the root and its extensions */
    size_t class_count;
    size_t class_capacity;
    molt_shape **ready;              /* shapes that objects will have, to be renewed */
    size_t ready_count;
    size_t ready_capacity;
    molt__attached *attached;        /* of the shape that is looked for */
    size_t attached_capacity;
    molt__migration migration;
} change;

static int note_class(change *c, molt_class *cls)
{
    if (molt__reserve(c->world, (void **)&c->classes, &c->class_capacity, c->class_count + 1, sizeof *c->classes))
        return MOLT_ERR_MEMORY;
    c->classes[c->class_count++] = (before){ cls, cls->layout, cls->shape };
    return MOLT_OK;
}

static int note_classes(change *c, molt_class *cls)
{
    if (note_class(c, cls)) return MOLT_ERR_MEMORY;
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
    /* Attached traits are sorted by their index, which versions share. */
    for (size_t i = 0; i < from->attached_count; i++) {
        c->attached[i] = from->attached[i];
        if (c->attached[i].trait == c->from) c->attached[i].trait = c->to;
    }
    molt_shape *to = molt__shape_intern(cls, cls->layout, c->attached, from->attached_count);
    return from->successor = make_ready(c, to) ? NULL : to;
}

static bool has_part(const molt_shape *shape, const molt_trait *trait)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        if (shape->parts[i].trait == trait) return true;
    }
    return false;
}

/* Classes that have the trait, or whose instances may have it attached. */
static int note_users(change *c)
{
    for (size_t i = 0; i < c->world->classes.count; i++) {
        molt_class *cls = c->world->classes.item[i];
        bool uses = molt__class_has(cls, c->to);
        for (size_t s = 0; s < cls->shapes.count && !uses; s++) {
            uses = has_part(cls->shapes.item[s], c->from) || has_part(cls->shapes.item[s], c->to);
        }
        if (uses && note_class(c, cls)) return MOLT_ERR_MEMORY;
    }
    return MOLT_OK;
}

/* Room for the attached traits of any object. */
static int make_room(change *c)
{
    for (size_t i = 0; i < c->world->shapes.count; i++) {
        const molt_shape *shape = c->world->shapes.item[i];
        if (molt__reserve(c->world, (void **)&c->attached, &c->attached_capacity, shape->attached_count + 1,
                          sizeof *c->attached)) return MOLT_ERR_MEMORY;
    }
    return MOLT_OK;
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

static bool concerns(const change *c, const molt_shape *shape)
{
    if (c->root) return molt__class_extends(shape->cls, c->root);
    return has_part(shape, c->from) || has_part(shape, c->to);
}

static int move_objects(change *c)
{
    const molt_border *border = c->world->border;
    for (int32_t slot = 1; slot <= border->top; slot++) {
        molt_object *object = border->objects[slot];
        if (!object || !concerns(c, object->shape)) continue;
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

static void quiet(molt_world *world, bool on)
{
    if (world->bridge) world->bridge->quiet(world->bridge_user, on);
}

static int carry_out(change c)
{
    c.migration.world = c.world;
    quiet(c.world, true);
    int err = c.root ? note_classes(&c, c.root) : note_users(&c);
    if (!err) err = make_room(&c);
    if (!err) err = lay_out(&c);
    if (!err) err = move_objects(&c);
    if (!err) err = molt__reserve(c.world, (void **)&c.world->changes, &c.world->change_capacity,
                                  c.world->change_count + c.ready_count, sizeof *c.world->changes);
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
    molt__free(c.world, c.attached, c.attached_capacity * sizeof *c.attached);
    return err;
}

int molt__relayout_class(molt_class *cls, bool judged)
{
    return carry_out((change){ .world = cls->world, .root = cls, .migration = { .judged = judged } });
}

int molt__relayout_trait(molt_trait *from, molt_trait *to, bool judged)
{
    return carry_out((change){ .world = to->world, .from = from, .to = to, .migration = { .judged = judged } });
}

int molt__relayout_object(molt_object *object, molt_class *cls, bool judged)
{
    molt_world *world = cls->world;
    change c = { .world = world, .migration = { .world = world, .judged = judged } };
    const molt_shape *from = object->shape;
    quiet(world, true);
    molt_shape *to = molt__class_shape(cls);
    if (to) to = molt__shape_intern(cls, cls->layout, from->attached, from->attached_count);
    int err = to ? MOLT_OK : molt_last_code(world);
    if (!err && to != from) err = molt__migration_add(&c.migration, object, to);
    if (err) molt__migration_cancel(&c.migration);
    else molt__migration_commit(&c.migration);
    quiet(world, false);
    molt__edit_publish(world);
    return err;
}

bool molt__relayout_must_wait(const molt_class *cls)
{
    if (cls->world->border->depth == 0) return false;
    if (cls->live) return true;
    for (size_t i = 0; i < cls->children.count; i++) {
        if (molt__relayout_must_wait(cls->children.item[i])) return true;
    }
    return false;
}

static int defer(molt__relayout item)
{
    molt_world *world = item.cls->world;
    int err = molt__reserve(world, (void **)&world->deferred, &world->deferred_capacity, world->deferred_count + 1,
                            sizeof *world->deferred);
    if (!err) world->deferred[world->deferred_count++] = item;
    return err;
}

static int add(molt_class *cls, molt_trait *trait, molt_impl *impl)
{
    molt_world *world = cls->world;
    if (molt__reserve(world, (void **)&cls->traits.item, &cls->traits.capacity, cls->traits.count + 1, sizeof(void *)) ||
        molt__reserve(world, (void **)&cls->fills, &cls->fill_capacity, cls->fill_count + 1, sizeof *cls->fills))
        return MOLT_ERR_MEMORY;
    cls->traits.item[cls->traits.count++] = trait;
    if (impl) cls->fills[cls->fill_count++] = (molt__class_fill){ .number = ++world->fill_number, .impl = impl };
    int err = molt__relayout_class(cls, false);
    if (err) {
        cls->traits.count--;
        cls->fill_count -= impl != NULL;
    }
    molt__edit_publish(world);
    return err;
}

static int take(molt_class *cls, molt_trait *trait)
{
    size_t at = 0;
    while (cls->traits.item[at] != trait) at++;
    size_t behind = (cls->traits.count - at - 1) * sizeof(void *);
    memmove(&cls->traits.item[at], &cls->traits.item[at + 1], behind);
    cls->traits.count--;
    int err = molt__relayout_class(cls, false);
    if (!err) {
        molt__class_forget_idle(cls);
    } else {
        memmove(&cls->traits.item[at + 1], &cls->traits.item[at], behind);
        cls->traits.item[at] = trait;
        cls->traits.count++;
    }
    molt__edit_publish(cls->world);
    return err;
}

int molt__relayout_add(molt_class *cls, molt_trait *trait, molt_impl *impl)
{
    if (molt__relayout_must_wait(cls)) return defer((molt__relayout){ cls, trait, impl, true });
    return add(cls, trait, impl);
}

int molt__relayout_remove(molt_class *cls, molt_trait *trait)
{
    if (molt__relayout_must_wait(cls)) return defer((molt__relayout){ cls, trait, NULL, false });
    return take(cls, trait);
}

static int perform(molt__relayout item)
{
    return item.add ? molt_class_use(item.cls, item.trait, item.impl) : molt_class_drop(item.cls, item.trait, NULL);
}

void molt__relayout_deferred(molt_world *world)
{
    for (size_t i = 0; i < world->deferred_count; i++) {
        if (perform(world->deferred[i])) molt__set_pending(world, molt_last_code(world), molt_last_error(world));
    }
    world->deferred_count = 0;
}
