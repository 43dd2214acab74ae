/* world_state.h: what a world is made of. Each part is explained in its own header. */
#ifndef MOLT_SRC_WORLD_STATE_H
#define MOLT_SRC_WORLD_STATE_H

#include <molt/world.h>

#include <pthread.h>

#include "bridge.h"
#include "error.h"
#include "limbo.h"
#include "name.h"
#include "pending.h"
#include "reasons.h"
#include "relayout.h"
#include "slab.h"
#include "threads.h"

typedef struct molt__list {          /* traits, classes, … in order of declaration */
    void **item;
    size_t count;
    size_t capacity;
} molt__list;

typedef struct molt__change {        /* a name of a shape resolves anew */
    molt_shape *shape;
    const char *name;
} molt__change;

typedef struct molt__hook_name {
    const char *name;                /* NULL: not among the names yet */
    size_t looked_among;             /* so many */
} molt__hook_name;

struct molt_world {
    molt_border *border;             /* `own`, or the binding's while Lua uses the world */
    molt_border own;
    molt_config config;
    pthread_t owner;
    molt__threads threads;
    molt__error error;
    molt__error pending;
    int64_t pending_number;          /* which error has been pending last, from 1 */
    const molt__bridge *bridge;      /* NULL while no Lua state uses the world */
    void *bridge_user;
    molt__names names;
    molt__hook_name hook_names[2];   /* by molt__hook_kind */
    molt__slabs slabs;
    molt__limbo limbo;
    size_t registry_capacity;
    molt__list traits;
    molt__list retired;              /* versions of traits that are no more, or not yet */
    molt__list methods;              /* typed methods, by number - 1 */
    molt__list impls;
    molt__list classes;
    molt__list layouts;              /* by id, from 1 */
    molt__list shapes;               /* by id, from 1 */
    molt__list rosters;
    molt__list modules;
    molt__list selections;           /* traits under other names, each once */
    size_t widest_selection;         /* most pairs of one */
    molt__list records;              /* structs registered by name */
    struct molt__text *texts;        /* of string fields */
    struct molt__text *past_texts;   /* that wait for the tick */
    struct molt__text *leaving_texts;    /* that wait for workers */
    struct molt__state *states;      /* of modules: what outlives their generations */
    struct molt__loader *loader;     /* what loading needs; NULL before the first load */
    molt__reasons refusal;           /* of the last load, reload, rollback or unload */
    molt__change *changes;           /* waiting for the binding */
    size_t change_count;
    size_t change_capacity;
    molt__pending *waiting;          /* asked for during a leaf call */
    size_t waiting_count;
    size_t waiting_capacity;
    struct molt__migration *staging; /* while bodies are staged: who takes written values */
    molt__relayout *deferred;        /* waits until no native method is on the stack */
    size_t deferred_count;
    size_t deferred_capacity;
    double deferred_since;           /* when workers were first found in their way; 0: not yet */
    int8_t probe;                    /* constructors first in a child: 1 yes, -1 no, 0 as built */
    int rehearsal;                   /* not 0: a change of layout is only tried, and ends with this */
    int64_t fill_number;
    bool left_behind;                /* shapes were, by a change of layout since the tick: see vtable.h */
    bool migrating;                  /* native code makes new blocks: no verb may be used */
    bool closing;
    bool joined;                     /* a Lua state has used it: no other may */
    bool lua_owned;                  /* opened by require: nobody else ticks */
};

/* Something moved or ended a block, or changed a slot: Lua code that the
 * collector interrupted on its way to one looks again. */
static inline void molt__world_changed(molt_world *world)
{
    world->border->epoch = (int32_t)((uint32_t)world->border->epoch + 1);
}

#endif
