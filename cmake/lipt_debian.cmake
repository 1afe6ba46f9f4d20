# Debian packages: `cpack -G DEB` in the build directory. lipt is the program, liblipt-dev the core and the header-only
# backends, liblipt-<backend>-dev a compiled backend, liblipt-chosen-dev lipt::lipt, which is one of them; each depends on no
# more than it needs. -DLIPT_MORE_BACKENDS=torch makes a package of that one as well.
# A package for other machines than this one is configured with -DLIPT_NATIVE=OFF (preset `package`).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lipt)
set(CPACK_PACKAGE_CONTACT "the LiPT authors")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL ${lipt_parts})
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# A build for this processor alone says so in its version, which is part of the file's name.
set(lipt_package_version "${PROJECT_VERSION}")
if(LIPT_NATIVE)
  string(APPEND lipt_package_version "+native")
endif()
set(CPACK_DEBIAN_PACKAGE_VERSION "${lipt_package_version}")

# What those who link a backend must have installed.
set(lipt_packages_of_onednn "libxtensor-blas-dev, libopenblas-dev, libtbb-dev, libdnnl-dev")
set(lipt_packages_of_torch "libtorch-dev")

# lipt_debian_package(PART NAME SENTENCE DEPENDS)
macro(lipt_debian_package part name sentence depends)
  string(TOUPPER "${part}" lipt_part)
  set(CPACK_DEBIAN_${lipt_part}_PACKAGE_NAME "${name}")
  set(CPACK_DEBIAN_${lipt_part}_PACKAGE_DEPENDS "${depends}")
  set(CPACK_COMPONENT_${lipt_part}_DESCRIPTION "${sentence}")
  if(LIPT_NATIVE AND NOT "${part}" STREQUAL "development")
    string(APPEND CPACK_COMPONENT_${lipt_part}_DESCRIPTION "\nFor processors like that of the machine it was built on, only.")
  endif()
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${name}" RENAME copyright
    COMPONENT ${part})
endmacro()

foreach(part IN LISTS lipt_parts)
  if(part STREQUAL "development")
    lipt_debian_package(${part} liblipt-dev "The core and the backends that are headers alone, C++20." "libxtensor-dev")
  elseif(part STREQUAL "program")
    lipt_debian_package(${part} lipt "The program." "")
    set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
  elseif(part STREQUAL "mpi")
    lipt_debian_package(${part} lipt-mpi "Workers of the program as ranks of MPI." "lipt (= ${lipt_package_version})")
    set(CPACK_DEBIAN_MPI_PACKAGE_SHLIBDEPS ON)
  elseif(part STREQUAL "arrays")
    lipt_debian_package(${part} liblipt-arrays-dev "Selection on arrays at run time, for C++ and C." "liblipt-chosen-dev (= ${lipt_package_version}), libfmt-dev, libxxhash-dev")
  elseif(part STREQUAL "chosen")
    set(lipt_package_of_chosen liblipt-dev)
    if(LIPT_BACKEND IN_LIST lipt_parts)
      set(lipt_package_of_chosen liblipt-${LIPT_BACKEND}-dev)
    endif()
    lipt_debian_package(${part} liblipt-chosen-dev "The backend that lipt::lipt stands for: ${LIPT_BACKEND}."
      "${lipt_package_of_chosen} (= ${lipt_package_version})")
  else()
    lipt_debian_package(${part} liblipt-${part}-dev "The backend ${part}, for programs that link it."
      "liblipt-dev (= ${lipt_package_version}), ${lipt_packages_of_${part}}")
  endif()
endforeach()
include(CPack)
