#include "combine.h"

#include "limbo.h"
#include "memory.h"
#include "world_state.h"

#include <string.h>

molt__method *molt__combine_method(const molt_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->part_count; i++) {
        size_t at = 0;
        for (molt__method *method; (method = molt__part_method(&shape->parts[i], name, &at));) {
            if (method->declaration.all) return method;
        }
    }
    return NULL;
}

static molt__combined *find(const molt_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->combined_count; i++) {
        if (shape->combined[i].name == name) return &shape->combined[i];
    }
    return NULL;
}

static size_t chain_bytes(size_t capacity)
{
    return sizeof(molt__chain) + capacity * sizeof(molt__claim);
}

static void chain_free(molt_world *world, molt__chain *chain)
{
    if (chain) molt__free(world, chain, chain_bytes(chain->capacity));
}

/* One that slots have led to. */
static void chain_end(molt_world *world, molt__chain *chain)
{
    if (!chain) return;
    if (chain->left_behind) molt__limbo_keep(world, &chain->waiting, chain_bytes(chain->capacity));
    else molt__limbo_link(world, &chain->waiting, chain_bytes(chain->capacity));
}

/* Puts the definitions of a name into a chain, the winner first. */
typedef struct gathering {
    molt__chain *chain;
    const molt_class *filled;        /* the class whose fills were met last; NULL: none yet */
} gathering;

/* An override counts while it is the latest fill of its class. */
static bool is_hidden(gathering *g, const molt__claim *claim)
{
    if (claim->layer != MOLT__LAYER_FILL) return false;
    bool later = g->filled == claim->cls;
    g->filled = claim->cls;
    return later && claim->definition->flags & MOLT__OVERRIDE;
}

/* The first definition that a trait brings wins of those it brings; likewise the
 * latest that a class gives itself. An override replaces all that comes after it. */
static bool gather(const molt__claim *claim, void *user)
{
    gathering *g = user;
    molt__chain *chain = g->chain;
    if (claim->definition->flags & MOLT__WRAPS) return true;     /* around all of them */
    if (is_hidden(g, claim)) return true;
    for (size_t i = 0; i < chain->count; i++) {
        const molt__claim *other = &chain->item[i];
        bool same = claim->trait ? other->definition->name == claim->definition->name : other->cls == claim->cls;
        if (other->trait == claim->trait && same) return true;
    }
    if (chain->count < chain->capacity) chain->item[chain->count++] = *claim;
    return !(claim->definition->flags & MOLT__OVERRIDE);
}

/* needs[i * n + j]: part i requires part j, directly or by way of others. */
static void close_requirements(const molt_shape *shape, char *needs)
{
    size_t n = shape->part_count;
    for (size_t i = 0; i < n * n; i++) {
        needs[i] = molt__trait_requires(shape->parts[i / n].trait, shape->parts[i % n].trait);
    }
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n && needs[i * n + k]; j++) needs[i * n + j] |= needs[k * n + j];
        }
    }
}

/* Must part i wait for one that has no place yet? Those that require each other
 * do not wait for each other. */
static bool waits(const char *needs, const size_t *place, size_t n, size_t i)
{
    for (size_t j = 0; j < n; j++) {
        if (!place[j] && needs[i * n + j] && !needs[j * n + i]) return true;
    }
    return false;
}

/* Places from 1: required traits first, then by name. */
static void place_parts(const molt_shape *shape, const char *needs, size_t *place)
{
    size_t n = shape->part_count;
    for (size_t next = 1; next <= n; next++) {
        size_t best = n;
        for (size_t i = 0; i < n; i++) {
            if (place[i] || waits(needs, place, n, i)) continue;
            if (best == n || strcmp(shape->parts[i].trait->name, shape->parts[best].trait->name) < 0) best = i;
        }
        place[best] = next;
    }
}

static size_t rank_of(const molt_shape *shape, const molt__claim *claim, const size_t *place)
{
    if (claim->trait) {
        for (size_t i = 0; i < shape->part_count; i++) {
            if (shape->parts[i].trait == claim->trait) return place[i];
        }
    }
    size_t depth = 0;                    /* the nearer to the root, the earlier */
    for (const molt_class *cls = claim->cls; cls; cls = cls->base) depth++;
    return shape->part_count + depth;
}

static void sort(const molt_shape *shape, molt__chain *chain, const size_t *place)
{
    for (size_t i = 1; i < chain->count; i++) {
        molt__claim claim = chain->item[i];
        size_t rank = rank_of(shape, &claim, place), at = i;
        for (; at > 0 && rank_of(shape, &chain->item[at - 1], place) > rank; at--) chain->item[at] = chain->item[at - 1];
        chain->item[at] = claim;
    }
}

static int put_in_order(const molt_shape *shape, molt__chain *chain)
{
    molt_world *world = shape->world;
    size_t n = shape->part_count, places = n * sizeof(size_t);
    if (chain->count < 2) return MOLT_OK;
    size_t *place = molt__allocate(world, places);
    char *needs = place ? molt__allocate(world, n * n) : NULL;
    if (needs) {
        close_requirements(shape, needs);
        place_parts(shape, needs, place);
        sort(shape, chain, place);
    }
    molt__free(world, needs, n * n);
    molt__free(world, place, places);
    return needs ? MOLT_OK : MOLT_ERR_MEMORY;
}

static molt__chain *chain_new(const molt_shape *shape, molt__method *method, const char *name)
{
    size_t capacity = shape->part_count * (shape->world->widest_selection + 1);
    for (const molt_class *cls = shape->cls; cls; cls = cls->base) capacity++;
    molt__chain *chain = molt__allocate(shape->world, chain_bytes(capacity));
    if (!chain) return NULL;
    chain->capacity = capacity;
    chain->method = method;
    chain->head = (molt_definition){ .name = name, .chain = chain, .trait = method->trait,
                                     .slot = method->slot, .where = method->trait->where };
    molt__resolve_each(shape, name, gather, &(gathering){ .chain = chain });
    if (put_in_order(shape, chain) == MOLT_OK) return chain;
    chain_free(shape->world, chain);
    return NULL;
}

int molt__combine_prepare(molt_shape *shape, const char *name)
{
    molt_world *world = shape->world;
    molt__method *method = molt__combine_method(shape, name);
    if (!method) return MOLT_OK;
    molt__combined *combined = find(shape, name);
    if (!combined) {
        if (molt__reserve(world, (void **)&shape->combined, &shape->combined_capacity, shape->combined_count + 1,
                          sizeof *combined)) return MOLT_ERR_MEMORY;
        combined = &shape->combined[shape->combined_count++];
        *combined = (molt__combined){ .name = name };
    }
    molt__chain *chain = chain_new(shape, method, name);
    if (!chain) return MOLT_ERR_MEMORY;
    chain_free(world, combined->next);
    combined->next = chain;
    return MOLT_OK;
}

static void replace(molt_world *world, molt__combined *combined)
{
    molt__chain *before = combined->now;
    combined->now = combined->next;
    combined->next = NULL;
    if (before && before->users) before->retired = true;
    else chain_end(world, before);
}

void molt__combine_commit(molt_shape *shape, const char *name)
{
    molt__combined *combined = find(shape, name);
    if (!combined || !combined->next) return;
    replace(shape->world, combined);
}

void molt__combine_forget(molt_shape *shape)
{
    for (size_t i = 0; i < shape->combined_count; i++) {
        molt__combined *combined = &shape->combined[i];
        chain_free(shape->world, combined->next);
        combined->next = NULL;
        if (combined->now) combined->now->left_behind = true;
        replace(shape->world, combined);
    }
}

molt__chain *molt__combine_find(const molt_shape *shape, const char *name)
{
    const molt__combined *combined = find(shape, name);
    return combined ? combined->now : NULL;
}

molt_definition *molt__combine_answer(const molt_shape *shape, const char *name)
{
    return molt__combine_find(shape, name) ? molt__combine_beneath(shape, shape->cls, name, INT64_MAX)
                                           : molt__resolve(shape, name);
}

molt_definition *molt__combine_beneath(const molt_shape *shape, const molt_class *cls, const char *name, int64_t number)
{
    molt__chain *chain = molt__combine_find(shape, name);
    if (!chain) return molt__resolve_beneath(shape, cls, name, number);
    molt_definition *wrapper = molt__resolve_wrapper(shape, cls, name, number);
    if (wrapper) return wrapper;
    return chain->count == 1 ? chain->item[0].definition : &chain->head;
}

bool molt__combine_still(const molt_object *object, const char *name, const molt_definition *definition)
{
    if (!object->slot) return false;
    const molt__chain *chain = molt__combine_find(object->shape, name);
    if (!chain) return molt__resolve(object->shape, name) == definition;
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->item[i].definition == definition) return true;
    }
    return false;
}

/* On a worker: all as they were when the call began; they are there until its
 * quiescent point, whatever the owner puts in their place. */
static void run_elsewhere(const molt__chain *chain, molt__call *one)
{
    const molt_world *world = one->method->trait->world;
    for (size_t i = 0; i < chain->count && !molt_error_pending(world); i++) {
        one->definition = chain->item[i].definition;
        molt__closure_definition(one);
    }
}

void molt__combine_run(const molt__call *call)
{
    molt__chain *chain = call->definition->chain;
    molt_world *world = call->method->trait->world;
    const molt_object *object = call->self->object;
    molt__call one = *call;
    one.patched = false;
    one.only = true;
    if (molt__thread_here(world)) {
        run_elsewhere(chain, &one);
        return;
    }
    chain->users++;
    for (size_t i = 0; i < chain->count && !molt_error_pending(world); i++) {
        one.definition = chain->item[i].definition;
        /* One that ran before may have taken this one away, or its trait. */
        if (molt__combine_still(object, chain->head.name, one.definition)) molt__closure_definition(&one);
    }
    if (--chain->users == 0 && chain->retired) chain_end(world, chain);
}

void molt__combine_free(molt_shape *shape)
{
    molt_world *world = shape->world;
    for (size_t i = 0; i < shape->combined_count; i++) {
        chain_free(world, shape->combined[i].now);
        chain_free(world, shape->combined[i].next);
    }
    molt__free(world, shape->combined, shape->combined_capacity * sizeof *shape->combined);
}
