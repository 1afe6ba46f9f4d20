# What lipt::arrays is linked with beside its backend: fmt and threads.
find_package(Threads ${lipt_need})
find_package(fmt 9 ${lipt_need})
if(NOT fmt_FOUND)
  list(APPEND lipt_missing fmt)
endif()
