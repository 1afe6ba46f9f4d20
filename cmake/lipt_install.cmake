# What `cmake --install` puts where, and the package that find_package(lipt COMPONENTS ...) reads.
include(CMakePackageConfigHelpers)
set(lipt_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/lipt")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/lipt" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")

# lipt_install_component(NAME TARGET): lipt::NAME, its targets file, and the headers of the backend of that name.
function(lipt_install_component name target)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ${target} EXPORT lipt-${name} ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT lipt-${name} NAMESPACE lipt:: FILE lipt-${name}-targets.cmake DESTINATION "${lipt_package_dir}")
  if(EXISTS "${PROJECT_SOURCE_DIR}/backends/${name}")
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/backends/${name}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/lipt/backends"
      FILES_MATCHING PATTERN "*.hpp" PATTERN detail EXCLUDE)
  endif()
endfunction()

lipt_install_component(core lipt_core)
foreach(backend reference onednn)
  if(TARGET lipt_${backend})
    lipt_install_component(${backend} lipt_${backend})
  endif()
endforeach()
if(TARGET lipt_onednn)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/lipt_onednn_libraries.cmake" DESTINATION "${lipt_package_dir}")
endif()
if(TARGET lipt)
  install(TARGETS lipt RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/lipt-config.cmake.in" "${PROJECT_BINARY_DIR}/lipt-config.cmake"
  INSTALL_DESTINATION "${lipt_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/lipt-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/lipt-config.cmake" "${PROJECT_BINARY_DIR}/lipt-config-version.cmake"
  DESTINATION "${lipt_package_dir}")
