# What the toolchains of this folder share: Debian's cross compiler for lipt_triple against the libraries that cmake/arm.sh
# put into LIPT_SYSROOT; programs run under lipt_qemu.
set(CMAKE_SYSTEM_NAME Linux)
set(LIPT_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../../build/${lipt_debian}-sysroot" CACHE PATH "Root of a Debian for ${lipt_debian}")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES LIPT_SYSROOT)
set(CMAKE_SYSROOT "${LIPT_SYSROOT}")
set(CMAKE_LIBRARY_ARCHITECTURE ${lipt_triple})
set(CMAKE_CXX_COMPILER ${lipt_triple}-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR ${lipt_qemu} -L "${LIPT_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
