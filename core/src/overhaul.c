#include "overhaul.h"

#include "combine.h"
#include "edit.h"
#include "error.h"
#include "layout.h"
#include "limbo.h"
#include "memory.h"
#include "object.h"
#include "registry.h"
#include "world_state.h"

/* ---- Which classes ---------------------------------------------------------------- */

static int note_class(molt__overhaul *o, molt_class *cls)
{
    for (size_t i = 0; i < o->class_count; i++) {
        if (o->classes[i].cls == cls) return MOLT_OK;
    }
    if (molt__reserve(o->world, (void **)&o->classes, &o->class_capacity, o->class_count + 1, sizeof *o->classes))
        return MOLT_ERR_MEMORY;
    o->classes[o->class_count++] = (molt__class_before){ cls, cls->layout, cls->shape };
    return MOLT_OK;
}

static int note_line(molt__overhaul *o, molt_class *cls)
{
    if (note_class(o, cls)) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < cls->children.count; i++) {
        if (note_line(o, cls->children.item[i])) return MOLT_ERR_MEMORY;
    }
    return MOLT_OK;
}

static bool has_part(const molt_shape *shape, const molt_trait *trait)
{
    return molt__shape_part(shape, trait->identity) != NULL;
}

static bool has_any_part(const molt__overhaul *o, const molt_shape *shape)
{
    for (size_t i = 0; i < o->succession_count; i++) {
        if (has_part(shape, o->successions[i].from) || has_part(shape, o->successions[i].to)) return true;
    }
    return false;
}

/* Classes that have one of the traits, or whose instances may have it attached. */
static int note_users(molt__overhaul *o)
{
    const molt__list *classes = &o->world->classes;
    for (size_t i = 0; i < classes->count && o->succession_count; i++) {
        molt_class *cls = classes->item[i];
        bool uses = false;
        for (size_t s = 0; s < o->succession_count; s++) uses = uses || molt__class_has(cls, o->successions[s].to);
        for (size_t s = 0; s < cls->shapes.count && !uses; s++) uses = has_any_part(o, cls->shapes.item[s]);
        if (uses && note_class(o, cls)) return MOLT_ERR_MEMORY;
    }
    return MOLT_OK;
}

static int note_classes(molt__overhaul *o)
{
    for (size_t i = 0; i < o->root_count; i++) {
        if (note_line(o, o->roots[i])) return MOLT_ERR_MEMORY;
    }
    return note_users(o);
}

/* ---- Which shapes ------------------------------------------------------------------ */

static int make_ready(molt__overhaul *o, molt_shape *shape)
{
    if (!shape) return molt_last_code(o->world);
    if (molt__reserve(o->world, (void **)&o->ready, &o->ready_capacity, o->ready_count + 1, sizeof *o->ready))
        return MOLT_ERR_MEMORY;
    o->ready[o->ready_count++] = shape;
    return molt__shape_ready(shape);
}

/* New layouts and shapes of new instances, for classes that have been instantiated. */
static int lay_out(molt__overhaul *o)
{
    for (size_t i = 0; i < o->class_count; i++) {
        molt_class *cls = o->classes[i].cls;
        if (!cls->layout) continue;
        cls->shape = NULL;
        cls->layout = molt__layout_new(cls);
        if (!cls->layout) return MOLT_ERR_MEMORY;
        int err = make_ready(o, molt__class_shape(cls));
        if (err) return err;
    }
    return MOLT_OK;
}

static molt_trait *present(const molt__overhaul *o, molt_trait *trait)
{
    for (size_t i = 0; i < o->succession_count; i++) {
        if (o->successions[i].from == trait) return o->successions[i].to;
    }
    return trait;
}

/* The shape of `cls` with what is attached in `from`, be it that the class brings the
 * trait now. Attached traits are sorted by their index, which versions share. */
static molt_shape *shape_like(molt__overhaul *o, molt_class *cls, const molt_shape *from)
{
    if (molt__reserve(o->world, (void **)&o->attached, &o->attached_capacity, from->attached_count + 1,
                      sizeof *o->attached)) return NULL;
    for (size_t i = 0; i < from->attached_count; i++) {
        o->attached[i] = from->attached[i];
        o->attached[i].trait = present(o, from->attached[i].trait);
    }
    return molt__shape_intern(cls, cls->layout, o->attached, from->attached_count);
}

/* The shape that objects of `from` get; looked for once. */
static molt_shape *successor(molt__overhaul *o, molt_shape *from)
{
    if (from->successor) return from->successor;
    molt_shape *to = shape_like(o, from->cls, from);
    return from->successor = make_ready(o, to) ? NULL : to;
}

static void forget_successors(const molt__overhaul *o)
{
    for (size_t i = 0; i < o->class_count; i++) {
        const molt__list *shapes = &o->classes[i].cls->shapes;
        for (size_t s = 0; s < shapes->count; s++) ((molt_shape *)shapes->item[s])->successor = NULL;
    }
}

/* ---- Which objects ------------------------------------------------------------------ */

static bool concerns(const molt__overhaul *o, const molt_shape *shape)
{
    for (size_t i = 0; i < o->root_count; i++) {
        if (molt__class_extends(shape->cls, o->roots[i])) return true;
    }
    return has_any_part(o, shape);
}

static int move_one(molt__overhaul *o)
{
    molt_class *cls = o->becomes;
    molt_shape *to = molt__class_shape(cls) ? shape_like(o, cls, o->object->shape) : NULL;
    int err = to ? MOLT_OK : molt_last_code(o->world);
    return err || (to == o->object->shape && !o->every) ? err : molt__migration_add(&o->migration, o->object, to);
}

static int move_objects(molt__overhaul *o)
{
    const molt_border *border = o->world->border;
    const molt_shape *seen = NULL;   /* objects of one shape tend to come one after the other */
    bool moves = false;
    if (o->object) return move_one(o);
    for (int32_t slot = 1; slot <= border->top; slot++) {
        molt_object *object = molt__registry_at(o->world, slot);
        if (!object) continue;
        if (object->shape != seen) moves = concerns(o, object->shape);
        seen = object->shape;
        if (!moves) continue;
        molt_shape *to = successor(o, object->shape);
        if (to == object->shape && !o->every) continue;      /* an extension had the trait of its own */
        int err = to ? molt__migration_add(&o->migration, object, to) : molt_last_code(o->world);
        if (err) return err;
    }
    return MOLT_OK;
}

/* ---- The change ---------------------------------------------------------------------- */

static void give_back(const molt__overhaul *o)
{
    for (size_t i = 0; i < o->class_count; i++) {
        o->classes[i].cls->layout = o->classes[i].layout;
        o->classes[i].cls->shape = o->classes[i].shape;
    }
}

static void renew(const molt__overhaul *o)
{
    for (size_t i = 0; i < o->ready_count; i++) molt__shape_renew(o->ready[i]);
}

/* Shapes of former layouts, and those filled for a change that failed, are looked
 * at again before an object gets them. */
static void doubt(const molt__overhaul *o)
{
    o->world->left_behind |= molt__limbo_needed(o->world);
    for (size_t i = 0; i < o->class_count; i++) {
        const molt_class *cls = o->classes[i].cls;
        for (size_t s = 0; s < cls->shapes.count; s++) {
            molt_shape *shape = cls->shapes.item[s];
            if (shape->live || shape == cls->shape) continue;
            shape->suspect = 1;
            molt__combine_forget(shape);     /* definitions in its chains may end with the change, or a rehearsal */
        }
    }
}

static void quiet(molt_world *world, bool on)
{
    if (world->bridge) world->bridge->quiet(world->bridge_user, on);
}

static void finish(molt__overhaul *o)
{
    forget_successors(o);
    doubt(o);
    quiet(o->world, false);
    molt__free(o->world, o->classes, o->class_capacity * sizeof *o->classes);
    molt__free(o->world, o->ready, o->ready_capacity * sizeof *o->ready);
    molt__free(o->world, o->attached, o->attached_capacity * sizeof *o->attached);
}

int molt__overhaul_prepare(molt__overhaul *o)
{
    molt_world *world = o->world;
    o->migration = (molt__migration){ .world = world, .judged = o->judged, .migrators = o->migrators,
                                      .migrator_count = o->migrator_count };
    quiet(world, true);
    int err = note_classes(o);
    if (!err) err = lay_out(o);
    if (!err) err = move_objects(o);
    if (!err) err = molt__migration_stage(&o->migration);
    if (!err) err = molt__reserve(world, (void **)&world->changes, &world->change_capacity,
                                  world->change_count + o->ready_count, sizeof *world->changes);
    if (err) molt__overhaul_cancel(o);
    return err;
}

void molt__overhaul_commit(molt__overhaul *o)
{
    renew(o);
    molt__migration_commit(&o->migration);
    finish(o);
}

void molt__overhaul_cancel(molt__overhaul *o)
{
    give_back(o);
    molt__migration_cancel(&o->migration);
    finish(o);
}

int molt__overhaul_carry_out(molt__overhaul o)
{
    int err = molt__overhaul_prepare(&o);
    if (err) return err;
    if (!o.world->rehearsal) {
        molt__overhaul_commit(&o);
        return MOLT_OK;
    }
    molt__overhaul_cancel(&o);
    return o.world->rehearsal;
}
