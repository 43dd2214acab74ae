# The native modules, and the programs that embed Molt.

if(EXISTS "${PROJECT_SOURCE_DIR}/natives/CMakeLists.txt")
  add_subdirectory(natives)
endif()

file(GLOB example_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.c")
set(molt_examples)
foreach(source ${example_sources})
  get_filename_component(name "${source}" NAME_WE)
  list(APPEND molt_examples ${name})
  add_executable(example_${name} "${source}")
  target_link_libraries(example_${name} PRIVATE molt_static)
  molt_warn(example_${name})
  # Lua modules written in C find the Lua symbols in the program.
  set_target_properties(example_${name} PROPERTIES
    OUTPUT_NAME ${name}
    ENABLE_EXPORTS ON
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
endforeach()
