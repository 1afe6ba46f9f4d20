# 64-bit Arm.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(lipt_debian arm64)
set(lipt_triple aarch64-linux-gnu)
set(lipt_qemu qemu-aarch64-static)
include("${CMAKE_CURRENT_LIST_DIR}/debian.cmake")
