/* module_dump.h: for tests: all of a world that a module can change, slot by slot. */
#ifndef MOLT_TEST_MODULE_DUMP_H
#define MOLT_TEST_MODULE_DUMP_H

#include "module_fixture.h"

#include "class.h"
#include "impl.h"
#include "loader.h"
#include "module.h"
#include "record.h"
#include "shape.h"
#include "vtable.h"
#include "registry.h"
#include "world_state.h"

typedef struct dump {
    char text[1 << 15];
    size_t length;
} dump;

static inline void MOLT_PRINTF(2, 3) dump_add(dump *d, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    d->length += (size_t)vsnprintf(d->text + d->length, sizeof d->text - d->length, format, arguments);
    va_end(arguments);
    assert_true(d->length < sizeof d->text);
}

static inline void dump_bytes(dump *d, const void *memory, size_t size)
{
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < size; i++) dump_add(d, "%02x", bytes[i]);
    dump_add(d, "\n");
}

static inline void dump_impl(dump *d, const molt_impl *impl)
{
    dump_add(d, "impl %p %s of %s %s gone %u\n", (const void *)impl, impl->name, impl->trait->name, impl->where,
             (unsigned)impl->gone);
    for (size_t i = 0; i < impl->native.count; i++) {
        const molt_definition *definition = impl->native.item[i];
        dump_add(d, "  %p %s %u %s ", (const void *)definition, definition->name, (unsigned)definition->flags,
                 definition->where);
        dump_bytes(d, &definition->function, sizeof definition->function);
    }
}

/* Every slot with what stands around it, see molt/abi.h. */
static inline void dump_shape(dump *d, const molt_shape *shape)
{
    dump_add(d, "shape %u of %s live %zu suspect %u\n", (unsigned)shape->id, shape->cls->name, shape->live,
             (unsigned)shape->suspect);
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        dump_add(d, "  %s ", trait->name);
        const molt_vtable *head = molt__vtable_head(shape->parts[i].vtable);
        dump_bytes(d, (const void *const *)(const void *)head - trait->method_count, molt__vtable_bytes(trait));
    }
}

static inline void dump_object(dump *d, const molt_object *object)
{
    dump_add(d, "object ");
    dump_bytes(d, object->peer, object->shape->layout->size);
}

static inline void dump_world(dump *d)
{
    const molt_world *world = with.world;
    *d = (dump){ 0 };
    for (size_t i = 0; i < world->traits.count; i++) {
        const molt_trait *trait = world->traits.item[i];
        dump_add(d, "trait %p %s %016llx %s %zu %zu\n", (const void *)trait, trait->name,
                 (unsigned long long)trait->identity, trait->where, trait->field_count, trait->method_count);
    }
    for (size_t i = 0; i < world->records.count; i++) {
        dump_add(d, "struct %s\n", ((const molt__record *)world->records.item[i])->name);
    }
    for (size_t i = 0; i < world->impls.count; i++) dump_impl(d, world->impls.item[i]);
    for (size_t i = 0; i < world->shapes.count; i++) dump_shape(d, world->shapes.item[i]);
    for (int32_t i = 1; i <= world->border->top; i++) {
        if (world->border->bodies[i]) dump_object(d, molt__registry_at(world, i));
    }
    for (size_t i = 0; i < world->modules.count; i++) {
        const molt_module *module = world->modules.item[i];
        dump_add(d, "module %s %s %u %p %zu\n", module->name, module->version, (unsigned)module->number,
                 (const void *)module->generation, module->count);
    }
    dump_add(d, "%zu images, epoch %d, %zu methods\n", molt_module_images(world), (int)world->border->epoch,
             world->methods.count);
}

#endif
