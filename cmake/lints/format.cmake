# Every C++ file as .clang-format wants it: cmake -DROOT=<tree> -DCLANG_FORMAT=<program> -P format.cmake
include("${CMAKE_CURRENT_LIST_DIR}/sources.cmake")
set(style "${CMAKE_CURRENT_LIST_DIR}/../../.clang-format")

lint_sources(files "${ROOT}" hpp cpp)
list(LENGTH files looked_at)
set(lint_faults)
execute_process(COMMAND "${CLANG_FORMAT}" "--style=file:${style}" --dry-run -Werror ${files}
  RESULT_VARIABLE result ERROR_VARIABLE complaints)
string(REGEX MATCHALL "[^\n]+:[0-9]+:[0-9]+: error: code should be clang-formatted" places "${complaints}")
list(TRANSFORM places REPLACE ":[0-9]+:[0-9]+: error.*" "")
list(REMOVE_DUPLICATES places)
foreach(file IN LISTS places)
  lint_fault("${file} is not formatted: run ${CLANG_FORMAT} -i on it")
endforeach()
if(NOT result EQUAL 0 AND NOT places)
  lint_fault("${CLANG_FORMAT} failed: ${complaints}")
endif()
lint_verdict("format" ${looked_at})
