/*
 * require.h: what a trait requires of the traits it is combined with, line by line.
 *
 *   "trait Engine"           a trait by its name, which may be declared later
 *   "double range(double)"   a method: whatever answers for the name, typed or Lua's
 *   "describe"               a method of that name, whatever its signature
 *   "double fuel"            a field of exactly that type
 *
 * Requirements are checked of the whole set, so those of two traits may be each
 * other's.
 */
#ifndef MOLT_SRC_REQUIRE_H
#define MOLT_SRC_REQUIRE_H

#include <molt/trait.h>

typedef enum molt__need {
    MOLT__NEED_TRAIT,
    MOLT__NEED_FIELD,
    MOLT__NEED_METHOD,
    MOLT__NEED_NAME                  /* a method of any signature */
} molt__need;

typedef struct molt__requirement {
    molt__need need;
    const char *name;                /* interned */
    molt_kind kind;                  /* of a field */
    char *text;                      /* "double range(double)"; of a trait its name */
} molt__requirement;

typedef struct molt__requirements {
    molt__requirement *item;
    size_t count;
} molt__requirements;

/* Parses lines into an empty list; on failure it stays empty. `only_traits`: a
 * list of exclusions. */
int molt__requirements_parse(molt_world *world, molt__requirements *list, const char *const *lines, size_t count,
                             bool only_traits);
void molt__requirements_free(molt_world *world, molt__requirements *list);

/* Does `trait` itself require, or exclude, the other one? */
bool molt__trait_requires(const molt_trait *trait, const molt_trait *other);
bool molt__trait_excludes(const molt_trait *trait, const molt_trait *other);

/* Could the trait ever be part of anything? Not if what it requires, and what
 * that requires in turn, excludes one another. */
int molt__requirements_check(molt_trait *trait);

#endif
