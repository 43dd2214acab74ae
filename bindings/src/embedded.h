/* embedded.h: the generated texts: Lua sources and the declarations LuaJIT gets. */
#ifndef MOLT_SRC_EMBEDDED_H
#define MOLT_SRC_EMBEDDED_H

#include <stddef.h>

struct molt_embedded_lua { const char *module; const char *chunk; const char *source; size_t length; };
extern const struct molt_embedded_lua molt__embedded_lua[];
extern const size_t molt__embedded_lua_count;

extern const char molt__cdef[];
struct molt_abi_entry { const char *name; size_t value; };
extern const struct molt_abi_entry molt__abi[];
extern const size_t molt__abi_count;

#endif
