#include "carry.h"

#include "error.h"
#include "memory.h"
#include "value.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* How many bits of a number a kind holds exactly; its sign apart. */
static int bits_of(molt_kind kind)
{
    switch (kind) {
    case MOLT_INT8:   return 7;
    case MOLT_UINT8:  return 8;
    case MOLT_INT16:  return 15;
    case MOLT_UINT16: return 16;
    case MOLT_INT32:  return 31;
    case MOLT_UINT32: return 32;
    case MOLT_INT64:  return 63;
    case MOLT_UINT64: return 64;
    case MOLT_FLOAT:  return 24;
    case MOLT_DOUBLE: return 53;
    default:          return 0;
    }
}

static bool is_real(molt_kind kind)
{
    return kind == MOLT_FLOAT || kind == MOLT_DOUBLE;
}

static bool is_unsigned(molt_kind kind)
{
    return kind == MOLT_UINT8 || kind == MOLT_UINT16 || kind == MOLT_UINT32 || kind == MOLT_UINT64;
}

molt__fit molt__kind_fit(molt_kind from, molt_kind to)
{
    if (from == to) return MOLT__FIT_SAME;
    if (!bits_of(from) || !bits_of(to)) return MOLT__FIT_NONE;
    bool wider = bits_of(from) <= bits_of(to);
    if (is_real(from)) return is_real(to) && wider ? MOLT__FIT_WIDER : MOLT__FIT_NONE;
    if (is_real(to)) return wider ? MOLT__FIT_WIDER : MOLT__FIT_SOME;
    return wider && (is_unsigned(from) || !is_unsigned(to)) ? MOLT__FIT_WIDER : MOLT__FIT_NONE;
}

/* Where an object of a shape has a typed field; NULL: nowhere. The trait of that
 * name comes first, since only its own fields may have the name twice. */
static const molt__field *find_field(const molt_shape *shape, const char *trait, const char *name, uint32_t *part)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < shape->part_count; i++) {
            const molt_trait *of = shape->parts[i].trait;
            if ((of->name == trait) != (pass == 0)) continue;
            const molt__field *field = molt__trait_field(of, name);
            if (!field || !field->offset) continue;
            *part = (uint32_t)i;
            return field;
        }
    }
    return NULL;
}

static int refuse(const molt_trait *trait, const molt__field *field, const molt__field *was)
{
    return molt__fail(trait->world, MOLT_ERR_DECLARATION, "field '%s' of trait '%s' cannot become %s %s: it is %s %s of live objects",
                      field->name, trait->name, molt__kind_article(field->kind), molt__kind_name(field->kind),
                      molt__kind_article(was->kind), molt__kind_name(was->kind));
}

static int add_fields(molt__carry *carry, uint32_t part, bool judged)
{
    const molt_trait *trait = carry->to->parts[part].trait;
    for (size_t i = 0; i < trait->field_count; i++) {
        const molt__field *field = &trait->fields[i];
        uint32_t at;
        const molt__field *was = field->offset ? find_field(carry->from, trait->name, field->name, &at) : NULL;
        if (!was) continue;
        if (molt__kind_fit(was->kind, field->kind) >= (judged ? MOLT__FIT_SOME : MOLT__FIT_NONE)) {
            if (judged) continue;
            return refuse(trait, field, was);
        }
        if (molt__reserve(trait->world, (void **)&carry->item, &carry->capacity, carry->count + 1, sizeof *carry->item))
            return MOLT_ERR_MEMORY;
        carry->item[carry->count++] = (molt__carried){ field->name, at, was->offset, part, field->offset, was->kind,
                                                       field->kind };
    }
    return MOLT_OK;
}

int molt__carry_make(molt__carry *carry, const molt_shape *from, const molt_shape *to, bool judged)
{
    carry->from = from;
    carry->to = to;
    for (size_t i = 0; i < to->part_count; i++) {
        if (molt__shape_part(from, to->parts[i].trait->identity)) continue;
        int err = add_fields(carry, (uint32_t)i, judged);
        if (err) return err;
    }
    return MOLT_OK;
}

int molt__carry_value(molt_world *world, const molt__carried *item, const void *from_block, void *to_block)
{
    const char *source = (const char *)from_block + item->from_offset;
    char *target = (char *)to_block + item->to_offset;
    if (item->from == item->to) {
        memcpy(target, source, molt__kind_size(item->to));
        return MOLT_OK;
    }
    char what[128];
    snprintf(what, sizeof what, "field '%s'", item->name);
    molt_value value;
    int err = molt__value_convert(world, item->to, molt__value_read(item->from, source), &value, what);
    if (!err) molt__value_write(target, value);
    return err;
}

void molt__carry_free(molt_world *world, molt__carry *carry)
{
    molt__free(world, carry->item, carry->capacity * sizeof *carry->item);
    *carry = (molt__carry){ 0 };
}
