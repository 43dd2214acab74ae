# The two C files made at build time: embedded_lua.c and cdef.c.

set(molt_generated_dir "${PROJECT_BINARY_DIR}/generated")
file(MAKE_DIRECTORY "${molt_generated_dir}")

file(GLOB_RECURSE molt_lua_files CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/bindings/lua/*.lua" "${PROJECT_SOURCE_DIR}/lua/*.lua")

add_custom_command(
  OUTPUT "${molt_generated_dir}/embedded_lua.c"
  COMMAND "${LUAJIT_PROGRAM}" "${PROJECT_SOURCE_DIR}/cmake/embed.lua"
    "${molt_generated_dir}/embedded_lua.c" "${PROJECT_SOURCE_DIR}" ${molt_lua_files}
  DEPENDS cmake/embed.lua cmake/c_array.lua ${molt_lua_files}
  COMMENT "Embedding the Lua sources"
  VERBATIM)

add_custom_command(
  OUTPUT "${molt_generated_dir}/cdef.c"
  COMMAND "${CMAKE_C_COMPILER}" -E -P -DMOLT_CDEF
    "${PROJECT_SOURCE_DIR}/core/include/molt/abi.h" -o "${molt_generated_dir}/abi.i"
  COMMAND "${LUAJIT_PROGRAM}" "${PROJECT_SOURCE_DIR}/cmake/cdef.lua"
    "${molt_generated_dir}/cdef.c" "${molt_generated_dir}/abi.i"
  DEPENDS cmake/cdef.lua cmake/c_array.lua core/include/molt/abi.h
  COMMENT "Generating the text for ffi.cdef"
  VERBATIM)
