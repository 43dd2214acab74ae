# molt_warn(target): the warnings that Molt's own C is clean under, with gcc and clang.
function(molt_warn target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
    # Texts for people are cut where the room ends, knowingly.
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
  if(MOLT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
