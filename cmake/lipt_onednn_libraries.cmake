# The libraries of the oneDNN backend, for this project's build and for those who use it installed. lipt_need is REQUIRED, or
# QUIET; then lipt_missing names what is not there.
# Debian's dnnl-config.cmake asks for OpenCL, which its library does not use: header and library are found directly.
set(lipt_missing)
set(lipt_need_file ${lipt_need})
list(REMOVE_ITEM lipt_need_file QUIET) # which find_path does not know
find_path(DNNL_INCLUDE_DIR dnnl.hpp ${lipt_need_file})
find_library(DNNL_LIBRARY dnnl ${lipt_need_file})
find_package(TBB ${lipt_need})
find_package(xtensor-blas ${lipt_need})
set(lipt_vendor_before "${BLA_VENDOR}")
set(BLA_VENDOR OpenBLAS) # whose threads the tensor backend sets to one
find_package(BLAS ${lipt_need})
set(BLA_VENDOR "${lipt_vendor_before}")
find_package(OpenMP ${lipt_need} COMPONENTS CXX) # Debian's oneDNN is an OpenMP build: its threads are set through it
if(NOT DNNL_INCLUDE_DIR OR NOT DNNL_LIBRARY)
  list(APPEND lipt_missing oneDNN)
endif()
foreach(lipt_library TBB xtensor-blas BLAS OpenMP)
  if(NOT ${lipt_library}_FOUND)
    list(APPEND lipt_missing ${lipt_library})
  endif()
endforeach()

if(NOT TARGET dnnl_library AND NOT lipt_missing)
  add_library(dnnl_library UNKNOWN IMPORTED GLOBAL)
  set_target_properties(dnnl_library PROPERTIES IMPORTED_LOCATION "${DNNL_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${DNNL_INCLUDE_DIR}")
endif()
