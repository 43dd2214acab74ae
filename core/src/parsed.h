/* parsed.h: a declaration of a trait, parsed but not yet adopted. */
#ifndef MOLT_SRC_PARSED_H
#define MOLT_SRC_PARSED_H

#include "trait.h"

typedef struct molt__parsed {
    const char *name;
    const char *where;
    molt__declaration *members;
    size_t count;
    uint64_t identity;
} molt__parsed;

/* From lines, or from a C text; frees what it made when it fails. */
int molt__parsed_lines(molt_world *world, molt__parsed *d, const molt_trait_lines *lines);
int molt__parsed_text(molt_world *world, molt__parsed *d, const molt_trait_text *text);
void molt__parsed_free(molt_world *world, molt__parsed *d);

/* Declares these methods, too, one at least: each where its name is, or at the end. Frees
 * what was parsed when it fails. */
int molt__parsed_keep(molt_world *world, molt__parsed *d, molt__method *const *methods, size_t count);

/* The error that says in which member the two differ first. */
int molt__parsed_refuse(molt_world *world, const molt_trait *trait, const molt__parsed *d);

/* The same of two that nobody has adopted. */
int molt__parsed_differ(molt_world *world, const molt__parsed *a, const molt__parsed *b);

/* Gives an empty trait its contents; without methods where it is not to be called. */
int molt__trait_fill_from(molt_trait *trait, const molt__parsed *d, bool with_methods);

/* What only Lua sees may be added by a later declaration; all of it, or nothing. */
int molt__trait_add_lua_fields(molt_trait *trait, const molt__parsed *d);

/* What it requires and excludes, from lines; what C's own idea of it must be. */
int molt__trait_demand(molt_trait *trait, const molt_trait_lines *lines);
int molt__traits_copy(molt_world *world, molt_trait ***to, size_t *to_count, molt_trait *const *from, size_t count);
int molt__trait_check_text(molt_world *world, const molt_trait *trait, const molt_trait_text *text);
int molt__trait_adopt_defaults(molt_trait *trait, const void *defaults);

#endif
