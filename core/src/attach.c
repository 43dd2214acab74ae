/* attach.c: traits of one object, while it lives. */
#include "error.h"
#include "fieldtype.h"
#include "hook.h"
#include "limbo.h"
#include "memory.h"
#include "object.h"
#include "roster.h"
#include "vtable.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* Blocks of `to` that `from` has too stay where they are. */
static void *kept_block(const molt_object *object, const molt__part *part)
{
    const molt__part *was = molt__shape_part(object->shape, part->trait->identity);
    return was && !was->offset ? object->attached[was->block] : NULL;
}

static molt_block *new_block(molt_object *object, const molt_shape *to, const molt__part *part)
{
    molt_world *world = to->world;
    if (molt__limbo_promise(world)) return NULL;
    molt_block *block = molt__small_new(world, part->trait->block_size);
    if (!block) {
        molt__limbo_forget(world);
        return NULL;
    }
    molt__shape_initial(to, part, block);
    block->object = object;
    return block;
}

void **molt__attached_new(molt_shape *shape)
{
    molt_world *world = shape->world;
    size_t bytes = molt__attached_bytes(shape);
    if (molt__limbo_promise(world)) return NULL;
    void **attached = molt__small_new(world, bytes);
    if (!attached) {
        molt__limbo_forget(world);
        return NULL;
    }
    memset(attached, 0, bytes);
    attached[0] = shape;
    return attached;
}

void molt__attached_end(const molt_shape *shape, void **attached)
{
    if (attached) molt__limbo_put_shared(shape->world, attached, molt__attached_bytes(shape));
}

static void take_back(molt_object *object, const molt_shape *to, void **attached)
{
    molt_world *world = to->world;
    for (size_t i = to->layout->count; i < to->part_count; i++) {
        const molt__part *part = &to->parts[i];
        molt_block *block = attached[part->block];
        if (!block || block == kept_block(object, part)) continue;
        molt__small_free(world, block, part->trait->block_size);
        molt__limbo_forget(world);
    }
    molt__small_free(world, attached, molt__attached_bytes(to));
    molt__limbo_forget(world);
}

/* The attached blocks of an object of shape `to`: those it has, and those it
 * lacks, made now. */
static int make_attached(molt_object *object, molt_shape *to, void ***made)
{
    *made = NULL;
    if (!to->block_count) return MOLT_OK;
    void **attached = molt__attached_new(to);
    if (!attached) return MOLT_ERR_MEMORY;
    for (size_t i = to->layout->count; i < to->part_count; i++) {
        const molt__part *part = &to->parts[i];
        void *block = kept_block(object, part);
        if (!block) block = new_block(object, to, part);
        if (!block) {
            take_back(object, to, attached);
            return MOLT_ERR_MEMORY;
        }
        attached[part->block] = block;
    }
    *made = attached;
    return MOLT_OK;
}

static void drop_blocks(molt_object *object, const molt_shape *from, const molt_shape *to)
{
    for (size_t i = from->layout->count; i < from->part_count; i++) {
        const molt__part *part = &from->parts[i];
        if (molt__shape_part(to, part->trait->identity)) continue;
        molt__vtable_release(object, part);
        molt__fieldtype_release(part->trait, object->attached[part->block]);
        molt__limbo_put(from->world, object->attached[part->block], part->trait->block_size);
    }
}

/* Blocks first, with vtables; a worker finds all that the shape says. */
static void move_to(molt_object *object, molt_shape *to, void **attached)
{
    MOLT__STORE(&object->attached, attached);
    MOLT__STORE(&object->shape, to);
    if (object->peer == object) return;
    object->peer->attached = attached;
    object->peer->shape = to;
}

int molt__object_enter(molt_object *object, molt_shape *to)
{
    molt_shape *from = object->shape;
    void **before = object->attached, **after;
    int err = make_attached(object, to, &after);
    if (err) return err;
    drop_blocks(object, from, to);
    move_to(object, to, after);
    from->live--;
    to->live++;
    if (to->rosters.count) molt__rosters_list(object, from);
    molt__world_changed(to->world);
    for (size_t i = 0; i < to->part_count; i++) molt__vtable_point(object, to, &to->parts[i]);
    molt__attached_end(from, before);
    return MOLT_OK;
}

static int enter_from_c(molt_object *object, molt_shape *to)
{
    const molt_shape *from = object->shape;
    molt_world *world = from->world;
    if (!to) return molt_last_code(world);
    int err = world->bridge ? world->bridge->ready(world->bridge_user, to) : MOLT_OK;
    if (!err) err = molt__object_check(object);
    if (!err && object->shape != from) {
        err = molt__fail(world, MOLT_ERR_STATE, "the object was changed by a finalizer meanwhile");
    }
    if (!err) err = molt__object_enter(object, to);
    if (!err && world->bridge) world->bridge->reshaped(world->bridge_user, object);
    return err;
}

static int check(const molt_object *object)
{
    molt_world *world = object->shape->world;
    int err = molt__object_check(object);
    if (err || !world->border->leaf) return err;
    return molt__fail(world, MOLT_ERR_LEAF, "a leaf function must not attach or detach traits");
}

int molt_object_attach(molt_object *object, molt_trait *trait, molt_impl *impl)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = check(object);
    if (err) return err;
    trait = impl ? molt_impl_trait(impl) : molt__trait_now(trait);
    const molt_shape *before = object->shape;
    err = enter_from_c(object, molt__shape_attach(object->shape, trait, impl));
    return err ? err : molt__hook_gained(object, before);
}

int molt_object_attach_set(molt_object *object, const molt_piece *pieces, size_t count)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = check(object);
    if (err) return err;
    molt_world *world = object->shape->world;
    size_t bytes = (count + 1) * sizeof(molt__attached);
    molt__attached *add = molt__allocate(world, bytes);
    if (!add) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        molt_impl *impl = pieces[i].impl;
        add[i] = (molt__attached){ .trait = impl ? molt_impl_trait(impl) : molt__trait_now(pieces[i].trait),
                                     .impl = impl };
    }
    molt_shape *to = molt__shape_attach_set(object->shape, add, count);
    molt__free(world, add, bytes);
    const molt_shape *before = object->shape;
    err = enter_from_c(object, to);
    return err ? err : molt__hook_gained(object, before);
}

/* Runs the hooks, which may end the object or move it to another shape; then the
 * trait goes, whatever they did. Returns their error. */
static int detach_hooked(molt_object *object, molt_trait *trait)
{
    molt_world *world = object->shape->world;
    int failed = molt__hook_run(object, MOLT__TURN_LOSING, trait);
    if (!object->slot || !molt__shape_part(object->shape, trait->identity)) return failed;
    char text[MOLT__ERROR_TEXT] = "";
    if (failed) snprintf(text, sizeof text, "%s", molt_last_error(world));
    int err = enter_from_c(object, molt__shape_detach(object->shape, trait));
    return err || !failed ? err : molt__fail(world, failed, "%s", text);
}

int molt_object_detach(molt_object *object, molt_trait *trait)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = check(object);
    trait = molt__trait_now(trait);
    molt_shape *to = err ? NULL : molt__shape_detach(object->shape, trait);
    if (!to) return err ? err : molt_last_code(object->shape->world);
    return molt__hook_awaits(object) ? detach_hooked(object, trait) : enter_from_c(object, to);
}
