# The libraries of the oneDNN backend, for this project's build and for those who use it installed.
# Debian's dnnl-config.cmake asks for OpenCL, which its library does not use: header and library are found directly.
find_path(DNNL_INCLUDE_DIR dnnl.hpp REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
find_package(TBB REQUIRED)
find_package(xtensor-blas REQUIRED)
set(lipt_vendor_before "${BLA_VENDOR}")
set(BLA_VENDOR OpenBLAS) # whose threads the tensor backend sets to one
find_package(BLAS REQUIRED)
set(BLA_VENDOR "${lipt_vendor_before}")
find_package(OpenMP REQUIRED COMPONENTS CXX) # Debian's oneDNN is an OpenMP build: its threads are set through it

if(NOT TARGET dnnl_library)
  add_library(dnnl_library UNKNOWN IMPORTED GLOBAL)
  set_target_properties(dnnl_library PROPERTIES IMPORTED_LOCATION "${DNNL_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${DNNL_INCLUDE_DIR}")
endif()
