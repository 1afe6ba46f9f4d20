# Files stay readable: cmake -DROOT=<tree> -P length.cmake
include("${CMAKE_CURRENT_LIST_DIR}/sources.cmake")

lint_sources(files "${ROOT}" hpp cpp cmake txt sh py html css js)
list(LENGTH files looked_at)
set(lint_faults)
foreach(file IN LISTS files)
  file(READ "${file}" content)
  string(REGEX MATCHALL "\n" lines "${content}")
  list(LENGTH lines count)
  set(most 400)
  if(file MATCHES "^${ROOT}/include/") # the core
    set(most 330)
  endif()
  if(count GREATER most)
    lint_fault("${file} has ${count} lines, at most ${most} are allowed: split it by idea")
  endif()
endforeach()
lint_verdict("length" ${looked_at})
