#include "vtable.h"

#include "closure.h"
#include "combine.h"
#include "error.h"
#include "hook.h"
#include "limbo.h"
#include "memory.h"
#include "object.h"
#include "resolve.h"
#include "world_state.h"

#include <string.h>

size_t molt__vtable_bytes(const molt_trait *trait)
{
    return sizeof(molt_vtable) + 3 * trait->method_count * sizeof(void *);
}

static void *memory_of(void **vtable)
{
    molt_vtable *head = molt__vtable_head(vtable);
    return (void **)(void *)head - head->slots;
}

static void **set_up(void *memory, molt_trait *trait, molt_shape *shape, molt_object *owner)
{
    molt_vtable *head = (molt_vtable *)(void *)((void **)memory + trait->method_count);
    *head = (molt_vtable){ .trait = trait, .shape = shape, .owner = owner, .slots = trait->method_count };
    return (void **)(void *)(head + 1);
}

void **molt__vtable_new(molt_world *world, molt_trait *trait, molt_shape *shape)
{
    void *memory = molt__allocate(world, molt__vtable_bytes(trait));
    return memory ? set_up(memory, trait, shape, NULL) : NULL;
}

void molt__vtable_free(molt_world *world, void **vtable)
{
    if (vtable) molt__free(world, memory_of(vtable), molt__vtable_bytes(molt__vtable_head(vtable)->trait));
}

/* Can the slot hold the native function itself? Under other names a trait's
 * function may win the name of another of its slots. */
static bool direct(const molt_definition *definition, const molt__method *method)
{
    return definition && definition->function && definition->trait == method->trait && definition->slot == method->slot;
}

int molt__vtable_prepare(molt_shape *shape, const char *name)
{
    if (molt__combine_prepare(shape, name)) return MOLT_ERR_MEMORY;
    bool combined = molt__combine_method(shape, name) != NULL;
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt__part *part = &shape->parts[i];
        molt_definition *definition = combined ? NULL : molt__hook_or_winner(shape, part->trait, name);
        size_t at = 0;
        for (molt__method *method; (method = molt__part_method(part, name, &at));) {
            if (!direct(definition, method) && !molt__closure_for(method)) return MOLT_ERR_MEMORY;
        }
    }
    return MOLT_OK;
}

/* molt_function and void * have one representation wherever dlsym works. */
static void *as_data(molt_function function)
{
    void *data;
    memcpy(&data, &function, sizeof data);
    return data;
}

static void store(void **vtable, molt__method *method, molt_definition *definition)
{
    molt_vtable *head = molt__vtable_head(vtable);
    uint32_t slot = method->slot;
    bool patched = head->patched >> slot & 1;
    bool plain = !patched && direct(definition, method);
    MOLT__STORE(&vtable[head->slots + slot], (void *)definition);
    MOLT__STORE(&vtable[slot], as_data(plain ? definition->function : method->closure->function));
    ((void **)(void *)head)[-1 - (ptrdiff_t)slot] = plain && definition->flags & MOLT_LEAF ? vtable[slot] : NULL;
}

void molt__vtable_refill(molt_shape *shape, const char *name)
{
    molt__combine_commit(shape, name);
    molt_definition *answer = molt__combine_answer(shape, name);
    bool hook = molt__hook_named(name);
    molt__world_changed(shape->world);
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt__part *part = &shape->parts[i];
        molt_definition *definition = hook ? molt__hook_or_winner(shape, part->trait, name) : answer;
        size_t at = 0;
        for (molt__method *method; (method = molt__part_method(part, name, &at));) {
            store(part->vtable, method, definition);
        }
    }
    for (molt_vtable *head = shape->privates; head; head = head->next) {
        const molt__part *part = molt__shape_part(shape, head->trait->identity);
        molt_definition *definition = hook ? molt__hook_or_winner(shape, head->trait, name) : answer;
        size_t at = 0;
        for (molt__method *method; part && (method = molt__part_method(part, name, &at));) {
            store((void **)(void *)(head + 1), method, definition);
        }
    }
}

/* Native functions in slots stay: their code does, until the tick. */
void molt__vtables_let_go(molt_world *world, const molt_definition *definition)
{
    for (size_t i = 0; i < world->shapes.count; i++) {
        const molt_shape *shape = world->shapes.item[i];
        for (size_t p = 0; shape->suspect && p < shape->part_count; p++) {
            void **vtable = shape->parts[p].vtable;
            const molt_vtable *head = molt__vtable_head(vtable);
            for (size_t slot = 0; slot < head->slots; slot++) {
                if (vtable[head->slots + slot] == definition) MOLT__STORE(&vtable[head->slots + slot], NULL);
            }
        }
    }
}

static void link_private(molt_vtable *head, molt_shape *shape)
{
    head->shape = shape;
    head->previous = NULL;
    head->next = shape->privates;
    if (head->next) head->next->previous = head;
    shape->privates = head;
}

static void unlink_private(molt_vtable *head)
{
    if (head->next) head->next->previous = head->previous;
    if (head->previous) head->previous->next = head->next;
    else head->shape->privates = head->next;
}

static void **private_new(molt_object *object, const molt__part *part)
{
    molt_world *world = object->shape->world;
    if (molt__limbo_promise(world)) return NULL;
    void *memory = molt__small_new(world, molt__vtable_bytes(part->trait));
    if (!memory) {
        molt__limbo_forget(world);
        return NULL;
    }
    void **vtable = set_up(memory, part->trait, object->shape, object);
    return vtable;
}

static void private_end(molt_world *world, void **vtable)
{
    molt_vtable *head = molt__vtable_head(vtable);
    unlink_private(head);
    molt__limbo_put(world, memory_of(vtable), molt__vtable_bytes(head->trait));
}

static void refill_all(void **vtable, const molt__part *part)
{
    for (size_t i = 0; i < part->trait->method_count; i++) {
        store(vtable, part->trait->methods[i], molt__vtable_filler(part->vtable, (uint32_t)i));
    }
}

static int patch_part(molt_object *object, const molt__part *part, molt__method *method)
{
    molt_block *block = molt__part_block(object, part);
    if (!molt__closure_for(method)) return MOLT_ERR_MEMORY;
    if (!molt__vtable_head(block->vtable)->owner) {
        void **vtable = private_new(object, part);
        if (!vtable) return MOLT_ERR_MEMORY;
        refill_all(vtable, part);
        link_private(molt__vtable_head(vtable), object->shape);
        MOLT__STORE(&block->vtable, vtable);
        molt__object_mark(object, MOLT__PATCHED);
    }
    molt_vtable *head = molt__vtable_head(block->vtable);
    MOLT__STORE(&head->patched, head->patched | 1ull << method->slot);
    store(block->vtable, method, molt__vtable_filler(part->vtable, method->slot));
    return MOLT_OK;
}

int molt__vtable_patch(molt_object *object, const char *name)
{
    molt_shape *shape = object->shape;
    if (molt__hook_named(name)) return MOLT_OK;  /* each trait's own runs, whatever the table says */
    molt__world_changed(shape->world);
    for (size_t i = 0; i < shape->part_count; i++) {
        size_t at = 0;
        for (molt__method *method; (method = molt__part_method(&shape->parts[i], name, &at));) {
            if (!patch_part(object, &shape->parts[i], method)) continue;
            molt__vtable_unpatch(object, name);
            return MOLT_ERR_MEMORY;
        }
    }
    return MOLT_OK;
}

static void unpatch_slot(molt_object *object, const molt__part *part, molt__method *method)
{
    molt_block *block = molt__part_block(object, part);
    molt_vtable *head = molt__vtable_head(block->vtable);
    if (!head->owner) return;
    MOLT__STORE(&head->patched, head->patched & ~(1ull << method->slot));
    store(block->vtable, method, molt__vtable_filler(part->vtable, method->slot));
    if (head->patched) return;
    void **vtable = block->vtable;
    MOLT__STORE(&block->vtable, part->vtable);
    private_end(object->shape->world, vtable);
}

void molt__vtable_unpatch(molt_object *object, const char *name)
{
    molt_shape *shape = object->shape;
    molt__world_changed(shape->world);
    for (size_t i = 0; i < shape->part_count; i++) {
        size_t at = 0;
        for (molt__method *method; (method = molt__part_method(&shape->parts[i], name, &at));) {
            unpatch_slot(object, &shape->parts[i], method);
        }
    }
}

int molt__vtable_private(molt_object *object, molt_shape *to, const molt__part *part, molt_block *block, uint64_t patched)
{
    for (size_t i = 0; i < part->trait->method_count; i++) {
        if (!molt__closure_for(part->trait->methods[i])) return MOLT_ERR_MEMORY;
    }
    void **vtable = private_new(object, part);
    if (!vtable) return MOLT_ERR_MEMORY;
    molt_vtable *head = molt__vtable_head(vtable);
    head->patched = patched;
    molt__object_mark(object, MOLT__PATCHED);
    link_private(head, to);
    refill_all(vtable, part);
    block->vtable = vtable;
    return MOLT_OK;
}

void molt__vtable_unmake(molt_world *world, molt_block *block, const molt__part *part)
{
    molt_vtable *head = molt__vtable_head(block->vtable);
    if (!head->owner) return;
    unlink_private(head);
    molt__small_free(world, memory_of(block->vtable), molt__vtable_bytes(head->trait));
    molt__limbo_forget(world);
    block->vtable = part->vtable;
}

void molt__vtable_release(molt_object *object, const molt__part *part)
{
    molt_block *block = molt__part_block(object, part);
    void **vtable = block->vtable;
    if (!molt__vtable_head(vtable)->owner) return;
    MOLT__STORE(&block->vtable, part->vtable);       /* handles live until the tick: they follow later edits */
    private_end(object->shape->world, vtable);
}

void molt__vtable_point(molt_object *object, molt_shape *to, const molt__part *part)
{
    molt_block *block = molt__part_block(object, part);
    molt_vtable *head = block->vtable ? molt__vtable_head(block->vtable) : NULL;
    if (!head || !head->owner) {
        MOLT__STORE(&block->vtable, part->vtable);
        return;
    }
    unlink_private(head);
    link_private(head, to);
    refill_all(block->vtable, part);
}
