/* roster.c: molt.core, the living of a class or a trait as a list that Lua owns. */
#include "binding.h"

#include "roster.h"

#include <string.h>

/* (class or nil, trait or nil) -> { object, generation, … } in order of creation as
 * memory that Lua owns, how many */
static int roster(lua_State *L)
{
    molt__binding *b = molt__binding_open(L);
    const molt_class *cls = lua_touserdata(L, 1);
    const molt_trait *trait = lua_touserdata(L, 2);
    const molt__roster *found = molt__roster_of(b->world, cls, trait);
    for (;;) {
        if (!found) return molt__push_failure(L, b);
        size_t room = found->count;
        molt__entry *list = lua_newuserdata(L, (room + 1) * sizeof *list);
        /* That may have run a finalizer, and more objects may have come. */
        found = molt__roster_of(b->world, cls, trait);
        if (!found || found->count > room) continue;
        if (found->count) memcpy(list, found->entry, found->count * sizeof *list);
        lua_pushinteger(L, (lua_Integer)found->count);
        return 2;
    }
}

void molt__open_roster(lua_State *L)
{
    lua_pushcfunction(L, roster);
    lua_setfield(L, -2, "roster");
}
