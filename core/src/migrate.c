#include "migrate.h"

#include "error.h"
#include "fieldtype.h"
#include "limbo.h"
#include "memory.h"
#include "object.h"
#include "roster.h"
#include "text.h"
#include "value.h"
#include "vtable.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* ---- Blocks -------------------------------------------------------------------- */

/* The block that a part of `to` has in a move: in the new body, or attached. */
static molt_block *block_in(const molt__move *move, const molt__part *part)
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

/* ---- Preparing ------------------------------------------------------------------ */

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
    for (size_t i = 0; i < to->layout->count; i++) take_values(move, i, block_in(move, &to->parts[i]));
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
        int err = molt__carry_value(world, item, source, block_in(move, &carry->to->parts[item->to_part]));
        if (err) return err;
    }
    return MOLT_OK;
}

/* ---- Patches ---------------------------------------------------------------------- */

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
    return patched ? molt__vtable_private(move->object, to, part, block_in(move, part), patched) : MOLT_OK;
}

static int carry_all_patches(const molt__move *move)
{
    int err = MOLT_OK;
    for (size_t i = 0; move->carry->slots && i < move->carry->to->part_count && !err; i++) {
        if (move->carry->same[i] < 0) err = carry_patches(move, i);
    }
    return err;
}

/* ---- One move ---------------------------------------------------------------------- */

/* What native code makes of the new block; it sees the old one, and nothing else. */
static int run_migrators(const molt__migration *migration, const molt__move *move)
{
    const molt_shape *to = move->carry->to;
    int err = MOLT_OK;
    for (size_t m = 0; m < migration->migrator_count && !err; m++) {
        const molt__migrator *migrator = &migration->migrators[m];
        for (size_t i = 0; i < to->part_count && !err; i++) {
            if (to->parts[i].trait != migrator->trait || move->carry->same[i] >= 0) continue;
            molt_former former = { .world = migration->world, .carry = move->carry, .object = move->object,
                                   .trait = migrator->trait };
            err = migrator->migrate(block_in(move, &to->parts[i]), &former);
        }
    }
    if (err >= 0) return MOLT_OK;
    char name[128], text[MOLT__ERROR_TEXT / 2] = "";
    if (molt_last_code(migration->world) == err) snprintf(text, sizeof text, ": %s", molt_last_error(migration->world));
    return molt__fail(migration->world, err, "migrate failed for %s%s", molt__object_name(move->object, name, sizeof name),
                      text);
}

static void drop(molt_world *world, const molt__move *move)
{
    const molt_shape *to = move->carry->to;
    for (size_t i = 0; move->body && i < to->part_count; i++) {
        const molt__part *part = &to->parts[i];
        molt_block *block = part->offset || move->attached ? block_in(move, part) : NULL;
        if (!block || stays(move, i)) continue;
        molt__vtable_unmake(world, block, part);
        if (part->offset) continue;
        molt__small_free(world, block, part->trait->block_size);
        molt__limbo_forget(world);
    }
    molt__attached_end(to, move->attached);
    if (move->body) molt__cell_free(to->layout->pool, move->body);
}

static const molt__carry *carry_for(molt__migration *migration, molt_shape *from, molt_shape *to)
{
    molt_world *world = migration->world;
    if (from->carry) return from->carry;
    if (molt__reserve(world, (void **)&migration->carries, &migration->carry_capacity, migration->carry_count + 1,
                      sizeof *migration->carries)) return NULL;
    from->carry = molt__carry_new(from, to, (molt__settled){ migration->judged, migration->migrators,
                                                               migration->migrator_count });
    if (from->carry) migration->carries[migration->carry_count++] = from->carry;
    return from->carry;
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
    if (molt__reserve(world, (void **)&migration->moves, &migration->capacity, migration->count + 1,
                      sizeof *migration->moves)) return MOLT_ERR_MEMORY;
    int err = stop_workers(migration);
    if (err) return err;
    molt__move move = { .object = object, .carry = carry_for(migration, object->shape, to) };
    if (!move.carry) return molt_last_code(world);
    err = make_body(world, &move);
    if (!err) err = make_attached(world, &move);
    if (!err) err = carry_fields(world, &move);
    if (!err) err = carry_all_patches(&move);
    if (!err && migration->migrator_count) err = run_migrators(migration, &move);
    if (err) drop(world, &move);
    else migration->moves[migration->count++] = move;
    return err;
}

int molt__migration_stage(molt__migration *migration)
{
    molt_world *world = migration->world;
    if (!world->bridge || !migration->count) return MOLT_OK;
    world->staging = migration;
    int err = world->bridge->stage(world->bridge_user, migration->moves, migration->count);
    world->staging = NULL;
    return err;
}

int molt__migration_write(molt__migration *migration, size_t at, const molt_trait *trait, const molt__field *field,
                          molt_value value)
{
    molt_world *world = migration->world;
    const molt__move *move = &migration->moves[at];
    const molt__part *part = molt__shape_part(move->carry->to, trait->identity);
    if (!part) return molt__fail(world, MOLT_ERR_UNKNOWN, "the object is to have no trait '%s'", trait->name);
    if (molt__reserve(world, (void **)&migration->writes, &migration->write_capacity, migration->write_count + 1,
                      sizeof *migration->writes)) return MOLT_ERR_MEMORY;
    molt__write *write = &migration->writes[migration->write_count];
    *write = (molt__write){ .memory = (char *)block_in(move, part) + field->offset, .field = field, .value = value };
    if (value.kind == MOLT_STRING) {
        if (molt__text_own(world, value.as.string->text, value.as.string->length, write->string)) return MOLT_ERR_MEMORY;
    } else if (value.kind == MOLT_MEMORY) {
        void *copy = molt__allocate(world, field->size);
        if (!copy) return MOLT_ERR_MEMORY;
        write->value.as.memory = memcpy(copy, value.as.memory, field->size);
    }
    migration->write_count++;
    return MOLT_OK;
}

/* ---- Installing --------------------------------------------------------------------- */

static void store(molt_world *world, molt__write *write)
{
    switch (write->value.kind) {
    case MOLT_STRING:
        molt__text_release(world, write->memory);
        memcpy(write->memory, write->string, sizeof write->string);
        memset(write->string, 0, sizeof write->string);
        break;
    case MOLT_MEMORY:
        memcpy(write->memory, write->value.as.memory, write->field->size);
        break;
    case MOLT_REF:
        memcpy(write->memory, &write->value.as.ref, sizeof write->value.as.ref);
        break;
    default:
        molt__value_write(write->memory, write->value);
    }
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
        block_in(move, &carry->to->parts[i])->vtable = present->vtable;
        present->vtable = carry->from->parts[carry->same[i]].vtable;
    }
}

static void install(molt_world *world, const molt__move *move)
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
    if (!move->carry->plain || object->flags & MOLT__PATCHED) {
        for (size_t i = 0; i < to->part_count; i++) molt__vtable_point(object, to, &to->parts[i]);
    }
    molt__attached_end(from, attached);
    if (before != object) {
        before->slot = 0;
        molt__limbo_body(world, before);
    }
}

static void finish(molt__migration *migration, bool commit)
{
    molt_world *world = migration->world;
    if (world->bridge) world->bridge->relaid(world->bridge_user, migration->moves, migration->count, commit);
    for (size_t i = 0; i < migration->write_count; i++) {
        molt__write *write = &migration->writes[i];
        if (write->value.kind == MOLT_STRING) molt__text_release(world, write->string);
        if (write->value.kind == MOLT_MEMORY) molt__free(world, (void *)(uintptr_t)write->value.as.memory, write->field->size);
    }
    for (size_t i = 0; i < migration->carry_count; i++) {
        ((molt_shape *)(uintptr_t)migration->carries[i]->from)->carry = NULL;
        molt__carry_free(migration->carries[i]);
    }
    molt__free(world, migration->carries, migration->carry_capacity * sizeof *migration->carries);
    molt__free(world, migration->writes, migration->write_capacity * sizeof *migration->writes);
    molt__free(world, migration->moves, migration->capacity * sizeof *migration->moves);
    if (migration->stopped) molt__threads_resume(world);
    *migration = (molt__migration){ .world = world };
}

void molt__migration_commit(molt__migration *migration)
{
    molt_world *world = migration->world;
    molt__world_changed(world);
    for (size_t i = 0; i < migration->count; i++) install(world, &migration->moves[i]);
    for (size_t i = 0; i < migration->write_count; i++) store(world, &migration->writes[i]);
    finish(migration, true);
}

void molt__migration_cancel(molt__migration *migration)
{
    for (size_t i = 0; i < migration->count; i++) drop(migration->world, &migration->moves[i]);
    finish(migration, false);
}
