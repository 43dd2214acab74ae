#include "object.h"

#include "error.h"
#include "fieldtype.h"
#include "hook.h"
#include "limbo.h"
#include "memory.h"
#include "migrate.h"
#include "pending.h"
#include "registry.h"
#include "roster.h"
#include "vtable.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

molt_object *molt__object_create(molt_shape *shape)
{
    molt_world *world = shape->world;
    const molt__layout *layout = shape->layout;
    molt_object *object = molt__cell_new(world, layout->pool);
    if (!object) return NULL;
    /* The slot and the generation come before `shape`; the rest is the image's. */
    const size_t kept = offsetof(molt_object, shape);
    memcpy((char *)object + kept, shape->image + kept, layout->size - kept);
    object->peer = object;
    object->flags = MOLT__NEWBORN;
    for (size_t i = 0; i < layout->count; i++) {
        ((molt_block *)(void *)((char *)object + layout->offsets[i]))->object = object;
    }
    if (molt__registry_add(object)) {
        molt__cell_free(layout->pool, object);
        return NULL;
    }
    shape->cls->live++;
    shape->live++;
    if (shape->rosters.count) molt__rosters_list(object, NULL);
    return object;
}

static void end_parts(molt_object *object)
{
    molt_shape *shape = object->shape;
    molt_world *world = shape->world;
    if (object->flags & MOLT__PATCHED) {
        for (size_t i = 0; i < shape->part_count; i++) molt__vtable_release(object, &shape->parts[i]);
    }
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt__part *part = &shape->parts[i];
        if (part->trait->strings) molt__fieldtype_release(part->trait, molt__part_block(object, part));
        if (!part->offset) molt__limbo_put(world, object->attached[part->block], part->trait->block_size);
    }
    void **attached = object->attached;
    MOLT__STORE(&object->attached, NULL);
    molt__attached_end(shape, attached);
}

void molt__object_end(molt_object *object)
{
    molt_shape *shape = object->shape;
    molt_world *world = shape->world;
    shape->cls->live--;
    shape->live--;
    molt__world_changed(world);
    end_parts(object);
    molt_object *body = object->peer;
    molt__registry_remove(object);
    if (body != object) molt__limbo_body(world, body);
    molt__limbo_body(world, object);
}

int molt__object_check(const molt_object *object)
{
    if (object->slot) return MOLT_OK;
    char name[128];
    return molt__fail(object->shape->world, MOLT_ERR_DESTROYED, "attempt to use a destroyed object (%s)",
                      molt__object_name(object, name, sizeof name));
}

const char *molt__object_name(const molt_object *object, char *text, size_t size)
{
    const molt_shape *shape = object->shape;
    snprintf(text, size, "%s#%u", shape->cls->name, (unsigned)molt__slab_place(shape->world, object));
    return text;
}

molt_object *molt_object_new(molt_world *world, molt_class *cls)
{
    if (molt__threads_check(world, __func__)) return NULL;
    if (!cls) {
        molt__fail(world, MOLT_ERR_ARGUMENT, "molt_object_new needs a class");
        return NULL;
    }
    molt_shape *shape = molt__class_shape(cls);
    molt_object *object = shape ? molt__object_create(shape) : NULL;
    if (object) object->flags = MOLT__HOST | MOLT__UNSEEN;
    return object;
}

int molt_object_destroy(molt_object *object)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = molt__object_check(object);
    if (err) return err;
    molt_world *world = object->shape->world;
    if (world->border->leaf) return molt__pending_add(world, MOLT__PENDING_DESTROY, object);
    err = molt__hook_run(object, MOLT__TURN_ENDING, NULL);
    if (!object->slot) return err;   /* a hook ended it */
    if (world->bridge) world->bridge->ended(world->bridge_user, object);
    molt__object_end(object);
    return err;
}

bool molt_object_alive(const molt_object *object)
{
    return object && MOLT__LOAD(&object->slot) != 0;
}

int molt_object_retain(molt_object *object)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = molt__object_check(object);
    if (err) return err;
    molt_world *world = object->shape->world;
    if (object->retains == 0) {
        if (world->border->leaf) err = molt__pending_add(world, MOLT__PENDING_PIN, object);
        else if (world->bridge) err = world->bridge->pin(world->bridge_user, object);
    }
    if (!err) object->retains++;
    return err;
}

int molt_object_release(molt_object *object)
{
    int barred = molt__threads_check(molt_object_world(object), __func__);
    if (barred) return barred;
    int err = molt__object_check(object);
    if (err) return err;
    molt_world *world = object->shape->world;
    if (object->retains == 0) {
        char name[128];
        return molt__fail(world, MOLT_ERR_STATE, "%s is released more often than it was retained",
                          molt__object_name(object, name, sizeof name));
    }
    bool last = object->retains == 1;
    if (last && world->border->leaf && (err = molt__pending_add(world, MOLT__PENDING_UNPIN, object))) return err;
    object->retains--;
    if (last && !world->border->leaf && world->bridge) world->bridge->unpin(world->bridge_user, object);
    return MOLT_OK;
}

molt_ref molt_object_ref(const molt_object *object)
{
    if (!molt_object_alive(object)) return (molt_ref){ 0 };
    return (molt_ref){ molt__slab_place(molt_object_world(object), object), object->generation };
}

molt_object *molt_ref_object(molt_world *world, molt_ref ref)
{
    molt_object *object = molt__slab_at(world, ref.index1);
    /* In this order: while the generation is the id's, the place is not used anew
     * before this thread's quiescent point. */
    bool same = object && MOLT__LOAD(&object->generation) == ref.generation && MOLT__LOAD(&object->slot) &&
                !(MOLT__LOAD(&object->flags) & MOLT__BODY);
    if (same) return object;
    molt__fail(world, MOLT_ERR_STALE, ref.index1 ? "the id %u.%u is stale: its object has ended"
                                                 : "the id %u.%u is no object's",
               (unsigned)ref.index1, (unsigned)ref.generation);
    return NULL;
}

double molt_object_id(const molt_object *object)
{
    molt_ref ref = molt_object_ref(object);
    return (double)ref.generation * 4294967296.0 + (double)ref.index1;
}

molt_object *molt_id_object(molt_world *world, double id)
{
    molt_ref ref = { 0 };
    if (id > 0 && id < 9007199254740992.0) {
        uint64_t bits = (uint64_t)id;
        if ((double)bits == id) ref = (molt_ref){ (uint32_t)bits, (uint32_t)(bits >> 32) };
    }
    return molt_ref_object(world, ref);
}

molt_class *molt_object_class(const molt_object *object)
{
    return MOLT__LOAD(&object->shape)->cls;
}

molt_world *molt_object_world(const molt_object *object)
{
    return MOLT__LOAD(&object->shape)->world;
}

bool molt_object_is(const molt_object *object, const molt_trait *trait)
{
    if (!molt_object_alive(object)) return false;
    const molt_shape *shape = MOLT__LOAD(&object->shape);
    return molt__shape_part(shape, trait->identity) || molt__roster_match(shape, NULL, trait->name);
}

/* The object may be going over to another shape meanwhile, or end. */
static void *attached_block(const molt_object *object, const molt_shape *shape, const molt__part *part)
{
    void **attached = MOLT__LOAD(&object->attached);
    if (!attached || !MOLT__LOAD(&object->slot)) return NULL;
    const molt_shape *now = attached[0];
    if (now != shape) part = molt__shape_part(now, part->identity);
    return part ? attached[part->block] : NULL;
}

/* Inside of migrate, no object has yet what the code that asks was compiled for. */
static void *no_block(molt_world *world)
{
    if (world->migrating) molt__migration_bars(world, "molt_as");
    return NULL;
}

static void *find_block(const molt_object *object, uint64_t identity)
{
    if (!molt_object_alive(object)) return NULL;
    const molt_shape *shape = MOLT__LOAD(&object->shape);
    const molt__part *part = molt__shape_part(shape, identity);
    if (!part) return no_block(shape->world);
    /* A body stays where it is while a worker can be here. */
    return part->offset ? (char *)object->peer + part->offset : attached_block(object, shape, part);
}

void *molt_object_as(const molt_object *object, const molt_trait *trait)
{
    return find_block(object, trait->identity);
}

void *molt_object_as_text(const molt_object *object, molt_trait_text *text)
{
    uint64_t identity = MOLT__LOAD(&text->identity);
    if (!identity && molt_object_alive(object)) identity = molt__text_identity(molt_object_world(object), text);
    return find_block(object, identity);
}
