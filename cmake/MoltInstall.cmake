# Where everything goes below the prefix. `molt`, installed, looks for it there.
include(GNUInstallDirs)

install(PROGRAMS molt DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS molt LIBRARY DESTINATION lib/lua/5.1)
install(TARGETS molt_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY core/include/molt bindings/include/molt
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# molt.pc finds the prefix from its own place, wherever that came to be.
file(RELATIVE_PATH molt_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/molt.pc.in molt.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/molt.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(DIRECTORY "${PROJECT_BINARY_DIR}/natives/" DESTINATION lib/molt
  FILES_MATCHING PATTERN "*.so" PATTERN CMakeFiles EXCLUDE)
install(DIRECTORY examples natives DESTINATION ${CMAKE_INSTALL_DATADIR}/molt
  FILES_MATCHING PATTERN "*.lua" PATTERN "*.c" PATTERN "*.h" PATTERN "*.csv")
install(FILES cmake/stamp.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/molt)
