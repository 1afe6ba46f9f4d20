cmake_minimum_required(VERSION 3.22)
# Every lint finds what it is for: cmake -DSCRATCH=<folder> -DCLANG_FORMAT=<program> -P selftest.cmake
# Each case plants one file in a tree that is as it should be, and names what the lint must say of it.
set(lints "${CMAKE_CURRENT_LIST_DIR}")

function(plant path content)
  file(WRITE "${SCRATCH}/${path}" "${content}")
endfunction()

# expect(LINT RESULT TEXT): RESULT is good or bad; a bad one must say TEXT.
function(expect lint result text)
  execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${SCRATCH}" "-DCLANG_FORMAT=${CLANG_FORMAT}" -P "${lints}/${lint}.cmake"
    RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  string(FIND "${said}" "${text}" at)
  if(result STREQUAL "good" AND NOT code EQUAL 0)
    message(FATAL_ERROR "${lint} refused a good tree: ${said}")
  elseif(result STREQUAL "bad" AND (code EQUAL 0 OR at EQUAL -1))
    message(FATAL_ERROR "${lint} did not find '${text}'; it said: ${said}")
  endif()
endfunction()

# planted(LINT PATH CONTENT TEXT): with this file the lint says TEXT, without it nothing.
function(planted lint path content text)
  plant("${path}" "${content}")
  expect(${lint} bad "${text}")
  file(REMOVE "${SCRATCH}/${path}")
  expect(${lint} good "")
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
plant(include/lipt/error.hpp "#include <string>\n")
plant(include/lipt/soup.hpp "#include <lipt/error.hpp>\n\n#include <xtensor/xtensor.hpp>\n")
plant(backends/onednn/tensor.cpp "#include \"tensor.hpp\"\n\n#include <lipt/tensor.hpp>\n\n#include <tbb/task_arena.h>\n")
plant(adapters/cli/main.cpp "#include <lipt/backends/onednn/tensor.hpp>\n")

planted(layers include/lipt/prune.hpp "#include <lipt/backends/onednn/tensor.hpp>\n" "the core sees no backend")
planted(layers include/lipt/prune.hpp "#include <lipt/adapters/store/npy.hpp>\n" "the core sees no backend and no adapter")
planted(layers include/lipt/prune.hpp "#  include <lipt/soup.hpp>\n" "a stage sees only earlier ones")
planted(layers include/lipt/select/a.hpp "#include <lipt/pipeline.hpp>\n" "a stage sees only earlier ones")
planted(layers include/lipt/prune.hpp "#include <tbb/parallel_for.h>\n" "standard library and xtensor only")
planted(layers include/lipt/prune.hpp "#include <sys/mman.h>\n" "standard library and xtensor only")
planted(layers include/lipt/prune.hpp "#include <iostream>\n" "no threads, streams or files")
planted(layers include/lipt/prune.hpp "#include <lipt/elsewhere.hpp>\n" "a stage sees only earlier ones")
planted(layers include/lipt/elsewhere.hpp "#include <string>\n" "has no place in the order")
planted(layers backends/reference/a.hpp "#include <lipt/soup.hpp>\n" "a backend sees the core's seams")
planted(layers backends/reference/a.hpp "#include <lipt/backends/onednn/tensor.hpp>\n" "a backend sees the core's seams")
planted(layers backends/reference/a.hpp "#include <tbb/parallel_for.h>\n" "a backend sees the core's seams")
planted(layers backends/reference/a.hpp "#include \"../onednn/tensor.hpp\"\n" "a backend sees the core's seams")
planted(layers adapters/store/a.cpp "#include <lipt/backends/reference/tensor.hpp>\n" "only adapters/cli sees")
planted(layers adapters/store/a.cpp "#include <lipt/adapters/cli/options.hpp>\n" "only adapters/cli sees")

# Words of the words lint stand here in pieces, since the lint reads this file too.
set(empty "")
string(REPEAT "int line;\n" 401 long)
planted(length tests/long.cpp "${long}" "has 401 lines")
string(REPEAT "int line;\n" 331 long)
planted(length include/lipt/a.hpp "${long}" "at most 330 are allowed")
planted(words cmake/a.cmake "# TO${empty}DO: later\n" "holds 'TO${empty}DO'")
planted(words adapters/a.cpp "// not ${empty}implemented\n" "holds 'not ${empty}implemented'")
planted(words tests/a.hpp "// see /wor${empty}k/shared\n" "holds '/wor${empty}k/'")
plant(REFERENCES.md "- **[Ro2023]** Y. Ro and others.\n")
planted(references include/lipt/prune.hpp "// source: [Ro2023] Section 3, [No${empty}body2099]\n" "[No${empty}body2099]")
planted(format adapters/a.cpp "int   f( ){return 1;}\n" "a.cpp is not formatted")

file(REMOVE_RECURSE "${SCRATCH}")
message(STATUS "the lints find what they are for")
