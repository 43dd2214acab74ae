/* definition.h: one definition of one method: a native function or a Lua value, and where it came from. */
#ifndef MOLT_SRC_DEFINITION_H
#define MOLT_SRC_DEFINITION_H

#include <molt/trait.h>

#include "limbo.h"

/* What a fill of a class is when molt.override, before, after or around made it, in
 * molt_fill.flags. An override is a definition that also hides the wrappers before it;
 * the others wrap what the class resolves to, later fills included. */
enum {
    MOLT__OVERRIDE = 0x10,
    MOLT__BEFORE = 0x20,
    MOLT__AFTER = 0x40,
    MOLT__AROUND = 0x80,
    MOLT__WRAPS = MOLT__BEFORE | MOLT__AFTER | MOLT__AROUND,
    MOLT__BURIED = 0x100             /* native: a tombstone, see tombstone.h */
};

struct molt_definition {
    molt__waiting waiting;           /* once it has ended */
    const char *name;                /* interned */
    molt_function function;          /* NULL for a Lua fill */
    intptr_t foreign;                /* Lua's reference; 0 for a native fill */
    uint32_t flags;                  /* MOLT_LEAF, MOLT__BURIED, or one of the above */
    uint32_t slot;                   /* native: the slot of `trait` whose signature it has */
    molt_trait *trait;               /* native: whose handle the function takes */
    char *where;
    struct molt__chain *chain;       /* not one definition but all of a combined name: see combine.h */
};

/* A few definitions, at most one of a name. */
typedef struct molt__definitions {
    molt_definition **item;
    size_t count;
    size_t capacity;
} molt__definitions;

molt_definition *molt__definition_new(molt_world *world, molt_trait *trait, const molt_fill *fill);
void molt__definition_free(molt_world *world, molt_definition *definition);

molt_definition *molt__definitions_find(const molt__definitions *set, const char *name);
/* Puts it in place of the one of that name, which is returned through `old`. */
int molt__definitions_put(molt_world *world, molt__definitions *set, molt_definition *definition,
                          molt_definition **old);
molt_definition *molt__definitions_take(molt__definitions *set, const char *name);
void molt__definitions_free(molt_world *world, molt__definitions *set);

#endif
