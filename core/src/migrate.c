#include "migrate.h"

#include "fieldtype.h"
#include "limbo.h"
#include "memory.h"
#include "object.h"
#include "roster.h"
#include "vtable.h"
#include "world_state.h"

#include <string.h>

/* The block that a part of `to` has in a move: in the new body, or attached. */
static molt_block *block_in(const molt__move *move, const molt__part *part)
{
    return part->offset ? (molt_block *)(void *)((char *)move->body + part->offset) : move->attached[part->block];
}

/* The object's present block of the trait; NULL when it has none. */
static molt_block *present_block(const molt_object *object, const molt_trait *trait)
{
    const molt__part *part = molt__shape_part(object->shape, trait->identity);
    return part ? molt__part_block(object, part) : NULL;
}

static bool attached_now(const molt_object *object, const molt_trait *trait)
{
    const molt__part *part = molt__shape_part(object->shape, trait->identity);
    return part && !part->offset;
}

/* Starts a block of `to` with what the object has, vtable and head apart. */
static void fill_block(const molt__move *move, const molt__part *part, molt_block *block)
{
    molt__shape_initial(move->to, part, block);
    block->object = move->object;
    const molt_block *present = present_block(move->object, part->trait);
    if (present) memcpy(block + 1, present + 1, part->trait->block_size - sizeof *block);
}

static void drop(molt_world *world, const molt__move *move)
{
    for (size_t i = 0; move->attached && i < move->to->part_count; i++) {
        const molt__part *part = &move->to->parts[i];
        if (part->offset || !move->attached[part->block]) continue;
        if (attached_now(move->object, part->trait)) continue;
        molt__small_free(world, move->attached[part->block], part->trait->block_size);
        molt__limbo_forget(world);
    }
    molt__attached_end(move->to, move->attached);
    if (!move->body) return;
    molt__cell_free(move->to->layout->pool, move->body);
}

static int make_body(molt_world *world, molt__move *move)
{
    const molt_shape *to = move->to;
    molt_object *body = molt__cell_new(world, to->layout->pool);
    if (!body) return MOLT_ERR_MEMORY;
    uint32_t generation = body->generation;
    *body = *move->object;
    body->generation = generation;
    body->slot = 0;                  /* not alive before the commit */
    body->shape = move->to;
    body->peer = move->object;
    body->flags = move->object->flags | MOLT__BODY;
    move->body = body;
    for (size_t i = 0; i < to->layout->count; i++) fill_block(move, &to->parts[i], block_in(move, &to->parts[i]));
    return MOLT_OK;
}

static molt_block *attached_block(molt_world *world, const molt__move *move, const molt__part *part)
{
    if (attached_now(move->object, part->trait)) return present_block(move->object, part->trait);
    if (molt__limbo_promise(world)) return NULL;
    molt_block *block = molt__small_new(world, part->trait->block_size);
    if (block) fill_block(move, part, block);
    else molt__limbo_forget(world);
    return block;
}

static int make_attached(molt_world *world, molt__move *move)
{
    const molt_shape *to = move->to;
    if (!to->block_count) return MOLT_OK;
    move->attached = molt__attached_new(move->to);
    if (!move->attached) return MOLT_ERR_MEMORY;
    for (size_t i = to->layout->count; i < to->part_count; i++) {
        const molt__part *part = &to->parts[i];
        molt_block *block = attached_block(world, move, part);
        if (!block) return MOLT_ERR_MEMORY;
        move->attached[part->block] = block;
    }
    return MOLT_OK;
}

/* No call may be in a body while it is copied: workers rest until all is done. */
static int stop_workers(molt__migration *migration)
{
    if (migration->stopped) return MOLT_OK;
    int err = molt__threads_stop(migration->world);
    migration->stopped = !err;
    return err;
}

int molt__migration_add(molt__migration *migration, molt_object *object, molt_shape *to)
{
    molt_world *world = migration->world;
    molt__move move = { .object = object, .to = to };
    int err = stop_workers(migration);
    if (err) return err;
    if (molt__reserve(world, (void **)&migration->moves, &migration->capacity, migration->count + 1,
                      sizeof *migration->moves)) return MOLT_ERR_MEMORY;
    if (make_body(world, &move) || make_attached(world, &move)) {
        drop(world, &move);
        return MOLT_ERR_MEMORY;
    }
    migration->moves[migration->count++] = move;
    if (!world->bridge) return MOLT_OK;
    return world->bridge->stage(world->bridge_user, object, move.body);
}

/* Blocks that the object no longer has: attached ones wait in limbo, those of
 * the old body stay in it. */
static void retire_blocks(const molt__move *move)
{
    molt_object *object = move->object;
    const molt_shape *from = object->shape;
    for (size_t i = 0; i < from->part_count; i++) {
        const molt__part *part = &from->parts[i];
        const molt__part *now = molt__shape_part(move->to, part->trait->identity);
        if (!now) molt__vtable_release(object, part);
        if (!now) molt__fieldtype_release(part->trait, molt__part_block(object, part));
        if (!part->offset && (!now || now->offset)) {
            molt__limbo_put(from->world, object->attached[part->block], part->trait->block_size);
        }
    }
}

/* A patched object's own vtables go to the blocks that take over. */
static void carry_private(const molt__move *move, const molt__part *part)
{
    molt_block *present = present_block(move->object, part->trait);
    molt_block *block = block_in(move, part);
    if (!present || present == block) return;
    if (molt__vtable_head(present->vtable)->owner) {
        block->vtable = present->vtable;
        present->vtable = molt__shape_part(move->object->shape, part->trait->identity)->vtable;
    }
}

static void install(molt_world *world, const molt__move *move)
{
    molt_object *object = move->object, *before = object->peer;
    void **attached = object->attached;
    const molt_shape *from = object->shape;
    for (size_t i = 0; i < move->to->part_count; i++) carry_private(move, &move->to->parts[i]);
    retire_blocks(move);
    object->shape->live--;
    move->to->live++;
    object->shape = move->to;
    if (move->to->rosters.count) molt__rosters_list(object, from);
    object->attached = move->body->attached = move->attached;
    object->peer = move->body;
    molt__object_mark(object, MOLT__MOVED);
    move->body->slot = object->slot;
    for (size_t i = 0; i < move->to->part_count; i++) molt__vtable_point(object, move->to, &move->to->parts[i]);
    molt__attached_end(from, attached);
    if (before != object) {
        before->slot = 0;
        molt__limbo_body(world, before);
    }
}

static void finish(molt__migration *migration, bool commit)
{
    molt_world *world = migration->world;
    if (world->bridge) world->bridge->relaid(world->bridge_user, commit);
    molt__free(world, migration->moves, migration->capacity * sizeof *migration->moves);
    if (migration->stopped) molt__threads_resume(world);
    *migration = (molt__migration){ .world = world };
}

void molt__migration_commit(molt__migration *migration)
{
    molt__world_changed(migration->world);
    for (size_t i = 0; i < migration->count; i++) install(migration->world, &migration->moves[i]);
    finish(migration, true);
}

void molt__migration_cancel(molt__migration *migration)
{
    for (size_t i = 0; i < migration->count; i++) drop(migration->world, &migration->moves[i]);
    finish(migration, false);
}
