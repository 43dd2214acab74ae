#include "parsed.h"

#include "error.h"
#include "fieldtype.h"
#include "hook.h"
#include "memory.h"
#include "record.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001B3u;
    return hash;
}

/* The typed part in order; what only Lua sees does not count. */
static uint64_t identity_of(const molt__parsed *d)
{
    uint64_t hash = hash_text(0xCBF29CE484222325u, d->name);
    for (size_t i = 0; i < d->count; i++) {
        if (d->members[i].kind == MOLT_ANY) continue;
        char text[512];
        molt__declaration_canonical(&d->members[i], text, sizeof text);
        hash = hash_text(hash_text(hash, ";"), text);
        if (d->members[i].type.record) hash = hash_text(hash, d->members[i].type.record->text);
    }
    return hash ? hash : 1;
}

static int check_names(molt_world *world, const molt__parsed *d)
{
    size_t methods = 0;
    for (size_t i = 0; i < d->count; i++) {
        methods += d->members[i].member == MOLT__METHOD;
        for (size_t j = 0; j < i; j++) {
            if (d->members[i].name == d->members[j].name) {
                return molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s' declares '%s' twice", d->name,
                                  d->members[i].name);
            }
        }
    }
    if (methods <= MOLT__MAX_METHODS) return MOLT_OK;
    return molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s' declares %zu typed methods; the most is %d", d->name,
                      methods, (int)MOLT__MAX_METHODS);
}

void molt__parsed_free(molt_world *world, molt__parsed *d)
{
    molt__free(world, d->members, d->count * sizeof *d->members);
    d->members = NULL;
}

/* Parses `count` lines, found through `line_at`. */
static int parse(molt_world *world, molt__parsed *d, const char *name, const char *where, size_t count,
                 const char *(*line_at)(const void *lines, size_t i), const void *lines)
{
    *d = (molt__parsed){ .where = where ? where : "?", .count = count };
    d->name = molt__name(world, name);
    if (!d->name) return MOLT_ERR_MEMORY;
    if (count && !(d->members = molt__allocate(world, count * sizeof *d->members))) return MOLT_ERR_MEMORY;
    int err = MOLT_OK;
    for (size_t i = 0; i < count && !err; i++) {
        err = molt__declaration_parse_in(world, d->name, line_at(lines, i), &d->members[i]);
        if (!err) err = molt__hook_check(world, d->name, &d->members[i]);
    }
    if (!err) err = check_names(world, d);
    if (err) molt__parsed_free(world, d);
    else d->identity = identity_of(d);
    return err;
}

static const molt__declaration *member_named(const molt__parsed *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->members[i].name == name) return &d->members[i];
    }
    return NULL;
}

static int refuse_name(molt_world *world, const molt__parsed *d, const molt__method *method)
{
    molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s' has a field '%s' at %s, the name of its method '%s', which is in use",
               d->name, method->name, d->where, method->text);
    return molt__hint(world, "a tombstone keeps the name: give the field another, or let go of the method first");
}

static int put_kept(molt_world *world, const molt__parsed *d, molt__parsed *with, const molt__method *method)
{
    const molt__declaration *same = member_named(d, method->name);
    if (same && same->member == MOLT__FIELD) return refuse_name(world, d, method);
    with->members[same ? (size_t)(same - d->members) : with->count++] = method->declaration;
    return MOLT_OK;
}

int molt__parsed_keep(molt_world *world, molt__parsed *d, molt__method *const *methods, size_t count)
{
    molt__parsed with = *d;
    size_t most = d->count;
    for (size_t i = 0; i < count; i++) most += !member_named(d, methods[i]->name);
    with.members = molt__allocate(world, most * sizeof *with.members);
    int err = with.members ? MOLT_OK : MOLT_ERR_MEMORY;
    if (!err && d->count) memcpy(with.members, d->members, d->count * sizeof *with.members);
    for (size_t i = 0; i < count && !err; i++) err = put_kept(world, d, &with, methods[i]);
    if (!err) err = check_names(world, &with);
    molt__parsed_free(world, d);
    *d = with;
    d->count = most;
    if (err) molt__parsed_free(world, d);
    else d->identity = identity_of(d);
    return err;
}

static const char *line_of_lines(const void *lines, size_t i)
{
    return ((const char *const *)lines)[i];
}

static const char *line_of_members(const void *members, size_t i)
{
    return ((const molt_member_text *)members)[i].declaration;
}

int molt__parsed_refuse(molt_world *world, const molt_trait *trait, const molt__parsed *d)
{
    char theirs[512] = "nothing";
    const char *ours = "nothing";
    char field[512];
    size_t f = 0, m = 0;
    for (size_t i = 0; i <= d->count; i++) {
        while (i < d->count && d->members[i].kind == MOLT_ANY && d->members[i].member == MOLT__FIELD) i++;
        while (f < trait->field_count && trait->fields[f].kind == MOLT_ANY) f++;
        if (i < d->count) molt__declaration_canonical(&d->members[i], theirs, sizeof theirs);
        else snprintf(theirs, sizeof theirs, "nothing");
        bool is_method = i < d->count && d->members[i].member == MOLT__METHOD;
        ours = "nothing";
        if (is_method || (i >= d->count && f >= trait->field_count)) {
            if (m < trait->method_count) ours = trait->methods[m++]->text;
        } else if (f < trait->field_count) {
            char type[128];
            molt__declaration_type(trait->fields[f].kind, &trait->fields[f].type, type, sizeof type);
            snprintf(field, sizeof field, "%s%s %s", trait->fields[f].private ? "private " : "", type,
                     trait->fields[f].name);
            ours = field;
            f++;
        }
        if (strcmp(ours, theirs) != 0) break;
    }
    return molt__fail(world, MOLT_ERR_DECLARATION,
                      "trait '%s' is declared unequally: at %s it has '%s' where %s has '%s'",
                      trait->name, trait->where, strcmp(ours, theirs) ? ours : "another order", d->where, theirs);
}

/* The next member that is typed, as a text. */
static void next_member(const molt__parsed *d, size_t *at, char *text, size_t size)
{
    while (*at < d->count && d->members[*at].kind == MOLT_ANY) ++*at;
    if (*at < d->count) molt__declaration_canonical(&d->members[(*at)++], text, size);
    else snprintf(text, size, "nothing");
}

int molt__parsed_differ(molt_world *world, const molt__parsed *a, const molt__parsed *b)
{
    char ours[512], theirs[512];
    size_t i = 0, j = 0;
    do {
        next_member(a, &i, ours, sizeof ours);
        next_member(b, &j, theirs, sizeof theirs);
    } while (strcmp(ours, theirs) == 0 && (i < a->count || j < b->count));
    return molt__fail(world, MOLT_ERR_DECLARATION,
                      "trait '%s' is declared unequally: at %s it has '%s' where %s has '%s'", a->name, a->where,
                      ours, b->where, theirs);
}

int molt__parsed_lines(molt_world *world, molt__parsed *d, const molt_trait_lines *lines)
{
    return parse(world, d, lines->name, lines->where, lines->line_count, line_of_lines, lines->lines);
}

int molt__parsed_text(molt_world *world, molt__parsed *d, const molt_trait_text *text)
{
    if (text->size != sizeof *text || text->abi != MOLT_ABI) {
        return molt__fail(world, MOLT_ERR_VERSION,
                          "trait '%s' was declared by another version of the header (ABI %u, expected %u)",
                          text->name, (unsigned)text->abi, (unsigned)MOLT_ABI);
    }
    return parse(world, d, text->name, text->where, text->member_count, line_of_members, text->members);
}
