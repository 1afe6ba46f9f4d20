// One thread budget for a call: ATen's, OpenMP's and OpenBLAS's, given back to the caller afterwards.
#pragma once

#include <lipt/backends/torch/compiled_with.hpp>

#include <cstddef>

namespace lipt::torch {

/// For its lifetime ATen uses this many threads where this thread calls it; other threads are not touched.
/// OpenBLAS, where LibTorch takes its matrix products from it, is set to one thread for the whole process:
/// products are cut into parts here. cost: next to none, unlike at::set_num_threads, which starts the threads
/// of a pool of its own anew each time
class thread_budget {
  public:
    explicit thread_budget(std::size_t threads);
    ~thread_budget();
    thread_budget(const thread_budget &) = delete;
    thread_budget &operator=(const thread_budget &) = delete;

  private:
    int before_;
};

} // namespace lipt::torch
