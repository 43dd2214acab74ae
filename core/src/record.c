#include "record.h"

#include "declaration.h"
#include "error.h"
#include "memory.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

const molt__record *molt__record_find(const molt_world *world, const char *name)
{
    for (size_t i = 0; i < world->records.count; i++) {
        const molt__record *record = world->records.item[i];
        if (record->name == name) return record;
    }
    return NULL;
}

static int fail(molt_world *world, const char *name, const char *why, const char *member)
{
    return molt__fail(world, MOLT_ERR_DECLARATION, "struct '%s': %s%s%s", name, why, member ? " " : "",
                      member ? member : "");
}

/* One member: a scalar with a name of its own. */
static int read_member(molt_world *world, const char *name, const char *line, molt__declaration *members, size_t count)
{
    molt__declaration *member = &members[count];
    if (count == MOLT__MAX_RECORD) return fail(world, name, "it has too many members; the most is 64", NULL);
    int err = molt__declaration_parse(world, line, member);
    if (err) return err;
    if (member->member != MOLT__FIELD || !molt__kind_size(member->kind) || member->private || member->required) {
        return fail(world, name, "its members are scalars, not", line);
    }
    if (member->has_default) return fail(world, name, "a default belongs to the field, not to its member", member->name);
    for (size_t i = 0; i < count; i++) {
        if (members[i].name == member->name) return fail(world, name, "it declares twice the member", member->name);
    }
    return MOLT_OK;
}

/* "float x; float y;" as declarations. */
static int read_members(molt_world *world, const char *name, const char *text, molt__declaration *members, size_t *count)
{
    char line[MOLT__MAX_RECORD * 16];
    *count = 0;
    while (*text) {
        size_t length = strcspn(text, ";");
        bool blank = strspn(text, " \t\r\n") >= length;
        if (length >= sizeof line) return fail(world, name, "a member's declaration is too long", NULL);
        memcpy(line, text, length);
        line[length] = '\0';
        int err = blank ? MOLT_OK : read_member(world, name, line, members, *count);
        if (err) return err;
        *count += !blank;
        text += length + (text[length] == ';');
    }
    return *count ? MOLT_OK : fail(world, name, "it needs a member, such as \"float x; float y\"", NULL);
}

static void place_members(molt__record *record, const molt__declaration *members)
{
    record->align = 1;
    for (size_t i = 0; i < record->count; i++) {
        size_t size = molt__kind_size(members[i].kind);
        record->size = (record->size + size - 1) / size * size;
        record->member[i] = (molt__record_member){ members[i].name, members[i].kind, (uint32_t)record->size };
        record->size += size;
        if (size > record->align) record->align = size;
    }
    record->size = (record->size + record->align - 1) / record->align * record->align;
}

static size_t write_text(const molt__declaration *members, size_t count, char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        char one[600];
        molt__declaration_canonical(&members[i], one, sizeof one);
        int n = snprintf(text + length, size - length, "%s%s", i ? "; " : "", one);
        if (n > 0) length += (size_t)n;
        if (length >= size) return size - 1;
    }
    return length;
}

static void record_free(molt_world *world, molt__record *record)
{
    molt__free_text(world, record->text);
    molt__free_text(world, record->where);
    molt__free(world, record, sizeof *record + record->count * sizeof *record->member);
}

static molt__record *record_make(molt_world *world, const char *name, const molt_struct_text *given,
                                 const molt__declaration *members, size_t count)
{
    char text[4096];
    write_text(members, count, text, sizeof text);
    molt__record *record = molt__allocate(world, sizeof *record + count * sizeof *record->member);
    if (!record) return NULL;
    record->name = name;
    record->count = count;
    record->text = molt__copy_text(world, text);
    record->where = molt__copy_text(world, given->where ? given->where : "?");
    if (!record->text || !record->where) {
        record_free(world, record);
        return NULL;
    }
    place_members(record, members);
    return record;
}

static bool is_trait_or_class(const molt_world *world, const char *name)
{
    for (size_t i = 0; i < world->traits.count; i++) {
        if (molt_trait_name(world->traits.item[i]) == name) return true;
    }
    for (size_t i = 0; i < world->classes.count; i++) {
        if (molt_class_name(world->classes.item[i]) == name) return true;
    }
    return false;
}

int molt__record_refuse(molt_world *world, const char *name, const char *kind)
{
    const molt__record *record = molt__record_find(world, name);
    if (!record) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_DECLARATION, "%s '%s': a struct has the name (%s)", kind, name, record->where);
}

/* C's own idea of the struct must be ours. */
static int check_c(molt_world *world, const molt__record *record, const molt_struct_text *given)
{
    if (!given->bytes || (given->bytes == record->size && given->align == record->align)) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_DECLARATION,
                      "struct '%s' at %s has %zu bytes and alignment %zu, expected %zu and %zu", record->name,
                      given->where, given->bytes, given->align, record->size, record->align);
}

static int adopt(molt_world *world, molt__record *made, const molt_struct_text *given)
{
    const molt__record *known = molt__record_find(world, made->name);
    int err = check_c(world, made, given);
    if (err) return err;
    if (known && strcmp(known->text, made->text) != 0) {
        return molt__fail(world, MOLT_ERR_DECLARATION, "struct '%s' is declared unequally: { %s } at %s, { %s } at %s",
                          made->name, known->text, known->where, made->text, made->where);
    }
    if (!known && is_trait_or_class(world, made->name)) return fail(world, made->name, "a trait or class has the name", NULL);
    if (known) return MOLT_ERR_STATE;    /* nothing to adopt, and no error: see declare */
    return molt__reserve(world, (void **)&world->records.item, &world->records.capacity, world->records.count + 1,
                         sizeof(void *));
}

int molt_struct_declare(molt_world *world, const molt_struct_text *given)
{
    int barred = molt__threads_check(world, __func__);
    if (barred) return barred;
    if (given->size != sizeof *given || !given->name || !*given->name || !given->members) {
        return molt__fail(world, MOLT_ERR_ARGUMENT, "a struct needs its size, a name and members");
    }
    const char *name = molt__name(world, given->name);
    size_t room = (MOLT__MAX_RECORD + 1) * sizeof(molt__declaration), count;
    molt__declaration *members = name ? molt__allocate(world, room) : NULL;
    if (!members) return MOLT_ERR_MEMORY;
    int err = read_members(world, name, given->members, members, &count);
    molt__record *record = err ? NULL : record_make(world, name, given, members, count);
    molt__free(world, members, room);
    if (!record) return err ? err : MOLT_ERR_MEMORY;
    err = adopt(world, record, given);
    if (!err) world->records.item[world->records.count++] = record;
    else record_free(world, record);
    return err == MOLT_ERR_STATE ? MOLT_OK : err;
}

void molt__records_undo(molt_world *world, size_t count)
{
    while (world->records.count > count) record_free(world, world->records.item[--world->records.count]);
}

void molt__records_free(molt_world *world)
{
    for (size_t i = 0; i < world->records.count; i++) record_free(world, world->records.item[i]);
    molt__free(world, world->records.item, world->records.capacity * sizeof(void *));
}
