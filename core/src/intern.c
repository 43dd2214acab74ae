#include "intern.h"

#include "memory.h"

#include <stdint.h>

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static uint64_t hash_of(const molt__layout *layout, const molt__attached *attached, size_t count)
{
    uint64_t hash = mix(0, (uintptr_t)layout);
    for (size_t i = 0; i < count; i++) {
        hash = mix(hash, attached[i].trait->index);
        hash = mix(hash, (uintptr_t)attached[i].impl);
        hash = mix(hash, (uintptr_t)attached[i].names);
    }
    return hash;
}

static bool same_attached(const molt_shape *shape, const molt__attached *attached, size_t count)
{
    if (shape->attached_count != count) return false;
    for (size_t i = 0; i < count; i++) {
        const molt__attached *a = &shape->attached[i], *b = &attached[i];
        if (a->trait != b->trait || a->impl != b->impl || a->names != b->names) return false;
    }
    return true;
}

/* The class may have its traits under other names by now. */
static bool same_names(const molt_shape *shape)
{
    for (size_t i = 0; i < shape->layout->count; i++) {
        if (shape->parts[i].names != molt__class_names(shape->cls, shape->layout->traits[i])) return false;
    }
    return true;
}

static bool equal(const molt_shape *shape, const molt__layout *layout, const molt__attached *attached, size_t count)
{
    return shape->layout == layout && same_attached(shape, attached, count) && same_names(shape);
}

molt_shape *molt__intern_find(const molt_class *cls, const molt__layout *layout, const molt__attached *attached,
                              size_t count)
{
    if (!cls->bucket_count) return NULL;
    molt_shape *shape = cls->buckets[hash_of(layout, attached, count) & (cls->bucket_count - 1)];
    while (shape && !equal(shape, layout, attached, count)) shape = shape->equal;
    return shape;
}

static void put(molt_shape **buckets, size_t count, molt_shape *shape)
{
    molt_shape **bucket = &buckets[hash_of(shape->layout, shape->attached, shape->attached_count) & (count - 1)];
    shape->equal = *bucket;
    *bucket = shape;
}

int molt__intern_reserve(molt_class *cls)
{
    size_t count = cls->bucket_count ? 2 * cls->bucket_count : 4;
    if (cls->shapes.count < cls->bucket_count) return MOLT_OK;
    molt_shape **buckets = molt__allocate(cls->world, count * sizeof *buckets);
    if (!buckets) return MOLT_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) buckets[i] = NULL;
    for (size_t i = 0; i < cls->shapes.count; i++) put(buckets, count, cls->shapes.item[i]);
    molt__intern_free(cls);
    cls->buckets = buckets;
    cls->bucket_count = count;
    return MOLT_OK;
}

void molt__intern_put(molt_shape *shape)
{
    put(shape->cls->buckets, shape->cls->bucket_count, shape);
}

void molt__intern_free(molt_class *cls)
{
    molt__free(cls->world, cls->buckets, cls->bucket_count * sizeof *cls->buckets);
}
