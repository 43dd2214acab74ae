#include "move.h"

#include "error.h"
#include "limbo.h"
#include "memory.h"
#include "object.h"
#include "roster.h"
#include "text.h"
#include "vtable.h"
#include "world_state.h"

#include <string.h>

molt_block *molt__move_block(const molt__move *move, const molt__part *part)
{
    return part->offset ? (molt_block *)(void *)((char *)move->body + part->offset) : move->attached[part->block];
}

/* The object's block that a part of `to` keeps, or whose values it takes; NULL: none. */
static molt_block *present_block(const molt__move *move, size_t part)
{
    int32_t same = move->carry->same[part];
    return same < 0 ? NULL : molt__part_block(move->object, &move->carry->from->parts[same]);
}

/* Attached blocks stay where they are as long as the trait is attached. */
static bool stays(const molt__move *move, size_t part)
{
    int32_t same = move->carry->same[part];
    return same >= 0 && !move->carry->to->parts[part].offset && !move->carry->from->parts[same].offset;
}

static void take_values(const molt__move *move, size_t part, molt_block *block)
{
    const molt_block *present = present_block(move, part);
    size_t size = move->carry->to->parts[part].trait->block_size;
    block->object = move->object;
    if (present) memcpy(block + 1, present + 1, size - sizeof *block);
}

static int make_body(molt_world *world, molt__move *move)
{
    molt_shape *to = (molt_shape *)(uintptr_t)move->carry->to;
    molt_object *body = molt__cell_new(world, to->layout->pool);
    if (!body) return MOLT_ERR_MEMORY;
    uint32_t generation = body->generation;
    memcpy(body, move->carry->image, to->layout->size);
    *body = *move->object;
    body->generation = generation;
    body->slot = 0;                  /* not alive before the commit */
    body->shape = to;
    body->peer = move->object;
    body->flags = move->object->flags | MOLT__BODY;
    move->body = body;
    for (size_t i = 0; i < to->layout->count; i++) take_values(move, i, molt__move_block(move, &to->parts[i]));
    return MOLT_OK;
}

static molt_block *attached_block(molt_world *world, const molt__move *move, size_t at)
{
    const molt__part *part = &move->carry->to->parts[at];
    if (stays(move, at)) return present_block(move, at);
    if (molt__limbo_promise(world)) return NULL;
    molt_block *block = molt__small_new(world, part->trait->block_size);
    if (!block) {
        molt__limbo_forget(world);
        return NULL;
    }
    molt__shape_initial(move->carry->to, part, block);
    take_values(move, at, block);
    return block;
}

static int make_attached(molt_world *world, molt__move *move)
{
    const molt_shape *to = move->carry->to;
    if (!to->block_count) return MOLT_OK;
    move->attached = molt__attached_new((molt_shape *)(uintptr_t)to);
    if (!move->attached) return MOLT_ERR_MEMORY;
    for (size_t i = to->layout->count; i < to->part_count; i++) {
        molt_block *block = attached_block(world, move, i);
        if (!block) return MOLT_ERR_MEMORY;
        move->attached[to->parts[i].block] = block;
    }
    return MOLT_OK;
}

/* Fields that follow by their names. */
static int carry_fields(molt_world *world, const molt__move *move)
{
    const molt__carry *carry = move->carry;
    for (size_t i = 0; i < carry->count; i++) {
        const molt__carried *item = &carry->item[i];
        const molt_block *source = molt__part_block(move->object, &carry->from->parts[item->from_part]);
        int err = molt__carry_value(world, item, source, molt__move_block(move, &carry->to->parts[item->to_part]));
        if (err) return err;
    }
    return MOLT_OK;
}

/* Is a slot that goes by the name patched on the object? `typed`: is there one at all? */
static bool patched_by_name(const molt__move *move, const char *name, bool *typed)
{
    const molt_shape *from = move->carry->from;
    *typed = false;
    for (size_t i = 0; i < from->part_count; i++) {
        const molt_vtable *head = molt__vtable_head(molt__part_block(move->object, &from->parts[i])->vtable);
        size_t at = 0;
        for (const molt__method *method; (method = molt__part_method(&from->parts[i], name, &at));) {
            *typed = true;
            if (head->owner && head->patched >> method->slot & 1) return true;
        }
    }
    return false;
}

/* Names that are patched on the object are so in new blocks, too; what its own table
 * holds under the name of a method that is new is a patch as well. */
static int carry_patches(const molt__move *move, size_t at)
{
    molt_shape *to = (molt_shape *)(uintptr_t)move->carry->to;
    molt_world *world = to->world;
    const molt__part *part = &to->parts[at];
    bool has_patches = move->object->flags & MOLT__PATCHED;
    const molt__bridge *bridge = world->bridge;
    uint64_t patched = 0;
    for (size_t i = 0; i < part->trait->method_count; i++) {
        const char *name = molt__select_slot(part->names, part->trait->methods[i]->name);
        bool typed = false;
        bool is = has_patches && patched_by_name(move, name, &typed);
        if (!is && !typed && bridge && bridge->raw) is = bridge->raw(world->bridge_user, move->object, name);
        if (is) patched |= UINT64_C(1) << i;
    }
    return patched ? molt__vtable_private(move->object, to, part, molt__move_block(move, part), patched) : MOLT_OK;
}

static int carry_all_patches(const molt__move *move)
{
    int err = MOLT_OK;
    for (size_t i = 0; move->carry->slots && i < move->carry->to->part_count && !err; i++) {
        if (move->carry->same[i] < 0) err = carry_patches(move, i);
    }
    return err;
}

int molt__move_make(molt_world *world, molt__move *move)
{
    int err = make_body(world, move);
    if (!err) err = make_attached(world, move);
    if (!err) err = carry_fields(world, move);
    return err ? err : carry_all_patches(move);
}

void molt__move_drop(molt_world *world, const molt__move *move)
{
    const molt_shape *to = move->carry->to;
    for (size_t i = 0; move->body && i < to->part_count; i++) {
        const molt__part *part = &to->parts[i];
        molt_block *block = part->offset || move->attached ? molt__move_block(move, part) : NULL;
        if (!block || stays(move, i)) continue;
        molt__vtable_unmake(world, block, part);
        if (part->offset) continue;
        molt__small_free(world, block, part->trait->block_size);
        molt__limbo_forget(world);
    }
    molt__attached_end(to, move->attached);
    if (move->body) molt__cell_free(to->layout->pool, move->body);
}

/* Blocks that the object no longer has: attached ones wait in limbo, those of
 * the old body stay in it. */
static void retire_blocks(const molt__move *move)
{
    molt_object *object = move->object;
    const molt__carry *carry = move->carry;
    const molt_shape *from = carry->from;
    for (size_t i = 0; i < carry->lost_count; i++) {
        const molt_block *block = molt__part_block(object, &from->parts[carry->lost[i].part]);
        molt__text_release(from->world, (const char *)block + carry->lost[i].offset);
    }
    if (carry->plain && !(object->flags & MOLT__PATCHED)) return;
    for (size_t i = 0; i < from->part_count; i++) {
        const molt__part *part = &from->parts[i];
        if (!carry->kept[i]) molt__vtable_release(object, part);
        const molt__part *now = carry->kept[i] && !part->offset ? molt__shape_part(carry->to, part->identity) : NULL;
        if (!part->offset && (!now || now->offset)) {
            molt__limbo_put(from->world, object->attached[part->block], part->trait->block_size);
        }
    }
}

/* A patched object's own vtables go to the blocks that take over. */
static void carry_privates(const molt__move *move)
{
    const molt__carry *carry = move->carry;
    for (size_t i = 0; i < carry->to->part_count; i++) {
        molt_block *present = present_block(move, i);
        if (!present || stays(move, i) || !molt__vtable_head(present->vtable)->owner) continue;
        molt__move_block(move, &carry->to->parts[i])->vtable = present->vtable;
        present->vtable = carry->from->parts[carry->same[i]].vtable;
    }
}

void molt__move_install(molt_world *world, const molt__move *move)
{
    molt_object *object = move->object, *before = object->peer;
    molt_shape *from = object->shape, *to = move->body->shape;
    void **attached = object->attached;
    if (object->flags & MOLT__PATCHED) carry_privates(move);
    retire_blocks(move);
    from->live--;
    from->cls->live--;
    to->live++;
    to->cls->live++;
    object->shape = to;
    if (to->rosters.count) molt__rosters_list(object, from);
    object->attached = move->body->attached = move->attached;
    object->peer = move->body;
    molt__object_mark(object, MOLT__MOVED);
    move->body->slot = object->slot;
    world->border->bodies[object->slot] = move->body;
    if (!move->carry->plain || object->flags & MOLT__PATCHED) {
        for (size_t i = 0; i < to->part_count; i++) molt__vtable_point(object, to, &to->parts[i]);
    }
    molt__attached_end(from, attached);
    if (before != object) {
        before->slot = 0;
        molt__limbo_body(world, before);
    }
}
