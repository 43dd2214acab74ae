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
    const char *where;               /* "motorcycle generation 3" */
} molt__impl_change;

/* Makes all the changes or none. `slots` (may be NULL) counts the functions that
 * differ from before. Live objects follow at their next call. */
int molt__impl_commit(molt_world *world, const molt__impl_change *changes, size_t count, uint32_t *slots);

void molt__impl_free(molt_impl *impl);

#endif
