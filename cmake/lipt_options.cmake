# What can be chosen at configure time, and the flags that every target of this project is built with.
set(LIPT_BACKEND "onednn" CACHE STRING "Backend of the lipt program: onednn, torch or reference")
set_property(CACHE LIPT_BACKEND PROPERTY STRINGS onednn torch reference)
set(lipt_known_backends onednn torch reference)
if(NOT LIPT_BACKEND IN_LIST lipt_known_backends)
  message(FATAL_ERROR "LIPT_BACKEND is '${LIPT_BACKEND}', expected one of: ${lipt_known_backends}")
endif()

set(LIPT_MORE_BACKENDS "" CACHE STRING "Backends built and installed as libraries besides LIPT_BACKEND, a list")
foreach(backend IN LISTS LIPT_MORE_BACKENDS)
  if(NOT backend IN_LIST lipt_known_backends)
    message(FATAL_ERROR "LIPT_MORE_BACKENDS has '${backend}', expected some of: ${lipt_known_backends}")
  endif()
endforeach()
# All that are built; the reference, which needs nothing, among them.
set(lipt_backends reference ${LIPT_BACKEND} ${LIPT_MORE_BACKENDS})
list(REMOVE_DUPLICATES lipt_backends)

option(LIPT_BUILD_TOOLS "Build the lipt program and its adapters" ${PROJECT_IS_TOP_LEVEL})
option(LIPT_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(LIPT_BACKEND_TESTS_ONLY "Of the tests only those that run LIPT_BACKEND; another build runs the rest" OFF)
option(LIPT_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(LIPT_BUILD_BENCHMARKS "Build the benchmarks" OFF)
option(LIPT_BUILD_LINTS "Lints of the tree among the tests; needs clang-format-14" OFF)
option(LIPT_MPI_TESTS "Tests that start ranks of MPI; needs Open MPI" OFF)
option(LIPT_SLURM_TESTS "Tests that start a Slurm of their own; needs slurmctld, slurmd, slurm-client and munge" OFF)
option(LIPT_BUILD_FUZZERS "Fuzzers of the file readers; needs Clang" OFF)
option(LIPT_NATIVE "Compile for the processor of this machine" ${PROJECT_IS_TOP_LEVEL})
option(LIPT_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(LIPT_EMBEDDED "Core and reference backend without exceptions and RTTI, for size" OFF)

if(LIPT_EMBEDDED AND NOT lipt_backends STREQUAL "reference")
  message(FATAL_ERROR "LIPT_EMBEDDED is the core and the reference backend, chosen are '${lipt_backends}': add -DLIPT_BACKEND=reference")
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
find_program(lipt_ccache ccache)
if(PROJECT_IS_TOP_LEVEL AND lipt_ccache AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${lipt_ccache}")
  # Precompiled headers are cached only with these; ccache reads them from its environment.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime;${lipt_ccache}")
endif()

# Private flags of this project's own targets; never passed on to those who link them.
add_library(lipt_flags INTERFACE)
target_compile_options(lipt_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers) # designated initialisers leave the rest to their defaults
if(LIPT_NATIVE)
  target_compile_options(lipt_flags INTERFACE -march=native)
endif()
if(LIPT_SANITIZE)
  target_compile_options(lipt_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(lipt_flags INTERFACE -fsanitize=address,undefined)
endif()
if(LIPT_EMBEDDED)
  target_compile_options(lipt_flags INTERFACE -Os -fno-exceptions -fno-rtti)
endif()
