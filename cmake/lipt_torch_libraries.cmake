# LibTorch, for this project's build and for those who use it installed: Debian's libtorch-dev, or any LibTorch that
# was unpacked somewhere and named with -DCMAKE_PREFIX_PATH. lipt_need is REQUIRED, or QUIET; then lipt_missing names what
# is not there.
set(lipt_missing)
find_package(Torch ${lipt_need})
find_package(OpenMP ${lipt_need} COMPONENTS CXX) # LibTorch's threads are OpenMP's
foreach(lipt_library Torch OpenMP)
  if(NOT ${lipt_library}_FOUND)
    list(APPEND lipt_missing ${lipt_library})
  endif()
endforeach()
