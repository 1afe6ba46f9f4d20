# Compiles a program that must fail, and the same with LIPT_MENDED, which must not: so nothing but the fault fails it.
# cmake -DCOMPILER=c++ -DINCLUDES=folder,folder -DSOURCE=x.cpp -DNAMES=what,the,diagnostic,names [-DFLAG=flag] [-DERRORS=n]
#       -P check.cmake
# FLAG: the fault is this flag of the compiler, and the mended program is compiled without it. ERRORS: no more than so many.
string(REPLACE "," ";" folders "${INCLUDES}")
string(REPLACE "," ";" names "${NAMES}")
list(TRANSFORM folders PREPEND "-I")
set(compile "${COMPILER}" -std=c++20 -fsyntax-only -fno-diagnostics-show-caret ${folders})

execute_process(COMMAND ${compile} -DLIPT_MENDED "${SOURCE}" RESULT_VARIABLE status ERROR_VARIABLE diagnostic)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} must compile with LIPT_MENDED:\n${diagnostic}")
endif()
execute_process(COMMAND ${compile} ${FLAG} "${SOURCE}" RESULT_VARIABLE status ERROR_VARIABLE diagnostic)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiled, and must not")
endif()
# The name of the program says it as well, which must not count.
string(REPLACE "${SOURCE}" "" diagnostic "${diagnostic}")
foreach(name IN LISTS names)
  string(FIND "${diagnostic}" "${name}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "${SOURCE} failed to compile without a word of '${name}':\n${diagnostic}")
  endif()
endforeach()
if(DEFINED ERRORS)
  string(REGEX MATCHALL "error:" errors "${diagnostic}")
  list(LENGTH errors count)
  if(count GREATER ERRORS)
    message(FATAL_ERROR "${SOURCE} fails with ${count} errors, expected at most ${ERRORS}:\n${diagnostic}")
  endif()
endif()
