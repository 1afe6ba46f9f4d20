# 32-bit Arm.
set(CMAKE_SYSTEM_PROCESSOR arm)
set(lipt_debian armhf)
set(lipt_triple arm-linux-gnueabihf)
set(lipt_qemu qemu-arm-static)
include("${CMAKE_CURRENT_LIST_DIR}/debian.cmake")
