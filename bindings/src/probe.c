/* probe.c: molt.core, whether modules are tried in a child first. */
#include "binding.h"

#include <molt/module.h>

/* ([on]) -> on */
static int module_probe(lua_State *L)
{
    molt_world *world = molt__binding_open(L)->world;
    if (lua_isboolean(L, 1)) molt_module_probe(world, lua_toboolean(L, 1));
    lua_pushboolean(L, molt_module_probes(world));
    return 1;
}

void molt__open_probe(lua_State *L)
{
    static const luaL_Reg functions[] = { { "module_probe", module_probe }, { NULL, NULL } };
    luaL_register(L, NULL, functions);
}
