#include "carry.h"

#include "error.h"
#include "fieldtype.h"
#include "impl.h"
#include "memory.h"
#include "migrate.h"
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

static molt__fit scalar_fit(molt_kind from, molt_kind to)
{
    if (from == to) return MOLT__FIT_SAME;
    if (!bits_of(from) || !bits_of(to)) return MOLT__FIT_NONE;
    bool wider = bits_of(from) <= bits_of(to);
    if (is_real(from)) return is_real(to) && wider ? MOLT__FIT_WIDER : MOLT__FIT_NONE;
    if (is_real(to)) return wider ? MOLT__FIT_WIDER : MOLT__FIT_SOME;
    return wider && (is_unsigned(from) || !is_unsigned(to)) ? MOLT__FIT_WIDER : MOLT__FIT_NONE;
}

molt__fit molt__field_fit(const molt__field *from, const molt__field *to)
{
    const molt__type *was = &from->type, *is = &to->type;
    if (from->kind != to->kind || !molt__fieldtype_is_wide(to->kind)) {
        bool wide = molt__fieldtype_is_wide(from->kind) || molt__fieldtype_is_wide(to->kind);
        return wide ? MOLT__FIT_NONE : scalar_fit(from->kind, to->kind);
    }
    if (to->kind == MOLT_STRING) return MOLT__FIT_SAME;
    if (to->kind == MOLT_REF) {
        return is->target == was->target ? MOLT__FIT_SAME : is->target ? MOLT__FIT_NONE : MOLT__FIT_WIDER;
    }
    if (was->record || is->record) return was->record == is->record ? MOLT__FIT_SAME : MOLT__FIT_NONE;
    if (was->count != is->count) return MOLT__FIT_NONE;
    molt__fit fit = scalar_fit(was->element, is->element);
    return fit == MOLT__FIT_SOME ? MOLT__FIT_NONE : fit;
}

/* The trait of that name comes first, since only its own fields may have the name twice. */
const molt__field *molt__carry_source(const molt_shape *from, const char *trait, const molt__field *field, uint32_t *part)
{
    for (int own = 1; own >= 0; own--) {
        for (size_t i = 0; i < from->part_count; i++) {
            const molt_trait *of = from->parts[i].trait;
            if ((of->name == trait) != own) continue;
            const molt__field *was = molt__trait_field(of, field->name);
            if (!was || !was->offset || (!own && (was->private || field->private))) continue;
            *part = (uint32_t)i;
            return was;
        }
    }
    return NULL;
}

static int refuse_type(const molt_trait *trait, const molt__field *field, const molt__field *was)
{
    char is[128], before[128];
    molt__declaration_type(field->kind, &field->type, is, sizeof is);
    molt__declaration_type(was->kind, &was->type, before, sizeof before);
    return molt__fail(trait->world, MOLT_ERR_DECLARATION,
                      "field '%s' of trait '%s' cannot become '%s': in live objects it is '%s'", field->name, trait->name,
                      is, before);
}

/* Does an implementation start the field with a value? */
static bool gives(const molt_impl *impl, const molt_trait *trait, const molt__field *field)
{
    size_t at = (size_t)(field - trait->fields);
    return impl && impl->trait == trait && at < impl->value_count && impl->values[at].kind != MOLT_VOID;
}

static bool given(const molt_shape *shape, const molt_trait *trait, const molt__field *field)
{
    for (size_t i = 0; i < shape->attached_count; i++) {
        if (gives(shape->attached[i].impl, trait, field)) return true;
    }
    for (const molt_class *cls = shape->cls; cls; cls = cls->base) {
        for (size_t i = 0; i < cls->fill_count; i++) {
            if (gives(cls->fills[i].impl, trait, field)) return true;
        }
    }
    return false;
}

static bool has_version(const molt_shape *shape, const molt_trait *trait)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        if (shape->parts[i].trait->name == trait->name) return true;
    }
    return false;
}

/* A field that objects which have the trait have come by. */
static int check_fresh(const molt__carry *carry, const molt_trait *trait, const molt__field *field)
{
    if (!field->required || !has_version(carry->from, trait) || given(carry->to, trait, field)) return MOLT_OK;
    return molt__fail(trait->world, MOLT_ERR_MISSING, "field '%s' of trait '%s' is required, and live objects have no value "
                      "for it", field->name, trait->name);
}

static int add_fields(molt__carry *carry, uint32_t part, bool judged)
{
    const molt_trait *trait = carry->to->parts[part].trait;
    for (size_t i = 0; i < trait->field_count; i++) {
        const molt__field *field = &trait->fields[i];
        uint32_t at;
        if (!field->offset) continue;
        const molt__field *was = molt__carry_source(carry->from, trait->name, field, &at);
        if (!was && !judged && check_fresh(carry, trait, field)) return MOLT_ERR_MISSING;
        if (!was) continue;
        molt__fit fit = molt__field_fit(was, field);
        if (fit == MOLT__FIT_NONE && !judged) return refuse_type(trait, field, was);
        if (fit >= MOLT__FIT_SOME && judged) continue;
        if (molt__reserve(trait->world, (void **)&carry->item, &carry->capacity, carry->count + 1, sizeof *carry->item))
            return MOLT_ERR_MEMORY;
        carry->item[carry->count++] = (molt__carried){ was, field, at, part, fit };
    }
    return MOLT_OK;
}

static bool follows(const molt__carry *carry, uint32_t part, const molt__field *field)
{
    for (size_t i = 0; i < carry->count; i++) {
        if (carry->item[i].from_part == part && carry->item[i].from == field) return true;
    }
    return false;
}

static int add_lost(molt__carry *carry, uint32_t part)
{
    const molt_trait *trait = carry->from->parts[part].trait;
    for (size_t i = 0; i < trait->field_count; i++) {
        const molt__field *field = &trait->fields[i];
        if (field->kind != MOLT_STRING || follows(carry, part, field)) continue;
        if (molt__reserve(trait->world, (void **)&carry->lost, &carry->lost_capacity, carry->lost_count + 1,
                          sizeof *carry->lost)) return MOLT_ERR_MEMORY;
        carry->lost[carry->lost_count++] = (molt__text_lost){ part, field->offset };
    }
    return MOLT_OK;
}

static bool is_settled(const molt__settled *settled, const molt_trait *trait)
{
    bool is = settled->all;
    for (size_t i = 0; i < settled->count && !is; i++) is = settled->migrators[i].trait == trait;
    return is;
}

static int find_all(molt__carry *carry, const molt__settled *settled)
{
    const molt_shape *from = carry->from, *to = carry->to;
    molt_world *world = to->world;
    carry->same = molt__allocate(world, (to->part_count + 1) * sizeof *carry->same);
    carry->kept = molt__allocate(world, from->part_count + 1);
    if (!carry->same || !carry->kept) return MOLT_ERR_MEMORY;
    int err = MOLT_OK;
    for (uint32_t i = 0; i < to->part_count && !err; i++) {
        const molt__part *was = molt__shape_part(from, to->parts[i].identity);
        carry->same[i] = was ? (int32_t)(was - from->parts) : -1;
        if (was) carry->kept[was - from->parts] = true;
        else err = add_fields(carry, i, is_settled(settled, to->parts[i].trait));
        if (!was && to->parts[i].trait->method_count) carry->slots = true;
    }
    for (uint32_t i = 0; i < from->part_count && !err; i++) {
        if (!carry->kept[i]) err = add_lost(carry, i);
    }
    return err;
}

static int make_image(molt__carry *carry)
{
    const molt_shape *to = carry->to;
    carry->image = molt__allocate(to->world, to->layout->size);
    if (!carry->image) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < to->layout->count; i++) {
        molt__shape_initial(to, &to->parts[i], (molt_block *)(void *)(carry->image + to->parts[i].offset));
    }
    return MOLT_OK;
}

molt__carry *molt__carry_new(const molt_shape *from, molt_shape *to, molt__settled settled)
{
    molt__carry *carry = molt__allocate(to->world, sizeof *carry);
    if (!carry) return NULL;
    carry->from = from;
    carry->to = to;
    carry->plain = !from->block_count && !to->block_count;
    if (find_all(carry, &settled) == MOLT_OK && make_image(carry) == MOLT_OK) return carry;
    molt__carry_free(carry);
    return NULL;
}

void molt__carry_free(molt__carry *carry)
{
    molt_world *world = carry->to->world;
    molt__free(world, carry->image, carry->to->layout->size);
    molt__free(world, carry->same, (carry->to->part_count + 1) * sizeof *carry->same);
    molt__free(world, carry->kept, carry->from->part_count + 1);
    molt__free(world, carry->item, carry->capacity * sizeof *carry->item);
    molt__free(world, carry->lost, carry->lost_capacity * sizeof *carry->lost);
    molt__free(world, carry, sizeof *carry);
}

static int convert(molt_world *world, molt_kind from, const void *source, molt_kind to, void *target, const char *field)
{
    molt_value value = molt__value_read(from, source);
    if (molt__value_convert(world, to, value, &value, field)) {
        char what[160];
        snprintf(what, sizeof what, "field '%s'", field);
        return molt__value_convert(world, to, value, &value, what);
    }
    molt__value_write(target, value);
    return MOLT_OK;
}

int molt__carry_value(molt_world *world, const molt__carried *item, const void *from_block, void *to_block)
{
    const molt__field *from = item->from, *to = item->to;
    const char *source = (const char *)from_block + from->offset;
    char *target = (char *)to_block + to->offset;
    if (item->fit == MOLT__FIT_SAME || to->kind == MOLT_REF) {
        memcpy(target, source, to->size);
        return MOLT_OK;
    }
    if (to->kind != MOLT_MEMORY) return convert(world, from->kind, source, to->kind, target, to->name);
    size_t was = molt__kind_size(from->type.element), is = molt__kind_size(to->type.element);
    int err = MOLT_OK;
    for (uint32_t i = 0; i < to->type.count && !err; i++) {
        err = convert(world, from->type.element, source + i * was, to->type.element, target + i * is, to->name);
    }
    return err;
}
