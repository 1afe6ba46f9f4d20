#include "threads.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <omp.h>

void lipt::torch::compiled_with::LIPT_CONFIGURATION::this_library() {}

namespace lipt::torch {
namespace {

/// Debian's LibTorch takes its matrix products from OpenBLAS, which knows nothing of ATen's threads.
void quiet_openblas() {
    using setter = void (*)(int);
    static const auto set = reinterpret_cast<setter>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
    if (set != nullptr) set(1);
}

} // namespace

// Asking ATen first: in a thread that it has not seen yet it sets OpenMP's number itself.
thread_budget::thread_budget(std::size_t threads) : before_(at::get_num_threads()) {
    static const bool quiet = (quiet_openblas(), true);
    static_cast<void>(quiet);
    omp_set_num_threads(static_cast<int>(threads));
}
thread_budget::~thread_budget() { omp_set_num_threads(before_); }

} // namespace lipt::torch
