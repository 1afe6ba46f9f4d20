cmake_minimum_required(VERSION 3.22)
# Every installed header of the core and the reference backend in a project that makes errors of warnings, its include
# folder an ordinary one, in each C++ from 20 on: cmake -DPREFIX=... -DCOMPILER=... -DSCRATCH=...
# -DEXAMPLES=<folder> -P warnings.cmake
file(MAKE_DIRECTORY "${SCRATCH}")
file(GLOB_RECURSE headers RELATIVE "${PREFIX}/include" "${PREFIX}/include/lipt/*.hpp")
list(FILTER headers EXCLUDE REGEX "^lipt/(chosen\\.hpp|backends/(onednn|torch)/)")
list(LENGTH headers count)
if(count LESS 50)
  message(FATAL_ERROR "${count} headers in ${PREFIX}/include/lipt, expected 50 and more")
endif()
list(TRANSFORM headers REPLACE "(.+)" "#include <\\1>\n")
string(CONCAT program ${headers} "int main() {}\n")
file(WRITE "${SCRATCH}/all.cpp" "${program}")
foreach(standard 20 23)
  execute_process(COMMAND "${COMPILER}" -std=c++${standard} -Wall -Wextra -Werror -fsyntax-only -I "${PREFIX}/include" "${SCRATCH}/all.cpp"
    COMMAND_ERROR_IS_FATAL ANY)
endforeach()
# And what templates say only where they are used.
foreach(example choose_subset own_trainer own_selector own_backend)
  execute_process(COMMAND "${COMPILER}" -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I "${PREFIX}/include" "${EXAMPLES}/${example}.cpp"
    COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# The flags do find what they look for.
file(WRITE "${SCRATCH}/planted.cpp" "struct pair { int a; int b; };\nint main() { return pair{.a = 1}.a - 1; }\n")
execute_process(COMMAND "${COMPILER}" -std=c++20 -Wall -Wextra -Werror -fsyntax-only "${SCRATCH}/planted.cpp" RESULT_VARIABLE status
  ERROR_VARIABLE said)
if(status EQUAL 0 OR NOT said MATCHES "missing")
  message(FATAL_ERROR "a missing initializer compiled without a word: ${said}")
endif()
