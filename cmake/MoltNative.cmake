# molt_add_native(name file.c…): a native module, name.so, from C files that
# include <molt/native.h>. The same flags as `molt build`.
#
# It is written to CMAKE_LIBRARY_OUTPUT_DIRECTORY, or else to the folder's own
# place in the build tree.

add_library(molt_native_headers INTERFACE)
get_filename_component(_molt_include "${CMAKE_CURRENT_LIST_DIR}/../core/include" ABSOLUTE)
target_include_directories(molt_native_headers INTERFACE "${_molt_include}")

# -z defs: a symbol that nobody defines fails here and not in the game.
# --build-id: how the loader proves that the image it got is the file it copied.
add_library(molt_native_link INTERFACE)
target_link_options(molt_native_link INTERFACE -Wl,--build-id)
if(NOT (MOLT_SANITIZE AND CMAKE_C_COMPILER_ID MATCHES Clang))
  # clang leaves the sanitizer's symbols to the program.
  target_link_options(molt_native_link INTERFACE -Wl,-z,defs)
endif()
target_link_libraries(molt_native_link INTERFACE m)

# After linking, its length and checksum are written into its note: a file that was
# damaged on its way is refused. A property, for projects that only add this folder.
set_property(TARGET molt_native_headers PROPERTY MOLT_STAMP
  "${LUAJIT_PROGRAM}" "${CMAKE_CURRENT_LIST_DIR}/stamp.lua")

function(molt_add_native name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE molt_native_headers molt_native_link)
  target_compile_options(${name} PRIVATE -Wall -Wextra $<$<BOOL:${MOLT_WERROR}>:-Werror>)
  set_target_properties(${name} PROPERTIES
    PREFIX ""
    SUFFIX ".so"
    C_STANDARD 17
    C_STANDARD_REQUIRED ON
    C_VISIBILITY_PRESET hidden
    BUILD_WITH_INSTALL_RPATH ON)   # installing it does not change the file
  get_property(stamp TARGET molt_native_headers PROPERTY MOLT_STAMP)
  add_custom_command(TARGET ${name} POST_BUILD COMMAND ${stamp} "$<TARGET_FILE:${name}>" VERBATIM)
endfunction()
