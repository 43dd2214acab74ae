/*
 * trait.h: a trait as the core keeps it.
 *
 *   block of Vehicle
 *   ┌────────┬────────┬──────┬───…
 *   │ vtable │ object │ fuel │        offsets count from the head
 *   └────────┴────────┴──────┴───…
 */
#ifndef MOLT_SRC_TRAIT_H
#define MOLT_SRC_TRAIT_H

#include <molt/trait.h>

#include "declaration.h"
#include "definition.h"
#include "require.h"

typedef struct molt__field {
    const char *name;
    molt_kind kind;                  /* MOLT_ANY: in the object's table */
    uint32_t offset;                 /* in the block; 0 for MOLT_ANY */
    uint32_t size;                   /* in the block */
    molt_value initial;              /* of a scalar; what is wider starts as the trait's image has it */
    molt__type type;
    bool private;
    bool required;
    bool added;                      /* MOLT_ANY: by a declaration elsewhere */
} molt__field;

typedef struct molt__method {
    molt_trait *trait;
    const char *name;
    uint32_t slot;
    int32_t number;                  /* in the world, from 1: what a leaf call in flight is known by */
    molt__declaration declaration;
    char *text;                      /* "double range(double)" */
    struct molt__closure *closure;   /* made on first use */
    bool kept;                       /* for a tombstone: the C text that declares the trait does not declare it so */
} molt__method;

struct molt_trait {
    molt_world *world;
    const char *name;
    uint32_t index;                  /* in the world, in order of declaration */
    uint64_t identity;               /* hash of the typed part */
    uint64_t meant;                  /* that of the C texts which it stands for: see wording.h */
    char *where;
    molt__field *fields;
    size_t field_count;
    size_t member_capacity;          /* of `fields` */
    molt__method **methods;
    size_t method_count;
    size_t method_capacity;
    size_t block_size;               /* its head included, a multiple of 8 */
    void *block;                     /* image of a new block: defaults, no vtable yet */
    uint32_t strings;                /* how many string fields */
    bool typed;                      /* has fields in C memory */
    molt__definitions own;           /* its own, under every other layer */
    molt_trait **required;
    size_t required_count;
    molt_trait **excluded;
    size_t excluded_count;
    molt__requirements needs;        /* what else it requires, line by line */
    molt__requirements bans;         /* traits that it excludes by their names */
    char *native;                    /* where C text declared it first; NULL: nowhere */
    bool partial;                    /* a draft without methods: see redraft.h */
    bool announced;                  /* a version that the Lua side was told of */
    bool past;                       /* a version that counted once: hosts may hold it */
};

enum { MOLT__MAX_METHODS = 64 };     /* typed methods of one trait: bits of molt_vtable.patched */

/* The version that counts: hosts may hold the trait as it was before it was declared again. */
molt_trait *molt__trait_now(molt_trait *trait);

const molt__field *molt__trait_field(const molt_trait *trait, const char *name);
molt__method *molt__trait_method(const molt_trait *trait, const char *name);

/* Do two methods have the same signature? Parameter names do not count. */
bool molt__method_same(const molt__method *a, const molt__method *b);

/* The trait that a C text declares, by its identity; NULL when this world has none. */
molt_trait *molt__trait_by_text(molt_world *world, molt_trait_text *text);

/* The identity of a C text; computed once and kept in it. */
uint64_t molt__text_identity(molt_world *world, molt_trait_text *text);

/* Takes back the traits that were declared since there were `count`: a module
 * that is refused leaves none. One that a class took up meanwhile stays. */
void molt__traits_undo(molt_world *world, size_t count);

void molt__trait_free(molt_trait *trait);

#endif
