/*
 * select.h: a trait under other names: what without, rename and alias make.
 *
 *   rename(Vehicle, { range = "reach" })      own    name    defines  slot
 *                                             range  reach      x       x
 *   alias(Vehicle, { range = "reach" })       range  range      x       x
 *                                             range  reach      x
 *   without(Vehicle, "range")                 range  range              x
 *
 * A pair says that what the trait calls `own` is `name` where it is composed:
 * its definition is among those of the name (defines), and whatever wins the
 * name fills its slot (slot). Names that have no pairs are as the trait has them.
 * Composing two selections of one trait unites their pairs, so the three verbs
 * distribute over composition. Equal selections are one pointer; NULL is the
 * trait as it is.
 */
#ifndef MOLT_SRC_SELECT_H
#define MOLT_SRC_SELECT_H

#include <molt/trait.h>

enum { MOLT__DEFINES = 1, MOLT__SLOT = 2, MOLT__EITHER = 3 };

typedef struct molt__pair {
    const char *own;                 /* interned, as is `name` */
    const char *name;
    unsigned role;
} molt__pair;

typedef struct molt__selection {
    molt_trait *trait;
    size_t count;
    molt__pair pair[];               /* sorted by own, then by name */
} molt__selection;

typedef enum molt__select_verb { MOLT__WITHOUT, MOLT__RENAME, MOLT__ALIAS } molt__select_verb;

/* Applies a verb to a selection: `names` are interned, for MOLT__WITHOUT one by
 * one, else old and new by turns. False: no memory. */
bool molt__select(molt_trait *trait, const molt__selection *from, molt__select_verb verb, const char *const *names,
                  size_t count, const molt__selection **out);

/* Is anything of the trait known by that name? */
bool molt__select_has(const molt_trait *trait, const molt__selection *from, const char *name);

/* The selection of exactly these pairs. False: no memory. */
bool molt__select_pairs(molt_trait *trait, const molt__pair *pairs, size_t count, const molt__selection **out);

/* Both at once. False: no memory. */
bool molt__select_unite(molt_trait *trait, const molt__selection *a, const molt__selection *b,
                        const molt__selection **out);

/* What the trait calls the things that are `name` in that role, one after the
 * other; NULL after the last. Begin with *at = 0. */
const char *molt__select_own(const molt__selection *names, const char *name, unsigned role, size_t *at);

/* The names of what the trait calls `own`, likewise. */
const char *molt__select_name(const molt__selection *names, const char *own, size_t *at);

/* The name whose winner fills the slot: the trait's own if it is among them. */
const char *molt__select_slot(const molt__selection *names, const char *own);

void molt__selections_free(molt_world *world);

#endif
