/* declare_again.h: for tests: a trait gets another declaration, as Lua gives it one. */
#ifndef MOLT_TEST_DECLARE_AGAIN_H
#define MOLT_TEST_DECLARE_AGAIN_H

#include "world_fixture.h"

#include "evolve.h"
#include "redraft.h"

/* With these lines, and without its own method `dropped` (or NULL). Returns what the
 * trait is from now on. */
static inline molt_trait *declare_again(const char *name, const char *const *lines, size_t count, const char *dropped)
{
    molt_trait *current = molt_trait_find(with.world, name);
    molt_trait_lines again = { .size = sizeof again, .name = name, .lines = lines, .line_count = count, .where = "again" };
    molt_trait *draft = molt__redraft_lines(current, &again);
    if (!draft) fail_msg("%s", molt_last_error(with.world));
    molt__rewriting rewriting = { .current = current, .draft = draft, .dropped = &dropped, .dropped_count = dropped != NULL };
    molt__evolution evolution = { .world = with.world, .rewritings = &rewriting, .count = 1 };
    must(molt__evolution_prepare(&evolution));
    molt__evolution_commit(&evolution);
    molt__redraft_drop(with.world, draft);
    return molt_trait_find(with.world, name);
}

#endif
