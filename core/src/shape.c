#include "shape.h"

#include "check.h"
#include "combine.h"
#include "impl.h"
#include "intern.h"
#include "memory.h"
#include "object.h"
#include "resolve.h"
#include "roster.h"
#include "value.h"
#include "vtable.h"
#include "world_state.h"

#include <string.h>

static int copy_attached(molt_shape *shape, const molt__attached *attached, size_t count)
{
    if (!count) return MOLT_OK;
    shape->attached = molt__allocate(shape->world, count * sizeof *attached);
    if (!shape->attached) return MOLT_ERR_MEMORY;
    shape->attached_count = count;
    for (size_t i = 0; i < count; i++) {
        shape->attached[i] = attached[i];
        bool has = molt__layout_has(shape->layout, attached[i].trait);
        shape->attached[i].block = has ? -1 : (int32_t)++shape->block_count;
    }
    return MOLT_OK;
}

static int add_part(molt_shape *shape, molt_trait *trait, uint32_t offset, int32_t block, const molt__selection *names)
{
    molt__part *part = &shape->parts[shape->part_count++];
    part->trait = trait;
    part->identity = trait->identity;
    part->offset = offset;
    part->block = block;
    part->names = names;
    part->vtable = molt__vtable_new(shape->world, trait, shape);
    return part->vtable ? MOLT_OK : MOLT_ERR_MEMORY;
}

static int make_parts(molt_shape *shape)
{
    const molt__layout *layout = shape->layout;
    size_t count = layout->count + shape->block_count;
    if (!count) return MOLT_OK;
    shape->parts = molt__allocate(shape->world, count * sizeof *shape->parts);
    if (!shape->parts) return MOLT_ERR_MEMORY;
    shape->part_capacity = count;
    for (size_t i = 0; i < layout->count; i++) {
        const molt__selection *names = molt__class_names(shape->cls, layout->traits[i]);
        if (add_part(shape, layout->traits[i], layout->offsets[i], 0, names)) return MOLT_ERR_MEMORY;
    }
    for (size_t i = 0; i < shape->attached_count; i++) {
        const molt__attached *attached = &shape->attached[i];
        if (attached->block < 0) continue;
        if (add_part(shape, attached->trait, 0, attached->block, attached->names)) return MOLT_ERR_MEMORY;
    }
    return MOLT_OK;
}

static int make_index(molt_shape *shape)
{
    uint32_t size = 2;
    while (size < 2 * shape->part_count) size *= 2;
    shape->index = molt__allocate(shape->world, size * sizeof *shape->index);
    if (!shape->index) return MOLT_ERR_MEMORY;
    shape->index_mask = size - 1;
    for (size_t i = 0; i < shape->part_count; i++) {
        uint32_t at = (uint32_t)shape->parts[i].trait->identity & shape->index_mask;
        while (shape->index[at]) at = (at + 1) & shape->index_mask;
        shape->index[at] = (uint16_t)(i + 1);
    }
    return MOLT_OK;
}

molt__method *molt__part_method(const molt__part *part, const char *name, size_t *at)
{
    const molt_trait *trait = part->trait;
    if (!part->names) return (*at)++ ? NULL : molt__trait_method(trait, name);
    while (*at < trait->method_count) {
        molt__method *method = trait->methods[(*at)++];
        if (molt__select_slot(part->names, method->name) == name) return method;
    }
    return NULL;
}

const char *molt__shape_slot_name(const molt_shape *shape, const molt__method *method)
{
    const molt__part *part = molt__shape_part(shape, method->trait->identity);
    return part ? molt__select_slot(part->names, method->name) : method->name;
}

static void apply_values(const molt_impl *impl, const molt_trait *trait, char *block)
{
    if (!impl || impl->trait != trait || !impl->values) return;
    for (size_t i = 0; i < impl->value_count; i++) {
        if (impl->values[i].kind == MOLT_MEMORY) {
            memcpy(block + trait->fields[i].offset, impl->values[i].as.memory, trait->fields[i].size);
        } else if (impl->values[i].kind != MOLT_VOID) {
            molt__value_write(block + trait->fields[i].offset, impl->values[i]);
        }
    }
}

static void apply_class_values(const molt_class *cls, const molt_trait *trait, char *block)
{
    if (cls->base) apply_class_values(cls->base, trait, block);
    /* As for definitions: an implementation goes with the class's trait. */
    if (!molt__class_has(cls, trait)) return;
    for (size_t i = 0; i < cls->fill_count; i++) apply_values(cls->fills[i].impl, trait, block);
}

void molt__shape_initial(const molt_shape *shape, const molt__part *part, molt_block *block)
{
    const molt_trait *trait = part->trait;
    memcpy(block, trait->block, trait->block_size);
    block->vtable = part->vtable;
    apply_class_values(shape->cls, trait, (char *)block);
    for (size_t i = 0; i < shape->attached_count; i++) apply_values(shape->attached[i].impl, trait, (char *)block);
}

static void write_image(molt_shape *shape)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt__part *part = &shape->parts[i];
        molt__shape_initial(shape, part, (molt_block *)(void *)(shape->image + part->offset));
    }
}

/* New instances are made in the class's own shape only: others need no image. */
static int make_image(molt_shape *shape)
{
    if (shape->attached_count) return MOLT_OK;
    shape->image = molt__allocate(shape->world, shape->layout->size);
    if (!shape->image) return MOLT_ERR_MEMORY;
    ((molt_object *)(void *)shape->image)->shape = shape;
    write_image(shape);
    return MOLT_OK;
}

void molt__shapes_reimage(molt_world *world, const molt_trait *trait)
{
    for (size_t i = 0; i < world->shapes.count; i++) {
        molt_shape *shape = world->shapes.item[i];
        const molt__part *part = shape->image ? molt__shape_part(shape, trait->identity) : NULL;
        if (part) molt__shape_initial(shape, part, (molt_block *)(void *)(shape->image + part->offset));
    }
}

static int prepare_slots(molt_shape *shape)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        for (size_t m = 0; m < trait->method_count; m++) {
            if (molt__vtable_prepare(shape, molt__select_slot(shape->parts[i].names, trait->methods[m]->name))) return MOLT_ERR_MEMORY;
        }
    }
    return MOLT_OK;
}

static void fill_slots(molt_shape *shape)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        for (size_t m = 0; m < trait->method_count; m++) {
            molt__vtable_refill(shape, molt__select_slot(shape->parts[i].names, trait->methods[m]->name));
        }
    }
}

static int enlist(molt_shape *shape)
{
    molt_world *world = shape->world;
    molt_class *cls = shape->cls;
    if (molt__intern_reserve(cls) ||
        molt__reserve(world, (void **)&world->shapes.item, &world->shapes.capacity, world->shapes.count + 1,
                      sizeof(void *)) ||
        molt__reserve(world, (void **)&cls->shapes.item, &cls->shapes.capacity, cls->shapes.count + 1,
                      sizeof(void *))) return MOLT_ERR_MEMORY;
    world->shapes.item[world->shapes.count++] = shape;
    cls->shapes.item[cls->shapes.count++] = shape;
    molt__intern_put(shape);
    shape->id = (uint32_t)world->shapes.count;
    return MOLT_OK;
}

int molt__shape_ready(molt_shape *shape)
{
    int err = molt__check_shape(shape);
    return err ? err : prepare_slots(shape);
}

void molt__shape_renew(molt_shape *shape)
{
    molt_world *world = shape->world;
    fill_slots(shape);
    if (shape->image) write_image(shape);
    shape->suspect = 0;
    if (world->bridge) world->changes[world->change_count++] = (molt__change){ shape, NULL };
}

int molt__shape_trust(molt_shape *shape)
{
    molt_world *world = shape->world;
    if (!shape->suspect) return MOLT_OK;
    int err = molt__shape_ready(shape);
    if (!err) err = molt__reserve(world, (void **)&world->changes, &world->change_capacity, world->change_count + 1,
                                  sizeof *world->changes);
    if (!err) molt__shape_renew(shape);
    return err;
}

molt_shape *molt__shape_intern(molt_class *cls, molt__layout *layout, const molt__attached *attached, size_t count)
{
    molt_shape *shape = molt__intern_find(cls, layout, attached, count);
    if (shape) return molt__shape_trusted(shape);
    shape = molt__allocate(cls->world, sizeof *shape);
    if (!shape) return NULL;
    shape->world = cls->world;
    shape->cls = cls;
    shape->layout = layout;
    if (copy_attached(shape, attached, count) || make_parts(shape) || make_index(shape) || molt__check_shape(shape) ||
        make_image(shape) || prepare_slots(shape) || enlist(shape)) {
        molt__shape_free(shape);
        return NULL;
    }
    fill_slots(shape);
    molt__rosters_shape(shape);
    return shape;
}

void molt__shape_free(molt_shape *shape)
{
    molt_world *world = shape->world;
    for (size_t i = 0; i < shape->part_count; i++) molt__vtable_free(world, shape->parts[i].vtable);
    molt__free(world, shape->parts, shape->part_capacity * sizeof *shape->parts);
    molt__free(world, shape->attached, shape->attached_count * sizeof *shape->attached);
    molt__free(world, shape->index, (shape->index_mask + 1) * sizeof *shape->index);
    molt__free(world, shape->transitions, shape->transition_capacity * sizeof *shape->transitions);
    molt__free(world, shape->rosters.item, shape->rosters.capacity * sizeof(void *));
    molt__free(world, shape->image, shape->image ? shape->layout->size : 0);
    molt__combine_free(shape);
    molt__free(world, shape, sizeof *shape);
}
