// One thread budget for a call: ATen's, OpenMP's and OpenBLAS's, given back to the caller afterwards.
#pragma once

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <cstddef>

namespace lipt::torch {

/// Sets OpenBLAS to one thread where this LibTorch takes its matrix products from it, as Debian's does: it
/// knows nothing of ATen's threads.
inline void quiet_openblas() {
    using setter = void (*)(int);
    static const auto set = reinterpret_cast<setter>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
    if (set != nullptr) set(1);
}

/// For its lifetime ATen uses this many threads where this thread calls it. OpenBLAS, where there is one, is
/// set to one thread for the whole process: products are cut into parts here.
class thread_budget {
  public:
    explicit thread_budget(std::size_t threads) : before_(at::get_num_threads()) {
        quiet_openblas();
        if (static_cast<int>(threads) != before_) at::set_num_threads(static_cast<int>(threads));
    }
    ~thread_budget() {
        if (at::get_num_threads() != before_) at::set_num_threads(before_);
    }
    thread_budget(const thread_budget &) = delete;
    thread_budget &operator=(const thread_budget &) = delete;

  private:
    int before_;
};

} // namespace lipt::torch
