cmake_minimum_required(VERSION 3.22)
# The core where there is nothing but the C and C++ libraries and xtensor: no header of TBB, oneDNN, BLAS or Torch.
#   cmake -DPREFIX=<installed lipt> -DCOMPILER=<c++> -DSCRATCH=<folder> -P isolated.cmake
set(root "${SCRATCH}/root")
file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${root}/usr/include")
foreach(package libc6-dev linux-libc-dev libxtensor-dev xtl-dev)
  execute_process(COMMAND dpkg-query -L ${package} OUTPUT_VARIABLE files COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "/usr/include/[^\n]+\\.(h|hpp)\n" files "${files}")
  foreach(file IN LISTS files)
    string(STRIP "${file}" file)
    cmake_path(GET file PARENT_PATH folder)
    file(MAKE_DIRECTORY "${root}${folder}")
    file(CREATE_LINK "${file}" "${root}${file}" SYMBOLIC)
  endforeach()
endforeach()
set(compile "${COMPILER}" -std=c++20 "--sysroot=${root}" -I "${PREFIX}/include")

# What must not be found is there on this machine, and hidden here.
foreach(header tbb/task_arena.h oneapi/dnnl/dnnl.hpp cblas.h xtensor-blas/xblas.hpp torch/torch.h)
  file(WRITE "${SCRATCH}/forbidden.cpp" "#if __has_include(<${header}>)\n#error found\n#endif\n")
  execute_process(COMMAND ${compile} -fsyntax-only "${SCRATCH}/forbidden.cpp" COMMAND_ERROR_IS_FATAL ANY)
endforeach()

execute_process(COMMAND ${compile} -c "${CMAKE_CURRENT_LIST_DIR}/project/core.cpp" -o "${SCRATCH}/core.o"
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${COMPILER}" "${SCRATCH}/core.o" -o "${SCRATCH}/core" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${SCRATCH}/core" COMMAND_ERROR_IS_FATAL ANY)

# A program that does want them does not compile here: the isolation holds.
file(WRITE "${SCRATCH}/forbidden.cpp" "#include <lipt/backends/onednn/tensor.hpp>\n")
execute_process(COMMAND ${compile} -fsyntax-only "${SCRATCH}/forbidden.cpp" RESULT_VARIABLE status ERROR_QUIET)
if(status EQUAL 0)
  message(FATAL_ERROR "the oneDNN backend's header compiled in a place without TBB and BLAS")
endif()
