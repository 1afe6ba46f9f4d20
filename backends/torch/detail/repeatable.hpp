// A GPU's libraries that round alike every time.
#pragma once

#include <ATen/Context.h>

#include <mutex>

namespace lipt::torch::detail {

/// For its lifetime cuDNN takes the same algorithms every time, chosen without trying them out, and TF32 is
/// off. The settings are the process's: they come back when the last of these ends, whichever thread it is
/// in.
class repeatable {
  public:
    repeatable() {
        const std::lock_guard lock(all_.mutex);
        if (all_.count++ > 0) return;
        all_.before = read();
        write(
            {.deterministic = true, .benchmark = false, .tf32_convolutions = false, .tf32_products = false});
    }
    ~repeatable() {
        const std::lock_guard lock(all_.mutex);
        if (--all_.count == 0) write(all_.before);
    }
    repeatable(const repeatable &) = delete;
    repeatable &operator=(const repeatable &) = delete;

  private:
    struct settings {
        bool deterministic, benchmark, tf32_convolutions, tf32_products;
    };
    struct shared {
        std::mutex mutex;
        int count; ///< of those alive
        settings before;
    };
    static settings read() {
        const auto &context = at::globalContext();
        return {context.deterministicCuDNN(), context.benchmarkCuDNN(), context.allowTF32CuDNN(),
                context.allowTF32CuBLAS()};
    }
    static void write(const settings &now) {
        auto &context = at::globalContext();
        context.setDeterministicCuDNN(now.deterministic);
        context.setBenchmarkCuDNN(now.benchmark);
        context.setAllowTF32CuDNN(now.tf32_convolutions);
        context.setAllowTF32CuBLAS(now.tf32_products);
    }
    inline static shared all_{};
};

} // namespace lipt::torch::detail
