# LibTorch, for this project's build and for those who use it installed: Debian's libtorch-dev, or any LibTorch that
# was unpacked somewhere and named with -DCMAKE_PREFIX_PATH.
find_package(Torch REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX) # LibTorch's threads are OpenMP's
