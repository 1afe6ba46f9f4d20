# The reference from the headers: cmake --build --preset release --target docs, then build/release/docs/html/index.html.
find_program(LIPT_DOXYGEN doxygen DOC "Doxygen, for the target docs")
if(LIPT_DOXYGEN)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/Doxyfile.in" "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
  set(lipt_make_docs "${CMAKE_COMMAND}" "-DDOXYGEN=${LIPT_DOXYGEN}" "-DDOXYFILE=${PROJECT_BINARY_DIR}/Doxyfile"
    "-DINPUT=${PROJECT_SOURCE_DIR}/include" "-DOUTPUT=${PROJECT_BINARY_DIR}/docs")
  add_custom_target(docs COMMAND ${lipt_make_docs} -P "${PROJECT_SOURCE_DIR}/cmake/make_docs.cmake"
    COMMENT "The reference from the headers" VERBATIM)
endif()
