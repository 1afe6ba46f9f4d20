# xtensor, for this project's build and for those who use it installed: the one that find_package finds, or unpacked
# headers of xtensor and xtl (and xsimd, where that is used) in one folder: -DLIPT_XTENSOR=FOLDER. Says which it is.
set(LIPT_XTENSOR "" CACHE PATH "A folder with the folders xtensor and xtl (headers), instead of an installed xtensor")
set(lipt_xtensor_needs "LiPT needs 0.24 or newer, before 1.0")
if(LIPT_XTENSOR AND NOT TARGET xtensor)
  foreach(lipt_folder xtensor xtl)
    if(NOT IS_DIRECTORY "${LIPT_XTENSOR}/${lipt_folder}")
      message(FATAL_ERROR "LIPT_XTENSOR is '${LIPT_XTENSOR}', which has no folder '${lipt_folder}': "
        "name the folder that has the headers of xtensor and of xtl in folders of these names")
    endif()
  endforeach()
  add_library(xtensor INTERFACE IMPORTED GLOBAL)
  target_include_directories(xtensor SYSTEM INTERFACE "${LIPT_XTENSOR}")
elseif(NOT TARGET xtensor)
  find_package(xtensor QUIET)
  if(NOT TARGET xtensor)
    message(FATAL_ERROR "xtensor was not found (${lipt_xtensor_needs}): install it (Debian: libxtensor-dev), "
      "or unpack the headers of xtensor and xtl and name their folder with -DLIPT_XTENSOR=FOLDER")
  endif()
endif()

# The version is in a header, which has moved as well.
get_target_property(lipt_folders xtensor INTERFACE_INCLUDE_DIRECTORIES)
find_file(lipt_xtensor_header NAMES xtensor/core/xtensor_config.hpp xtensor/xtensor_config.hpp PATHS ${lipt_folders}
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH NO_CACHE)
set(lipt_xtensor_version unknown)
if(lipt_xtensor_header)
  file(STRINGS "${lipt_xtensor_header}" lipt_lines REGEX "define XTENSOR_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9;]" "" lipt_lines "${lipt_lines}")
  list(JOIN lipt_lines "." lipt_xtensor_version)
endif()
if(NOT lipt_xtensor_version VERSION_GREATER_EQUAL 0.24 OR lipt_xtensor_version VERSION_GREATER_EQUAL 1.0)
  message(FATAL_ERROR "xtensor ${lipt_xtensor_version} was found in ${lipt_folders}: ${lipt_xtensor_needs}")
endif()
message(STATUS "lipt: xtensor ${lipt_xtensor_version}")
unset(lipt_xtensor_header)
