# LibTorch, for this project's build and for those who use it installed: Debian's libtorch-dev, PyPI's torch, or one that
# was unpacked somewhere; the last two are named with -DCMAKE_PREFIX_PATH. lipt_need is REQUIRED, or QUIET; then
# lipt_missing names what is not there. All of it becomes one target, lipt_libtorch.
# TorchConfig.cmake is looked at and not run: of a LibTorch with CUDA it stops where the machine has no toolkit with nvcc,
# or one of another version, and this project compiles nothing for CUDA: it needs LibTorch's own libraries and headers.
set(lipt_missing)
set(lipt_libtorch_least 1.13)
set(lipt_libtorch_built) # with which an installed lipt was built: LibTorch promises nothing from one version to another
include("${CMAKE_CURRENT_LIST_DIR}/lipt_torch_built.cmake" OPTIONAL)

# No LibTorch has this version, so every one in reach is weighed and none is loaded; the first is what would have been.
set(lipt_libtorch_found_before "${Torch_FOUND}")
find_package(Torch 99999 QUIET CONFIG)
set(Torch_FOUND "${lipt_libtorch_found_before}")
set(lipt_libtorch_config)
if(Torch_CONSIDERED_CONFIGS)
  list(GET Torch_CONSIDERED_CONFIGS 0 lipt_libtorch_config)
  list(GET Torch_CONSIDERED_VERSIONS 0 lipt_libtorch_version)
endif()
find_package(OpenMP ${lipt_need} COMPONENTS CXX) # LibTorch's threads are OpenMP's
if(NOT OpenMP_FOUND)
  list(APPEND lipt_missing OpenMP)
endif()

# The configuration lies in <prefix>/share/cmake/Torch, or in <libraries>/cmake/Torch.
set(lipt_libtorch_problem)
if(lipt_libtorch_config)
  get_filename_component(lipt_libtorch_cmake "${lipt_libtorch_config}" DIRECTORY)
  set(Torch_DIR "${lipt_libtorch_cmake}" CACHE PATH "The folder of TorchConfig.cmake" FORCE) # as a package that was found
  set(lipt_libtorch_up "${lipt_libtorch_cmake}/../..")
  foreach(lipt_library torch torch_cpu c10 torch_cuda c10_cuda)
    unset(lipt_${lipt_library}_library CACHE)
    find_library(lipt_${lipt_library}_library ${lipt_library} NO_DEFAULT_PATH
      PATHS "${lipt_libtorch_up}" "${lipt_libtorch_up}/../lib" "${lipt_libtorch_up}/../lib64")
    mark_as_advanced(lipt_${lipt_library}_library)
  endforeach()
  unset(lipt_libtorch_headers CACHE)
  find_path(lipt_libtorch_headers ATen/ATen.h NO_DEFAULT_PATH
    PATHS "${lipt_libtorch_up}/../include" "${lipt_libtorch_up}/../../include")
  mark_as_advanced(lipt_libtorch_headers)
  if(lipt_libtorch_version VERSION_LESS lipt_libtorch_least)
    set(lipt_libtorch_problem "that of '${lipt_libtorch_cmake}' is ${lipt_libtorch_version}")
  elseif(lipt_libtorch_built AND NOT lipt_libtorch_version VERSION_EQUAL lipt_libtorch_built)
    set(lipt_libtorch_problem "that of '${lipt_libtorch_cmake}' is ${lipt_libtorch_version}, not the one that this lipt was built with")
  elseif(NOT lipt_torch_library OR NOT lipt_torch_cpu_library OR NOT lipt_c10_library OR NOT lipt_libtorch_headers)
    set(lipt_libtorch_problem "that of '${lipt_libtorch_cmake}' has no shared libraries or no headers beside it")
  endif()
else()
  set(lipt_libtorch_problem "none was found")
endif()

# LibTorch's own OpenMP, where it brings one: a second one beside it would have threads of its own.
get_filename_component(lipt_libtorch_folder "${lipt_torch_cpu_library}" REALPATH)
get_filename_component(lipt_libtorch_folder "${lipt_libtorch_folder}" DIRECTORY)
set(lipt_libtorch_packaged FALSE)
if(lipt_libtorch_folder IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
  set(lipt_libtorch_packaged TRUE)
endif()
file(GLOB lipt_libtorch_gomp "${lipt_libtorch_folder}/libgomp*.so*")
if(lipt_libtorch_packaged OR lipt_libtorch_gomp MATCHES ";")
  set(lipt_libtorch_gomp) # the system's
elseif(lipt_libtorch_gomp AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT lipt_libtorch_problem)
  set(lipt_libtorch_problem "that of '${lipt_libtorch_cmake}' brings GCC's OpenMP, which ${CMAKE_CXX_COMPILER_ID} cannot use: take g++")
endif()

if(lipt_libtorch_problem)
  set(lipt_libtorch_wanted "LibTorch ${lipt_libtorch_least} or newer")
  if(lipt_libtorch_built)
    set(lipt_libtorch_wanted "LibTorch ${lipt_libtorch_built}")
  endif()
  list(APPEND lipt_missing "${lipt_libtorch_wanted}")
  if(lipt_need STREQUAL "REQUIRED")
    message(FATAL_ERROR "lipt: the backend torch needs ${lipt_libtorch_wanted}, and ${lipt_libtorch_problem}: install libtorch-dev, "
      "or name one with -DCMAKE_PREFIX_PATH (of PyPI's torch: what torch.utils.cmake_prefix_path says)")
  endif()
endif()

if(NOT TARGET lipt_libtorch AND NOT lipt_missing)
  add_library(lipt_libtorch INTERFACE IMPORTED GLOBAL)
  # A LibTorch may come with the older layout of std::string, and its configuration says so.
  file(STRINGS "${lipt_libtorch_config}" lipt_libtorch_strings REGEX "_GLIBCXX_USE_CXX11_ABI=[01]")
  string(REGEX MATCH "_GLIBCXX_USE_CXX11_ABI=[01]" lipt_libtorch_strings "${lipt_libtorch_strings}")
  string(REPLACE " " ";" lipt_libtorch_openmp "${OpenMP_CXX_FLAGS}")
  set_target_properties(lipt_libtorch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${lipt_libtorch_headers};${lipt_libtorch_headers}/torch/csrc/api/include"
    INTERFACE_COMPILE_DEFINITIONS "${lipt_libtorch_strings}"
    INTERFACE_COMPILE_OPTIONS "$<$<COMPILE_LANGUAGE:CXX>:${lipt_libtorch_openmp}>") # at::parallel_for is a header's
  # Kernels register themselves in libraries that no symbol asks for.
  set(lipt_libtorch_link "-Wl,--no-as-needed,${lipt_torch_library},${lipt_torch_cpu_library},--as-needed"
    "${lipt_torch_library}" "${lipt_torch_cpu_library}" "${lipt_c10_library}")
  set(lipt_libtorch_kind "for the processor")
  if(lipt_torch_cuda_library)
    list(APPEND lipt_libtorch_link "-Wl,--no-as-needed,${lipt_torch_cuda_library},--as-needed" "${lipt_torch_cuda_library}" "${lipt_c10_cuda_library}")
    set(lipt_libtorch_kind "for processor and CUDA")
  endif()
  if(lipt_libtorch_gomp)
    list(APPEND lipt_libtorch_link "${lipt_libtorch_gomp}")
  else()
    list(APPEND lipt_libtorch_link OpenMP::OpenMP_CXX)
  endif()
  # PyPI's brings the libraries of CUDA as packages beside it, newer than those that a toolkit may have put in the
  # linker's way.
  file(GLOB lipt_libtorch_beside LIST_DIRECTORIES TRUE "${lipt_libtorch_folder}/../../nvidia/*/lib")
  list(TRANSFORM lipt_libtorch_beside PREPEND "-Wl,-rpath-link,")
  set_target_properties(lipt_libtorch PROPERTIES INTERFACE_LINK_LIBRARIES "${lipt_libtorch_link}"
    INTERFACE_LINK_OPTIONS "${lipt_libtorch_beside}")
  message(STATUS "LibTorch ${lipt_libtorch_version} ${lipt_libtorch_kind} in '${lipt_libtorch_folder}'; lipt needs ${lipt_libtorch_least} or newer")
endif()
