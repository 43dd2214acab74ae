#include "persist.h"

#include "error.h"
#include "loader.h"
#include "memory.h"
#include "world_state.h"

#include <stdio.h>
#include <string.h>

/* The memory of one layout. */
typedef struct block {
    struct block *next;
    char *members;
    size_t bytes;
    size_t align;
    void *memory;
} block;

struct molt__state {
    molt__state *next;
    char *module;
    char *name;
    block *blocks;
    block *now;
    bool ended;                      /* of a module that was unloaded */
};

struct molt__persist {
    molt__persist *next;
    molt__state *state;
    block *block;
    bool new_state;                  /* not yet the world's */
    bool new_block;                  /* not yet the state's */
    void *place;
    void *draft;                     /* what setup works on, … */
    void *before;                    /* … and as it was before setup did; NULL: the draft counts anyhow */
};

static void block_free(molt_world *world, block *b)
{
    if (!b) return;
    molt__free(world, b->memory, b->bytes);
    molt__free_text(world, b->members);
    molt__free(world, b, sizeof *b);
}

static block *block_new(molt_world *world, const molt_state_text *text)
{
    block *b = molt__allocate(world, sizeof *b);
    if (!b) return NULL;
    b->bytes = text->bytes;
    b->align = text->align;
    b->members = molt__copy_text(world, text->members);
    b->memory = b->members ? molt__allocate_aligned(world, b->bytes, b->align) : NULL;
    if (b->memory) return b;
    block_free(world, b);
    return NULL;
}

static void state_free(molt_world *world, molt__state *state)
{
    if (!state) return;
    for (block *next; state->blocks; state->blocks = next) {
        next = state->blocks->next;
        block_free(world, state->blocks);
    }
    molt__free_text(world, state->module);
    molt__free_text(world, state->name);
    molt__free(world, state, sizeof *state);
}

static molt__state *state_new(molt_world *world, const char *module, const char *name)
{
    molt__state *state = molt__allocate(world, sizeof *state);
    if (!state) return NULL;
    state->module = molt__copy_text(world, module);
    state->name = molt__copy_text(world, name);
    if (state->module && state->name) return state;
    state_free(world, state);
    return NULL;
}

static molt__state *find(const molt_world *world, const char *module, const char *name)
{
    for (molt__state *state = world->states; state; state = state->next) {
        if (!state->ended && strcmp(state->module, module) == 0 && strcmp(state->name, name) == 0) return state;
    }
    return NULL;
}

static bool same_layout(const block *b, const molt_state_text *text)
{
    return b->bytes == text->bytes && b->align == text->align && strcmp(b->members, text->members) == 0;
}

static block *block_of(const molt__state *state, const molt_state_text *text)
{
    block *b = state->blocks;
    while (b && !same_layout(b, text)) b = b->next;
    return b;
}

static void persist_free(molt_world *world, molt__persist *p)
{
    size_t bytes = p->block ? p->block->bytes : 0;
    molt__free(world, p->draft, bytes);
    molt__free(world, p->before, bytes);
    if (p->new_block) block_free(world, p->block);
    if (p->new_state) state_free(world, p->state);
    molt__free(world, p, sizeof *p);
}

/* Everything that the commit will need. */
static molt__persist *persist_new(molt_world *world, const char *module, const molt_state_claim *claim)
{
    const molt_state_text *text = claim->state;
    molt__persist *p = molt__allocate(world, sizeof *p);
    if (!p) return NULL;
    p->place = claim->place;
    p->state = find(world, module, text->name);
    p->new_state = !p->state;
    if (p->new_state) p->state = state_new(world, module, text->name);
    if (p->state) p->block = block_of(p->state, text);
    p->new_block = p->state && !p->block;
    if (p->new_block) p->block = block_new(world, text);
    if (p->block) p->draft = molt__allocate_aligned(world, text->bytes, text->align);
    bool goes_on = p->draft && p->block == p->state->now;
    if (goes_on) p->before = molt__allocate_aligned(world, text->bytes, text->align);
    if (p->draft && (p->before || !goes_on)) return p;
    persist_free(world, p);
    return NULL;
}

static int refuse_layout(molt_world *world, const molt__persist *p, const molt_state_claim *claim, molt__reasons *reasons)
{
    const molt__state *state = p->state;
    molt__reasons_add(world, reasons, MOLT_ERR_IN_USE, "state '%s' was { %s } of %zu bytes, and is now { %s } of %zu",
                      state->name, state->now->members, state->now->bytes, claim->state->members, claim->state->bytes);
    molt__reasons_hint(world, reasons, "say what becomes of it: MOLT_PERSIST_FROM, or MOLT_PERSIST_FRESH to begin anew");
    return MOLT_ERR_IN_USE;
}

static int migrate(molt_world *world, const molt__persist *p, const molt_state_claim *claim, molt__reasons *reasons)
{
    const molt__state *state = p->state;
    if (!same_layout(state->now, claim->was)) {
        return molt__reasons_add(world, reasons, MOLT_ERR_IN_USE,
                                 "state '%s' is { %s } of %zu bytes, and its migration is from { %s } of %zu", state->name,
                                 state->now->members, state->now->bytes, claim->was->members, claim->was->bytes);
    }
    int code = ((int (*)(const void *, void *))claim->migrate)(state->now->memory, p->draft);
    if (code == MOLT_OK) return MOLT_OK;
    return molt__reasons_add(world, reasons, MOLT_ERR_MODULE, "the migration of state '%s' returned %d (%s)", state->name,
                             code, molt_err_name(code));
}

/* What the state was like is known to whom goes back to it. */
static bool goes_back(const molt_world *world, const molt__persist *p)
{
    return !p->new_block && world->loader && world->loader->back;
}

static int write_draft(molt_world *world, const molt__persist *p, const molt_state_claim *claim, molt__reasons *reasons)
{
    const block *now = p->state->now;
    if (p->before) {
        memcpy(p->draft, now->memory, now->bytes);
        memcpy(p->before, now->memory, now->bytes);
        return MOLT_OK;
    }
    memcpy(p->draft, claim->initial, claim->state->bytes);
    if (!now) return MOLT_OK;
    bool migrates = claim->was && same_layout(now, claim->was);
    if (!migrates && goes_back(world, p)) {
        memcpy(p->draft, p->block->memory, p->block->bytes);
        return MOLT_OK;
    }
    if (claim->fresh) return MOLT_OK;
    return claim->was ? migrate(world, p, claim, reasons) : refuse_layout(world, p, claim, reasons);
}

static bool claimed(const molt__persist *list, const char *name)
{
    while (list && strcmp(list->state->name, name) != 0) list = list->next;
    return list != NULL;
}

int molt__persist_claim(molt_world *world, molt__persist **list, const char *module, const molt_state_claim *claim,
                        molt__reasons *reasons)
{
    if (claimed(*list, claim->state->name)) {
        return molt__reasons_add(world, reasons, MOLT_ERR_MODULE, "state '%s' is taken up twice", claim->state->name);
    }
    molt__persist *p = persist_new(world, module, claim);
    if (!p) return molt__reasons_take(world, reasons);
    int err = write_draft(world, p, claim, reasons);
    if (err) {
        persist_free(world, p);
        return err;
    }
    memcpy(p->place, &p->draft, sizeof p->draft);
    p->next = *list;
    *list = p;
    return MOLT_OK;
}

/* What setup left alone may have been changed meanwhile by a thread: it stands. */
static void commit(molt_world *world, molt__persist *p)
{
    block *b = p->block;
    if (!p->before || memcmp(p->draft, p->before, b->bytes) != 0) memcpy(b->memory, p->draft, b->bytes);
    if (p->new_block) {
        b->next = p->state->blocks;
        p->state->blocks = b;
    }
    if (p->new_state) {
        p->state->next = world->states;
        world->states = p->state;
    }
    p->new_block = p->new_state = false;
    p->state->now = b;
    memcpy(p->place, &b->memory, sizeof b->memory);
}

static void release(molt_world *world, molt__persist **list)
{
    for (molt__persist *next; *list; *list = next) {
        next = (*list)->next;
        persist_free(world, *list);
    }
}

void molt__persist_commit(molt_world *world, molt__persist **list)
{
    for (molt__persist *p = *list; p; p = p->next) commit(world, p);
    release(world, list);
}

/* The image may stay for a while, if its hook says so: better nothing than a draft
 * that is gone. */
void molt__persist_free(molt_world *world, molt__persist **list)
{
    for (molt__persist *p = *list; p; p = p->next) memset(p->place, 0, sizeof(void *));
    release(world, list);
}

void molt__states_end(molt_world *world, const char *module)
{
    for (molt__state *state = world->states; state; state = state->next) {
        if (strcmp(state->module, module) == 0) state->ended = true;
    }
}

void molt__states_forget(molt_world *world, const char *module)
{
    for (molt__state **link = &world->states; *link;) {
        molt__state *state = *link;
        if (!state->ended || strcmp(state->module, module) != 0) {
            link = &state->next;
            continue;
        }
        *link = state->next;
        state_free(world, state);
    }
}

void molt__states_free(molt_world *world)
{
    for (molt__state *next; world->states; world->states = next) {
        next = world->states->next;
        state_free(world, world->states);
    }
}
