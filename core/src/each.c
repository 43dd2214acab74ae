/*
 * each.c: going through the living.
 *
 * All of them: slot by slot, while the registry does not move. Those of a class or
 * trait: by a copy of its roster, since visitors make and end objects.
 */
#include "error.h"
#include "memory.h"
#include "registry.h"
#include "roster.h"
#include "world_state.h"

#include <string.h>

/* A trait goes by its name: it may be declared again meanwhile. */
typedef struct each {
    molt_world *world;
    const molt_class *cls;
    const char *trait;
    molt_object_visitor visitor;
    void *user;
} each;

static bool visit(const each *e, molt_object *object)
{
    return !molt__roster_match(object->shape, e->cls, e->trait) || e->visitor(object, e->user);
}

static void visit_slots(const each *e)
{
    molt_border *border = e->world->border;
    int32_t last = border->top;
    bool on = true;
    border->iterating++;
    for (int32_t slot = 1; on && slot <= last && slot <= border->top; slot++) {
        molt_object *object = molt__registry_at(e->world, slot);
        if (object) on = visit(e, object);
    }
    border->iterating--;
}

static void visit_entries(const each *e, const molt__entry *entry, size_t count)
{
    bool on = true;
    for (size_t i = 0; on && i < count; i++) {
        molt_object *object = entry[i].object;
        if (object->slot && object->generation == entry[i].generation) on = visit(e, object);
    }
}

/* The one that lists fewer. */
static const molt__roster *shorter(const molt__roster *a, const molt__roster *b)
{
    return !a || (b && b->count < a->count) ? b : a;
}

/* False when there is no memory for it. */
static bool visit_roster(const each *e, const molt_trait *trait)
{
    const molt__roster *of_class = e->cls ? molt__roster_of(e->world, e->cls, NULL) : NULL;
    const molt__roster *of_trait = trait ? molt__roster_of(e->world, NULL, trait) : NULL;
    const molt__roster *roster = shorter(of_class, of_trait);
    if (!roster) return false;
    size_t count = roster->count;
    if (!count) return true;
    molt__entry *list = molt__allocate(e->world, count * sizeof *list);
    if (!list) return false;
    memcpy(list, roster->entry, count * sizeof *list);
    visit_entries(e, list, count);
    molt__free(e->world, list, count * sizeof *list);
    return true;
}

void molt_object_each(molt_world *world, const molt_class *cls, const molt_trait *trait, molt_object_visitor visitor,
                      void *user)
{
    if (molt__threads_check(world, __func__)) {
        molt_log(world, MOLT_LOG_ERROR, "%s", molt_last_error(world));
        return;
    }
    each e = { .world = world, .cls = cls, .trait = trait ? trait->name : NULL, .visitor = visitor, .user = user };
    if ((!cls && !trait) || !visit_roster(&e, trait)) visit_slots(&e);
}
