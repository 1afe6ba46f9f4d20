# Who draws from which stream of chance: cmake -DROOT=<tree> -P streams.cmake
# Two parts that draw from one key draw the same numbers, and nothing else would show it. So every use of a stage stands
# here, by the file that draws and what tells its draws apart; a new one is added with the use.
include("${CMAKE_CURRENT_LIST_DIR}/sources.cmake")

# stage, file, the fields of the key that are set. A stage with two files says why they never meet.
set(uses
  "weights|include/lipt/network/network.hpp|pass: run, sample: tensor"
  "hold_out|include/lipt/run/context.hpp|sample: class"
  "subsample|adapters/cli/run_data.cpp|sample: class"
  "initialize_order|include/lipt/pretrain/pretraining.hpp|worker: run, pass: epoch - the common start or conventional pre-training"
  "initialize_augment|include/lipt/pretrain/pretraining.hpp|worker: run, pass: epoch, sample: image - as its order"
  "plan|include/lipt/pretrain/shard.hpp|one order of the pool"
  "local_order|include/lipt/pretrain/local.hpp|worker, pass"
  "local_augment|include/lipt/pretrain/local.hpp|worker, pass, sample: image"
  "density|include/lipt/pretrain/prune.hpp|worker"
  "prune|include/lipt/pretrain/prune.hpp|worker, sample: group of tensors"
  "select|include/lipt/select/random.hpp|pass, sample: pool - one method chooses a subset"
  "select|include/lipt/select/samplers.hpp|sample: pool - a scorer's, which draws nothing else"
  "select|include/lipt/select/greedy.hpp|sample: pool - a set function's, which has no sampler"
  "select|include/lipt/select/gradmatch_batch.hpp|sample: pool - neither of them"
  "select|include/lipt/select/k_means.hpp|worker: 1, sample: pool - the seeds, before a sampler draws"
  "select|include/lipt/select/zcore.hpp|worker: 2, sample: pool - the rating, before a sampler draws"
  "select|include/lipt/select/info_batch.hpp|pass: epoch, sample: image - in one's own loop, in place of a method"
  "train_order|include/lipt/train/loop.hpp|pass: epoch"
  "train_augment|include/lipt/train/loop.hpp|pass: epoch, sample: image"
  "train_augment|include/lipt/run/trials.hpp|worker: draw, pass: epoch, sample: image - as the main training would, on purpose"
  "observe|include/lipt/pretrain/pretraining.hpp|one order of the pool"
  "trial|include/lipt/run/trials.hpp|worker: draw, pass: epoch"
  "trial_hold_out|include/lipt/run/trials.hpp|sample: class"
  "trial_observe|include/lipt/run/trials.hpp|one order of a subset"
  "split|include/lipt/data.hpp|sample: class"
)

set(lint_faults)
set(listed)
foreach(use IN LISTS uses)
  string(REGEX REPLACE "^([^|]*\\|[^|]*)\\|.*" "\\1" pair "${use}")
  list(APPEND listed "${pair}")
endforeach()

set(found)
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/include/*.hpp" "${ROOT}/adapters/*.hpp" "${ROOT}/adapters/*.cpp"
  "${ROOT}/backends/*.hpp" "${ROOT}/backends/*.cpp")
list(LENGTH files looked_at)
foreach(file IN LISTS files)
  if(file STREQUAL "include/lipt/random.hpp")
    continue()
  endif()
  file(READ "${ROOT}/${file}" content)
  string(REGEX MATCHALL "[^a-z_]stream::[a-z_]+" names "${content}")
  list(REMOVE_DUPLICATES names)
  foreach(name IN LISTS names)
    string(REGEX REPLACE ".*::" "" stage "${name}")
    if(stage STREQUAL "test")
      lint_fault("${file} draws from stream::test, which is for tests")
    elseif(NOT stage STREQUAL "user" AND NOT "${stage}|${file}" IN_LIST listed)
      lint_fault("${file} draws from stream::${stage}: add the use to cmake/lints/streams.cmake, or take a stage of its own")
    endif()
    list(APPEND found "${stage}|${file}")
  endforeach()
endforeach()

# What is listed is there, and so is every stage that random.hpp has.
if(EXISTS "${ROOT}/include/lipt/random.hpp")
  foreach(pair IN LISTS listed)
    if(NOT pair IN_LIST found)
      lint_fault("cmake/lints/streams.cmake lists ${pair}, which is nowhere used")
    endif()
  endforeach()
  file(READ "${ROOT}/include/lipt/random.hpp" content)
  string(REGEX MATCH "enum class stream [^{]*{([^}]*)}" matched "${content}")
  string(REGEX REPLACE "//[^\n]*" "" stages "${CMAKE_MATCH_1}")
  string(REGEX MATCHALL "[a-z_]+" stages "${stages}")
  foreach(stage IN LISTS stages)
    if(NOT listed MATCHES "(^|;)${stage}\\|" AND NOT stage MATCHES "^(test|user)$")
      lint_fault("stream::${stage} is nobody's: say in cmake/lints/streams.cmake who draws from it")
    endif()
  endforeach()
endif()
lint_verdict("streams" ${looked_at})
