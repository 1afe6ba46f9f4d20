cmake_minimum_required(VERSION 3.22)
# xtensor with its headers in folders, as from 0.26 on: a tree made of the installed headers, moved, whose includes name
# the new places. The core and the reference backend take it from there and nothing from the installed one.
#   cmake -DPREFIX=... -DCOMPILER=... -DSCRATCH=... -DHEADERS=<folder with xtensor/ and xtl/> -P moved_xtensor.cmake
file(REMOVE_RECURSE "${SCRATCH}")
set(tree "${SCRATCH}/headers")
# Where each header goes: two folders stand for the nine.
set(containers xadapt xarray xbuffer_adaptor xchunked_array xcontainer xfixed xscalar xstorage xtensor)
file(GLOB headers RELATIVE "${HEADERS}/xtensor" "${HEADERS}/xtensor/*.hpp")
list(LENGTH headers count)
if(count LESS 50)
  message(FATAL_ERROR "${count} headers in ${HEADERS}/xtensor: the layout to start from is that of one folder")
endif()
function(folder_of out header)
  cmake_path(GET header STEM stem)
  set(${out} core PARENT_SCOPE)
  if(stem IN_LIST containers)
    set(${out} containers PARENT_SCOPE)
  endif()
endfunction()
foreach(header IN LISTS headers)
  file(READ "${HEADERS}/xtensor/${header}" text)
  foreach(other IN LISTS headers)
    folder_of(folder ${other})
    string(REPLACE "#include \"${other}\"" "#include \"../${folder}/${other}\"" text "${text}")
  endforeach()
  folder_of(folder ${header})
  file(WRITE "${tree}/xtensor/${folder}/${header}" "${text}")
endforeach()
file(CREATE_LINK "${HEADERS}/xtl" "${tree}/xtl" SYMBOLIC)

# By find_package, which reads the same setting.
set(build "${SCRATCH}/build")
execute_process(COMMAND "${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/project" -B "${build}" "-DCMAKE_PREFIX_PATH=${PREFIX}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DLIPT_XTENSOR=${tree}" -DCOMPONENT=reference -DCMAKE_DISABLE_FIND_PACKAGE_xtensor=ON
  OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said MATCHES "lipt: xtensor 0\\.[0-9]+\\.[0-9]+")
  message(FATAL_ERROR "configuring does not say which xtensor it found: ${said}")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${build}/consumer" COMMAND_ERROR_IS_FATAL ANY)

# Which headers that were.
execute_process(COMMAND "${COMPILER}" -std=c++20 -M -isystem "${tree}" -I "${PREFIX}/include" "${build}/backend.cpp"
  OUTPUT_VARIABLE read COMMAND_ERROR_IS_FATAL ANY)
if(NOT read MATCHES "headers/xtensor/containers/xtensor\\.hpp" OR read MATCHES "${HEADERS}/xtensor/")
  message(FATAL_ERROR "the moved headers were not read, or others besides: ${read}")
endif()

# A folder that is not one of headers is refused in a sentence.
execute_process(COMMAND "${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/project" -B "${SCRATCH}/wrong" "-DCMAKE_PREFIX_PATH=${PREFIX}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DLIPT_XTENSOR=${tree}/xtensor" RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE said)
string(REGEX REPLACE "[ \n]+" " " said "${said}")
if(status EQUAL 0 OR NOT said MATCHES "which has no folder 'xtensor'")
  message(FATAL_ERROR "a wrong LIPT_XTENSOR was not refused: ${said}")
endif()
