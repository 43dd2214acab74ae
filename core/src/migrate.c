#include "move.h"

#include "error.h"
#include "memory.h"
#include "object.h"
#include "text.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

int molt__migration_bars(molt_world *world, const char *what)
{
    molt__fail(world, MOLT_ERR_STATE, "%s cannot be used inside of migrate", what);
    molt__hint(world, "it writes fields of the new block, and reads the former ones by molt_former_get");
    return MOLT_ERR_STATE;
}

static int run_migrator(const molt__migration *migration, const molt__migrator *migrator, molt_block *block,
                        const molt_former *former)
{
    molt_world *world = migration->world;
    bool waited = molt_error_pending(world);
    world->migrating = true;
    int err = migrator->migrate(block, former);
    world->migrating = false;
    const char *text;
    if (waited || !molt_error_pending(world)) return err;
    int code = molt_error_take(world, &text);        /* of a method that it called */
    return molt__fail(world, code, "%s", text);
}

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
            err = run_migrator(migration, migrator, molt__move_block(move, &to->parts[i]), &former);
        }
    }
    if (err >= 0) return MOLT_OK;
    char name[128], text[MOLT__ERROR_TEXT / 2] = "";
    if (molt_last_code(migration->world) == err) snprintf(text, sizeof text, ": %s", molt_last_error(migration->world));
    return molt__fail(migration->world, err, "migrate failed for %s%s", molt__object_name(move->object, name, sizeof name),
                      text);
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
    err = molt__move_make(world, &move);
    if (!err && migration->migrator_count) err = run_migrators(migration, &move);
    if (err) molt__move_drop(world, &move);
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
    *write = (molt__write){ .memory = (char *)molt__move_block(move, part) + field->offset, .field = field, .value = value };
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
    for (size_t i = 0; i < migration->count; i++) molt__move_install(world, &migration->moves[i]);
    for (size_t i = 0; i < migration->write_count; i++) store(world, &migration->writes[i]);
    finish(migration, true);
}

void molt__migration_cancel(molt__migration *migration)
{
    for (size_t i = 0; i < migration->count; i++) molt__move_drop(migration->world, &migration->moves[i]);
    finish(migration, false);
}
