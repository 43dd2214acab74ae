#include "hook.h"

#include "error.h"
#include "impl.h"
#include "resolve.h"
#include "world_state.h"

#include <string.h>

static const char *const hook_names[] = { [MOLT__ATTACHED] = "attached", [MOLT__DETACHED] = "detached" };

bool molt__hook_named(const char *name)
{
    return strcmp(name, hook_names[MOLT__ATTACHED]) == 0 || strcmp(name, hook_names[MOLT__DETACHED]) == 0;
}

int molt__hook_check(molt_world *world, const char *trait, const molt__declaration *member)
{
    if (member->member != MOLT__METHOD || !molt__hook_named(member->name)) return MOLT_OK;
    if (member->kind == MOLT_VOID && member->parameter_count == 0) return MOLT_OK;
    molt__fail(world, MOLT_ERR_DECLARATION, "trait '%s' declares '%s', a hook, with a result or parameters", trait,
               member->name);
    molt__hint(world, "a hook is declared as \"void %s()\"", member->name);
    return MOLT_ERR_DECLARATION;
}

typedef struct search {
    const molt_trait *trait;
    molt_definition *found;
} search;

static bool take_own(const molt__claim *claim, void *user)
{
    search *s = user;
    if (claim->trait != s->trait) return true;
    s->found = claim->definition;
    return false;
}

static molt_definition *own(const molt_shape *shape, const molt_trait *trait, const char *name)
{
    search s = { .trait = trait };
    molt__resolve_each(shape, name, take_own, &s);
    return s.found;
}

molt_definition *molt__hook_or_winner(const molt_shape *shape, const molt_trait *trait, const char *name)
{
    return molt__hook_named(name) ? own(shape, trait, name) : molt__resolve(shape, name);
}

/* A hook's name as the world knows it; NULL while nobody has used it. Names stay, so
 * it is looked for only while there are more of them than the last time. */
static const char *known_name(molt_world *world, molt__hook_kind kind)
{
    molt__hook_name *known = &world->hook_names[kind];
    if (!known->name && known->looked_among != world->names.count) {
        known->name = molt__name_find(world, hook_names[kind]);
        known->looked_among = world->names.count;
    }
    return known->name;
}

molt_definition *molt__hook(const molt_shape *shape, const molt_trait *trait, molt__hook_kind kind)
{
    const char *name = known_name(shape->world, kind);
    return name ? own(shape, trait, name) : NULL;
}

bool molt__hook_defined(const molt_trait *trait, const molt_impl *impl)
{
    for (size_t i = 0; i < sizeof hook_names / sizeof *hook_names; i++) {
        const char *name = known_name(trait->world, (molt__hook_kind)i);
        if (name && (molt__definitions_find(&trait->own, name) || (impl && molt__impl_find(impl, name)))) return true;
    }
    return false;
}

int molt__hook_run(molt_object *object, molt__turn turn, molt_trait *trait)
{
    const molt_world *world = object->shape->world;
    if (!world->bridge || !world->bridge->hook) return MOLT_OK;
    if (!molt__hook_awaits(object)) return MOLT_OK;
    return world->bridge->hook(world->bridge_user, turn, object, trait, NULL);
}

int molt__hook_gained(molt_object *object, const molt_shape *before)
{
    const molt_shape *shape = object->shape;
    const molt__bridge *bridge = shape->world->bridge;
    bool any = false;
    for (size_t i = shape->layout->count; i < shape->part_count && !any; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        any = !molt__shape_part(before, trait->identity) &&
              (molt__hook(shape, trait, MOLT__ATTACHED) || molt__hook(shape, trait, MOLT__DETACHED));
    }
    if (!any || !bridge || !bridge->hook) return MOLT_OK;
    return bridge->hook(shape->world->bridge_user, MOLT__TURN_GAINED, object, NULL, before);
}

static bool requires_one_left(const molt_shape *shape, const bool *done, const molt_trait *trait)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        if (done[i] || shape->parts[i].trait == trait) continue;
        for (size_t r = 0; r < trait->required_count; r++) {
            if (trait->required[r] == shape->parts[i].trait) return true;
        }
    }
    return false;
}

int molt__hook_next(const molt_shape *shape, bool *done)
{
    int next = -1;
    bool next_waits = true;
    for (size_t i = 0; i < shape->part_count; i++) {
        const molt_trait *trait = shape->parts[i].trait;
        if (done[i]) continue;
        /* Traits that require one another have no first: the order of declaration decides. */
        bool waits = requires_one_left(shape, done, trait);
        bool earlier = next < 0 || trait->index < shape->parts[next].trait->index;
        if (next < 0 || (next_waits && !waits) || (next_waits == waits && earlier)) {
            next = (int)i;
            next_waits = waits;
        }
    }
    if (next >= 0) done[next] = true;
    return next;
}
