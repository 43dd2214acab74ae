/* impl.h: implementations: what fills a trait's methods, and the field values it starts with. */
#ifndef MOLT_SRC_IMPL_H
#define MOLT_SRC_IMPL_H

#include <molt/trait.h>

#include "definition.h"

struct molt_impl {
    molt_world *world;
    molt_trait *trait;
    char *name;
    char *where;
    molt_module *module;             /* NULL unless a module provides it */
    uint32_t gone;                   /* the generation since which its module provides it no longer; 0: it does */
    struct molt__tombstone **tombstones;     /* of methods that ever needed one */
    size_t tombstone_count;
    size_t tombstone_capacity;
    molt__definitions native;        /* exchanged as a whole by a reload */
    molt__definitions lua;           /* filled bit by bit; above `native` */
    molt_value *values;              /* by field of the trait; MOLT_VOID: the trait's default */
    size_t value_count;
};

/* What wins in this implementation, or NULL. */
molt_definition *molt__impl_find(const molt_impl *impl, const char *name);

/* Native functions to put into an implementation in place of those it has:
 * `functions` is an image of the trait's vtable type, NULL entries are open. */
typedef struct molt__impl_change {
    molt_impl *impl;
    const molt_function *functions;
    uint64_t leaf;                   /* bit i: entry i is leaf */
    uint64_t buried;                 /* bit i: entry i is a tombstone */
    const char *where;               /* NULL: "MODULE generation N", of: */
    const char *module;
    uint32_t generation;
    uint32_t slots;                  /* out: functions that differ from before */
    molt__definitions native;        /* those that it will have; from the commit on, those that it had */
} molt__impl_change;

/* All the changes or none, in three steps. Prepare does all that can fail, and
 * leaves nothing behind when it does. After it, commit is stores; live objects
 * follow at their next call, the binding with molt__edit_publish. Or cancel. The
 * commit's changes are for molt__impl_release, when nothing needs the former
 * definitions any more. */
int molt__impl_prepare(molt_world *world, molt__impl_change *changes, size_t count);
void molt__impl_commit(molt_world *world, molt__impl_change *changes, size_t count);
void molt__impl_cancel(molt_world *world, molt__impl_change *changes, size_t count);
void molt__impl_release(molt_world *world, molt__impl_change *changes, size_t count);

/* The steps by themselves, for what changes traits at the same time (evolve.h): the
 * new definitions for a trait; put in the place of those that were, or back; how many
 * functions differ, once they are. */
int molt__impl_build(molt_world *world, molt_trait *trait, molt__impl_change *change);
void molt__impl_swap(molt__impl_change *change);
void molt__impl_count(molt__impl_change *change);

/* Is it there to be used? Not when its module has been unloaded, or provides it no
 * longer: MOLT_ERR_STATE. */
int molt__impl_check(const molt_impl *impl);

void molt__impl_free(molt_impl *impl);

#endif
