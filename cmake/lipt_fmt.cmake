# fmt where LibTorch is in reach: PyPI's torch brings headers of a fmt of its own beside its others, and the library that
# is linked is the system's. lipt_fmt, linked before the backend, has the system's headers, and these are found first.
find_package(fmt 9 REQUIRED)
if(NOT TARGET lipt_fmt)
  add_library(lipt_fmt INTERFACE)
  target_link_libraries(lipt_fmt INTERFACE "$<IF:$<BOOL:${LIPT_HEADER_ONLY}>,fmt::fmt-header-only,fmt::fmt>")
  if(TARGET lipt_libtorch)
    get_target_property(lipt_fmt_headers fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
    list(GET lipt_fmt_headers 0 lipt_fmt_headers)
    # A folder with nothing else in it: of /usr/include itself a compiler does not change the place.
    file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/fmt_first")
    file(CREATE_LINK "${lipt_fmt_headers}/fmt" "${PROJECT_BINARY_DIR}/fmt_first/fmt" SYMBOLIC)
    target_include_directories(lipt_fmt SYSTEM INTERFACE "${PROJECT_BINARY_DIR}/fmt_first")
  endif()
endif()
