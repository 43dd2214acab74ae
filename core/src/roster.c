#include "roster.h"

#include "memory.h"
#include "registry.h"
#include "world_state.h"

#include <stdlib.h>

static bool has(const molt_shape *shape, const char *trait)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        if (shape->parts[i].trait->name == trait) return true;
    }
    return false;
}

bool molt__roster_match(const molt_shape *shape, const molt_class *cls, const char *trait)
{
    return (!cls || molt__class_extends(shape->cls, cls)) && (!trait || has(shape, trait));
}

static bool in(const molt__list *rosters, const molt__roster *roster)
{
    for (size_t i = 0; i < rosters->count; i++) {
        if (rosters->item[i] == roster) return true;
    }
    return false;
}

static int add_shape(molt__roster *roster, molt_shape *shape)
{
    molt__list *list = &shape->rosters;
    if (!molt__roster_match(shape, roster->cls, roster->trait) || in(list, roster)) return MOLT_OK;
    int err = molt__reserve(shape->world, (void **)&list->item, &list->capacity, list->count + 1, sizeof(void *));
    if (err) roster->whole = false;
    else list->item[list->count++] = roster;
    return err;
}

static bool holds(const molt__roster *roster, const molt__entry *entry)
{
    const molt_object *object = entry->object;
    return object->slot && object->generation == entry->generation && in(&object->shape->rosters, roster);
}

/* Takes out what has ended or left; order stays. */
static void prune(molt__roster *roster)
{
    size_t count = 0;
    for (size_t i = 0; i < roster->count; i++) {
        if (holds(roster, &roster->entry[i])) roster->entry[count++] = roster->entry[i];
    }
    roster->count = count;
}

/* A roster that nobody reads must not grow with every object that comes and goes:
 * a full one is pruned, and grows only if most of it is alive. */
static int add_object(molt__roster *roster, molt_object *object)
{
    bool full = roster->count == roster->capacity;
    if (full && roster->whole) prune(roster);
    size_t needed = full && 2 * roster->count >= roster->capacity ? roster->capacity + 1 : 0;
    int err = molt__reserve(object->shape->world, (void **)&roster->entry, &roster->capacity, needed,
                            sizeof *roster->entry);
    if (err) roster->whole = false;
    else roster->entry[roster->count++] = (molt__entry){ object, object->generation };
    return err;
}

void molt__rosters_shape(molt_shape *shape)
{
    const molt__list *rosters = &shape->world->rosters;
    for (size_t i = 0; i < rosters->count; i++) add_shape(rosters->item[i], shape);
}

void molt__rosters_list(molt_object *object, const molt_shape *from)
{
    const molt__list *list = &object->shape->rosters;
    for (size_t i = 0; i < list->count; i++) {
        molt__roster *roster = list->item[i];
        if (!roster->whole || (from && in(&from->rosters, roster))) continue;
        add_object(roster, object);
        if (from) roster->sorted = false;        /* it is older than the last ones */
    }
}

static int by_creation(const void *a, const void *b)
{
    int32_t left = ((const molt__entry *)a)->object->slot, right = ((const molt__entry *)b)->object->slot;
    return (left > right) - (left < right);
}

static int make_whole(molt_world *world, molt__roster *roster)
{
    const molt_border *border = world->border;
    roster->count = 0;
    for (size_t i = 0; i < world->shapes.count; i++) {
        if (add_shape(roster, world->shapes.item[i])) return MOLT_ERR_MEMORY;
    }
    for (int32_t slot = 1; slot <= border->top; slot++) {
        molt_object *object = molt__registry_at(world, slot);
        if (object && in(&object->shape->rosters, roster) && add_object(roster, object)) return MOLT_ERR_MEMORY;
    }
    roster->whole = roster->sorted = true;
    return MOLT_OK;
}

/* Who has left and come again is listed twice until now. */
static void put_in_order(molt__roster *roster)
{
    prune(roster);
    if (roster->sorted) return;
    size_t count = roster->count;
    qsort(roster->entry, count, sizeof *roster->entry, by_creation);
    roster->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (i && roster->entry[i].object == roster->entry[i - 1].object) continue;
        roster->entry[roster->count++] = roster->entry[i];
    }
    roster->sorted = true;
}

static molt__roster *find(const molt_world *world, const molt_class *cls, const char *trait)
{
    for (size_t i = 0; i < world->rosters.count; i++) {
        molt__roster *roster = world->rosters.item[i];
        if (roster->cls == cls && roster->trait == trait) return roster;
    }
    return NULL;
}

molt__roster *molt__roster_of(molt_world *world, const molt_class *cls, const molt_trait *trait)
{
    const char *name = trait ? trait->name : NULL;
    molt__list *list = &world->rosters;
    molt__roster *roster = find(world, cls, name);
    if (!roster) {
        if (molt__reserve(world, (void **)&list->item, &list->capacity, list->count + 1, sizeof(void *))) return NULL;
        roster = molt__allocate(world, sizeof *roster);
        if (!roster) return NULL;
        roster->cls = cls;
        roster->trait = name;
        list->item[list->count++] = roster;
    }
    if (!roster->whole && make_whole(world, roster)) return NULL;
    put_in_order(roster);
    return roster;
}

void molt__rosters_forget(molt_world *world)
{
    for (size_t i = 0; i < world->shapes.count; i++) ((molt_shape *)world->shapes.item[i])->rosters.count = 0;
    for (size_t i = 0; i < world->rosters.count; i++) ((molt__roster *)world->rosters.item[i])->whole = false;
}

void molt__rosters_free(molt_world *world)
{
    for (size_t i = 0; i < world->rosters.count; i++) {
        molt__roster *roster = world->rosters.item[i];
        molt__free(world, roster->entry, roster->capacity * sizeof *roster->entry);
        molt__free(world, roster, sizeof *roster);
    }
    molt__free(world, world->rosters.item, world->rosters.capacity * sizeof(void *));
}
