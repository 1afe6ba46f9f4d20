# What `cmake --install` puts where: the package that find_package(lipt COMPONENTS ...) reads, the file that pkg-config
# reads, headers, libraries, the program. Each part belongs to one Debian package (lipt_debian.cmake).
include(CMakePackageConfigHelpers)
set(lipt_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/lipt")
set(lipt_parts development)

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/lipt" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development
  FILES_MATCHING PATTERN "*.hpp")

# lipt_install_target(NAME TARGET PART): lipt::NAME and its targets file.
function(lipt_install_target name target part)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ${target} EXPORT lipt-${name} ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${part})
  install(EXPORT lipt-${name} NAMESPACE lipt:: FILE lipt-${name}-targets.cmake DESTINATION "${lipt_package_dir}"
    COMPONENT ${part})
endfunction()

# lipt_install_backend(NAME): lipt::NAME, its headers, and how its libraries are found. A backend that is compiled is a
# part of its own, so that nobody needs its libraries who does not use it.
function(lipt_install_backend name)
  get_target_property(type lipt_${name} TYPE)
  set(part development)
  if(NOT type STREQUAL "INTERFACE_LIBRARY" OR EXISTS "${PROJECT_SOURCE_DIR}/cmake/lipt_${name}_libraries.cmake")
    set(part ${name})
    list(APPEND lipt_parts ${name})
    set(lipt_parts "${lipt_parts}" PARENT_SCOPE)
  endif()
  lipt_install_target(${name} lipt_${name} ${part})
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/backends/${name}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/lipt/backends"
    COMPONENT ${part} FILES_MATCHING PATTERN "*.hpp" PATTERN detail EXCLUDE)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/lipt_${name}_libraries.cmake" "${PROJECT_BINARY_DIR}/lipt_${name}_built.cmake" DESTINATION "${lipt_package_dir}"
    COMPONENT ${part} OPTIONAL)
endfunction()

lipt_install_target(core lipt_core development)
foreach(backend IN LISTS lipt_backends)
  lipt_install_backend(${backend})
endforeach()
# lipt::lipt, a part of its own as well: who has two backends installed has chosen one of them.
list(APPEND lipt_parts chosen)
lipt_install_target(lipt lipt_chosen chosen)
install(FILES "${PROJECT_BINARY_DIR}/include/lipt/chosen.hpp" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/lipt" COMPONENT chosen)
file(WRITE "${PROJECT_BINARY_DIR}/lipt_chosen.cmake" "set(lipt_chosen ${LIPT_BACKEND})\n")
install(FILES "${PROJECT_BINARY_DIR}/lipt_chosen.cmake" DESTINATION "${lipt_package_dir}" COMPONENT chosen)
# lipt::arrays with the files that it reads and writes.
if(TARGET lipt_arrays)
  set_target_properties(lipt_store PROPERTIES EXPORT_NAME store)
  install(TARGETS lipt_store EXPORT lipt-arrays ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT arrays)
  lipt_install_target(arrays lipt_arrays arrays)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/adapters/arrays" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/lipt/adapters" COMPONENT arrays
    FILES_MATCHING PATTERN "array_view.hpp" PATTERN "select.hpp" PATTERN "agreement.hpp"
    PATTERN "named_tensors.hpp" PATTERN "soup.hpp" PATTERN "masks.hpp" PATTERN "shards.hpp" PATTERN "lipt.h")
  install(FILES "${PROJECT_BINARY_DIR}/include/lipt/arrays.hpp" "${PROJECT_SOURCE_DIR}/adapters/arrays/lipt.h"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/lipt" COMPONENT arrays)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/lipt_arrays_libraries.cmake" DESTINATION "${lipt_package_dir}" COMPONENT arrays)
  list(APPEND lipt_parts arrays)
endif()
if(TARGET lipt)
  install(TARGETS lipt RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)
  list(APPEND lipt_parts program)
endif()
if(TARGET lipt_mpi)
  install(TARGETS lipt_mpi RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT mpi)
  list(APPEND lipt_parts mpi)
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/lipt-config.cmake.in" "${PROJECT_BINARY_DIR}/lipt-config.cmake"
  INSTALL_DESTINATION "${lipt_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/lipt-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/lipt-config.cmake" "${PROJECT_BINARY_DIR}/lipt-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/lipt_xtensor.cmake"
  DESTINATION "${lipt_package_dir}" COMPONENT development)

# What was compiled for this processor serves others by chance only: said where it is installed.
if(LIPT_NATIVE)
  install(CODE "message(WARNING \"lipt was compiled for the processor of this machine (LIPT_NATIVE): on others its program and \"
    \"libraries may stop with 'illegal instruction'. For any processor configure with -DLIPT_NATIVE=OFF.\")" ALL_COMPONENTS)
endif()

# The core for those who build without CMake. It finds its headers from where it lies, so the whole may be moved.
file(RELATIVE_PATH lipt_prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/.")
configure_file("${PROJECT_SOURCE_DIR}/cmake/lipt.pc.in" "${PROJECT_BINARY_DIR}/lipt.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/lipt.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
