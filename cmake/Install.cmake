get_property(rooms GLOBAL PROPERTY SERDAB_ROOMS)
install(TARGETS ${rooms} EXPORT serdabTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT serdabTargets NAMESPACE serdab:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/serdab)
install(DIRECTORY src/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/serdab FILES_MATCHING PATTERN "*.h"
        PATTERN "internal" EXCLUDE)
include(CMakePackageConfigHelpers)
configure_package_config_file(cmake/serdabConfig.cmake.in ${CMAKE_BINARY_DIR}/serdabConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/serdab PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/serdabConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/serdabConfig.cmake ${CMAKE_BINARY_DIR}/serdabConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/serdab)
install(DIRECTORY data/tabular/ DESTINATION ${CMAKE_INSTALL_DATADIR}/serdab/data)
