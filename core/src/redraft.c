#include "redraft.h"

#include "error.h"
#include "impl.h"
#include "layout.h"
#include "memory.h"
#include "parsed.h"
#include "shape.h"
#include "world_state.h"

#include <string.h>

static molt_trait *retired_version(const molt_world *world, const molt__parsed *d)
{
    for (size_t i = 0; i < world->retired.count; i++) {
        molt_trait *trait = world->retired.item[i];
        if (!trait->partial && trait->name == d->name && trait->identity == d->identity) return trait;
    }
    return NULL;
}

/* What another place has added to a trait is not for its owner to take away. */
static int keep_added(molt_trait *trait, const molt_trait *current)
{
    for (size_t i = 0; i < current->field_count; i++) {
        const molt__field *field = &current->fields[i];
        if (!field->added || molt__trait_field(trait, field->name) || molt__trait_method(trait, field->name)) continue;
        if (molt__reserve(trait->world, (void **)&trait->fields, &trait->member_capacity, trait->field_count + 1,
                          sizeof *trait->fields)) return MOLT_ERR_MEMORY;
        trait->fields[trait->field_count++] = *field;
    }
    return MOLT_OK;
}

static int copy_requirements(molt_world *world, molt__requirements *to, const molt__requirements *from)
{
    if (!from->count) return MOLT_OK;
    to->item = molt__allocate(world, from->count * sizeof *to->item);
    if (!to->item) return MOLT_ERR_MEMORY;
    to->count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        to->item[i] = from->item[i];
        to->item[i].text = NULL;
    }
    for (size_t i = 0; i < from->count; i++) {
        if (!(to->item[i].text = molt__copy_text(world, from->item[i].text))) return MOLT_ERR_MEMORY;
    }
    return MOLT_OK;
}

/* C text says nothing of what the trait requires: that stays. */
static int demand_as_before(molt_trait *trait, const molt_trait *current)
{
    molt_world *world = trait->world;
    return copy_requirements(world, &trait->needs, &current->needs) ||
           copy_requirements(world, &trait->bans, &current->bans) ||
           molt__traits_copy(world, &trait->required, &trait->required_count, current->required, current->required_count) ||
           molt__traits_copy(world, &trait->excluded, &trait->excluded_count, current->excluded, current->excluded_count)
        ? MOLT_ERR_MEMORY : MOLT_OK;
}

static int adopt_text(molt_trait *trait, const molt_trait_text *text)
{
    int err = molt__trait_check_text(trait->world, trait, text);
    if (!err) err = molt__trait_adopt_defaults(trait, text->defaults);
    if (err || trait->native) return err;
    trait->native = molt__copy_text(trait->world, text->where ? text->where : "?");
    return trait->native ? MOLT_OK : MOLT_ERR_MEMORY;
}

/* What a draft is made from: lines, or a C text. */
typedef struct source {
    const molt__parsed *d;
    const molt_trait_lines *lines;
    const molt_trait_text *text;
} source;

/* A draft by itself, in no list. */
static molt_trait *draft_alone(const molt_trait *current, const source *from, bool partial)
{
    molt_world *world = current->world;
    molt_trait *trait = molt__allocate(world, sizeof *trait);
    if (!trait) return NULL;
    trait->world = world;
    trait->index = current->index;
    trait->partial = partial;
    size_t methods = world->methods.count;
    int err = molt__trait_fill_from(trait, from->d, !partial);
    if (!err) err = from->lines ? molt__trait_demand(trait, from->lines) : demand_as_before(trait, current);
    if (!err) err = keep_added(trait, current);
    if (!err && from->text) err = adopt_text(trait, from->text);
    if (!err) return trait;
    world->methods.count = methods;
    molt__trait_free(trait);
    return NULL;
}

void molt__redraft_exchange(molt_trait *a, molt_trait *b)
{
#define EXCHANGE(type, member) do { type was = a->member; a->member = b->member; b->member = was; } while (0)
    EXCHANGE(char *, where);
    EXCHANGE(molt__field *, fields);
    EXCHANGE(size_t, field_count);
    EXCHANGE(size_t, member_capacity);
    EXCHANGE(void *, block);
    EXCHANGE(molt_trait **, required);
    EXCHANGE(size_t, required_count);
    EXCHANGE(molt_trait **, excluded);
    EXCHANGE(size_t, excluded_count);
    EXCHANGE(molt__requirements, needs);
    EXCHANGE(molt__requirements, bans);
#undef EXCHANGE
}

/* Shapes and layouts may know a version, and Lua, and hosts: then it waits for its next time. */
static bool is_known(const molt_trait *trait)
{
    const molt_world *world = trait->world;
    const molt__list *methods = &world->methods;
    bool last = !trait->method_count || ((molt__method *)methods->item[methods->count - 1])->trait == trait;
    bool known = trait->announced || trait->past || !last;
    for (size_t i = 0; i < world->layouts.count && !known; i++) known = molt__layout_has(world->layouts.item[i], trait);
    for (size_t i = 0; i < world->shapes.count && !known; i++) known = molt__shape_part(world->shapes.item[i], trait->identity);
    return known;
}

void molt__redraft_drop(molt_world *world, molt_trait *trait)
{
    molt__list *retired = &world->retired;
    size_t at = 0;
    while (at < retired->count && retired->item[at] != trait) at++;
    if (at == retired->count || (!trait->partial && is_known(trait))) return;
    retired->item[at] = retired->item[--retired->count];
    world->methods.count -= trait->method_count;
    molt__trait_free(trait);
}

static molt_trait *draft_from(const molt_trait *current, const source *from)
{
    molt_world *world = current->world;
    bool partial = current->identity == from->d->identity;
    molt_trait *known = partial ? NULL : retired_version(world, from->d);
    if (!known && molt__reserve(world, (void **)&world->retired.item, &world->retired.capacity,
                                world->retired.count + 1, sizeof(void *))) return NULL;
    molt_trait *trait = draft_alone(current, from, partial || known);
    if (!trait) return NULL;
    if (known) {
        molt__redraft_exchange(known, trait);
        known->index = current->index;
        char *native = known->native;
        known->native = trait->native;
        trait->native = native;
        molt__trait_free(trait);
        return known;
    }
    world->retired.item[world->retired.count++] = trait;
    return trait;
}

molt_trait *molt__redraft_lines(const molt_trait *current, const molt_trait_lines *lines)
{
    molt_world *world = current->world;
    molt__parsed d = { 0 };
    if (molt__parsed_lines(world, &d, lines)) return NULL;
    molt_trait *trait = NULL;
    if (current->native && current->identity != d.identity) {
        molt__parsed_refuse(world, current, &d);
        molt__hint(world, "native code declares it at %s; change it there, too", current->native);
    } else {
        trait = draft_from(current, &(source){ &d, lines, NULL });
    }
    molt__parsed_free(world, &d);
    return trait;
}

molt_trait *molt__redraft_text(const molt_trait *current, molt_trait_text *text, molt__method *const *kept, size_t count)
{
    molt_world *world = current->world;
    molt__parsed d = { 0 };
    if (molt__parsed_text(world, &d, text)) return NULL;
    if (count && molt__parsed_keep(world, &d, kept, count)) return NULL;
    molt_trait *trait = draft_from(current, &(source){ &d, NULL, text });
    molt__parsed_free(world, &d);
    for (size_t i = 0; trait && i < trait->method_count; i++) trait->methods[i]->kept = false;
    for (size_t i = 0; trait && i < count; i++) {
        molt__method *method = molt__trait_method(trait, kept[i]->name);
        if (method) method->kept = true;         /* a partial draft has none */
    }
    return trait;
}

static void replace_in(molt_trait **list, size_t count, const molt_trait *from, molt_trait *to)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == from) list[i] = to;
    }
}

void molt__redraft_replace(molt_world *world, molt_trait *from, molt_trait *to)
{
    molt__list *traits = &world->traits;
    replace_in((molt_trait **)traits->item, traits->count, from, to);
    replace_in((molt_trait **)world->retired.item, world->retired.count, to, from);
    for (size_t i = 0; i < traits->count; i++) {
        molt_trait *trait = traits->item[i];
        replace_in(trait->required, trait->required_count, from, to);
        replace_in(trait->excluded, trait->excluded_count, from, to);
    }
    for (size_t i = 0; i < world->classes.count; i++) {
        molt_class *cls = world->classes.item[i];
        replace_in((molt_trait **)cls->traits.item, cls->traits.count, from, to);
    }
    for (size_t i = 0; i < world->impls.count; i++) {
        molt_impl *impl = world->impls.item[i];
        if (impl->trait == from) impl->trait = to;
    }
    for (size_t i = 0; i < world->selections.count; i++) {
        molt__selection *selection = world->selections.item[i];
        if (selection->trait == from) selection->trait = to;
    }
}
