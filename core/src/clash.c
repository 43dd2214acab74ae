#include "clash.h"

#include "error.h"
#include "fieldtype.h"
#include "memory.h"
#include "parsed.h"
#include "record.h"
#include "world_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LAYOUT_TEXT = 1500 };

/* What both sides come to, as texts. */
typedef struct sides {
    molt__declaration *members;      /* of the text */
    size_t count;
    char was[LAYOUT_TEXT], is[LAYOUT_TEXT];      /* their fields, down to nested structs and arrays */
} sides;

/* By what the text says, each time: once it has been compared, it goes by the identity
 * of the trait, and it comes with every line that provides something. */
static uint64_t declared_identity(molt_world *world, molt_trait_text *text)
{
    molt__parsed d = { 0 };
    if (molt__parsed_text(world, &d, text)) return 0;
    if (!MOLT__LOAD(&text->identity)) MOLT__STORE(&text->identity, d.identity);
    molt__parsed_free(world, &d);
    return d.identity;
}

molt_trait *molt__clash_find(molt_world *world, molt_trait_text *text)
{
    const char *name = molt__name_find(world, text->name);
    for (size_t i = 0; name && i < world->traits.count; i++) {
        molt_trait *trait = world->traits.item[i];
        if (trait->name != name) continue;
        uint64_t identity = declared_identity(world, text);
        return identity && identity != trait->identity ? trait : NULL;
    }
    return NULL;
}

static void MOLT_PRINTF(3, 4) append(char *text, size_t size, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, size - length, format, arguments);
    va_end(arguments);
}

static void append_field(char *text, bool private, molt_kind kind, const molt__type *type, const char *name)
{
    char spelt[128];
    molt__declaration_type(kind, type, spelt, sizeof spelt);
    append(text, LAYOUT_TEXT, "%s%s%s %s", text[0] ? "; " : "", private ? "private " : "", spelt, name);
    if (type->record) append(text, LAYOUT_TEXT, " { %s }", type->record->text);
}

static int read_text(molt_world *world, const molt_trait *trait, const molt_trait_text *text, sides *s)
{
    for (size_t i = 0; i < text->member_count; i++) {
        molt__declaration *member = &s->members[i];
        if (molt__declaration_parse_in(world, trait->name, text->members[i].declaration, member)) return molt_last_code(world);
        if (member->member == MOLT__FIELD) append_field(s->is, member->private, member->kind, &member->type, member->name);
    }
    for (size_t i = 0; i < trait->field_count; i++) {
        const molt__field *field = &trait->fields[i];
        if (field->offset) append_field(s->was, field->private, field->kind, &field->type, field->name);
    }
    return MOLT_OK;
}

/* The C compiler's idea of the struct counts beside the texts. */
static bool same_fields(const molt_trait *trait, const molt_trait_text *text, const sides *s)
{
    if (strcmp(s->was, s->is) != 0 || text->block_size != trait->block_size) return false;
    for (size_t i = 0; i < s->count; i++) {
        size_t align, size;
        if (s->members[i].member != MOLT__FIELD) continue;
        size = molt__fieldtype_size(s->members[i].kind, &s->members[i].type, &align);
        if (text->members[i].size != size || text->members[i].align != align) return false;
    }
    return true;
}

static const molt__declaration *method_at(const sides *s, size_t slot)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->members[i].member == MOLT__METHOD && slot-- == 0) return &s->members[i];
    }
    return NULL;
}

static const molt__declaration *method_named(const sides *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->members[i].member == MOLT__METHOD && s->members[i].name == name) return &s->members[i];
    }
    return NULL;
}

/* Is every method that stays in its slot, and none in a slot that is not there? */
static bool same_slots(const molt_trait *trait, const sides *s)
{
    for (size_t slot = 0; ; slot++) {
        const molt__declaration *method = method_at(s, slot);
        if (!method) return true;
        if (slot >= trait->method_count || trait->methods[slot]->name != method->name) return false;
    }
}

static int refuse(molt_trait *trait, const molt_trait_text *text, const sides *s, bool fields, molt__reasons *reasons)
{
    molt_world *world = trait->world;
    char other[512];
    if (!fields) {
        molt__reasons_add(world, reasons, MOLT_ERR_DECLARATION, "trait '%s' is declared unequally: its fields are "
                          "{ %s%s} (%s) and were { %s%s} (%s)", trait->name, s->is, s->is[0] ? " " : "", text->where,
                          s->was, s->was[0] ? " " : "", trait->where);
    }
    for (size_t i = 0; i < trait->method_count; i++) {
        const molt__declaration *method = method_named(s, trait->methods[i]->name);
        snprintf(other, sizeof other, "gone");
        if (method) molt__declaration_canonical(method, other, sizeof other);
        if (strcmp(other, trait->methods[i]->text) == 0) continue;
        molt__reasons_add(world, reasons, MOLT_ERR_DECLARATION, "trait '%s' is declared unequally: '%s' (%s) is %s%s%s "
                          "(%s)", trait->name, trait->methods[i]->text, trait->where, method ? "'" : "", other,
                          method ? "'" : "", text->where);
    }
    if (fields && !same_slots(trait, s)) {
        molt__reasons_add(world, reasons, MOLT_ERR_DECLARATION, "trait '%s' is declared unequally: at %s its methods are "
                          "others, or in another order, than at %s", trait->name, text->where, trait->where);
        molt__reasons_hint(world, reasons, "methods keep their places; new ones make a new trait");
    }
    return MOLT_ERR_DECLARATION;
}

static int compare(molt_trait *trait, molt_trait_text *text, molt__reasons *reasons, sides *s, molt__clash *clash)
{
    molt_world *world = trait->world;
    if (read_text(world, trait, text, s)) return molt__reasons_take(world, reasons);
    bool fields = same_fields(trait, text, s);
    if (!fields || !same_slots(trait, s)) return refuse(trait, text, s, fields, reasons);
    for (size_t slot = 0; slot < trait->method_count; slot++) {
        const molt__declaration *method = method_at(s, slot);
        char other[512] = "nothing";
        if (method) molt__declaration_canonical(method, other, sizeof other);
        clash->method_count += method != NULL;
        if (strcmp(other, trait->methods[slot]->text) == 0) continue;
        clash->other[slot] = molt__name(world, other);
        if (!clash->other[slot]) return molt__reasons_take(world, reasons);
    }
    text->identity = trait->identity;    /* its handles are the trait's */
    return MOLT_OK;
}

bool molt__clash_moves(molt_trait *trait, molt_trait_text *text, molt__reasons *reasons)
{
    molt_world *world = trait->world;
    size_t room = text->member_count * sizeof(molt__declaration);
    sides *s = molt__allocate(world, sizeof *s);
    if (s && room) s->members = molt__allocate(world, room);
    bool moves = false, ready = s && (s->members || !room);
    if (ready) s->count = text->member_count;
    if (ready && read_text(world, trait, text, s) == MOLT_OK) moves = !same_fields(trait, text, s) || !same_slots(trait, s);
    else molt__reasons_take(world, reasons);
    if (s) molt__free(world, s->members, room);
    molt__free(world, s, sizeof *s);
    return moves;
}

int molt__clash_read(molt_trait *trait, molt_trait_text *text, molt__reasons *reasons, molt__clash *clash)
{
    molt_world *world = trait->world;
    size_t room = text->member_count * sizeof(molt__declaration);
    sides *s = molt__allocate(world, sizeof *s);
    *clash = (molt__clash){ .trait = trait };
    if (!s) return molt__reasons_take(world, reasons);
    s->members = room ? molt__allocate(world, room) : NULL;
    s->count = text->member_count;
    int err = room && !s->members ? molt__reasons_take(world, reasons) : compare(trait, text, reasons, s, clash);
    molt__free(world, s->members, room);
    molt__free(world, s, sizeof *s);
    return err;
}
