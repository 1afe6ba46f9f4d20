// What a GPU's libraries may choose while a call is on its way.
#pragma once

#include <lipt/training.hpp>

#include <ATen/Context.h>

#include <mutex>

namespace lipt::torch::detail {

/// For its lifetime cuDNN computes in that precision. In float32 it takes the same algorithms every time,
/// chosen without trying them out; in others it tries them and takes the fastest, and under tf32 convolutions
/// may use TF32; matrix products never do. The settings are the process's: of several calls at once, in any
/// threads, the strictest counts, and when the last one ends they are as before.
class gpu_libraries {
  public:
    explicit gpu_libraries(precision arithmetic)
        : repeatable_(arithmetic == precision::float32), exact_(arithmetic != precision::tf32) {
        const std::lock_guard lock(all_.mutex);
        if (all_.calls == 0) all_.before = read();
        count(1);
        write(wanted());
    }
    ~gpu_libraries() {
        const std::lock_guard lock(all_.mutex);
        count(-1);
        write(all_.calls > 0 ? wanted() : all_.before);
    }
    gpu_libraries(const gpu_libraries &) = delete;
    gpu_libraries &operator=(const gpu_libraries &) = delete;

  private:
    struct settings {
        bool deterministic, benchmark, tf32_convolutions, tf32_products;
    };
    struct shared {
        std::mutex mutex;
        int calls, repeatable, exact; ///< on their way: all, those that must repeat, those without TF32
        settings before;
    };
    void count(int change) const {
        all_.calls += change;
        if (repeatable_) all_.repeatable += change;
        if (exact_) all_.exact += change;
    }
    static settings wanted() {
        const bool repeat = all_.repeatable > 0;
        return {.deterministic = repeat,
                .benchmark = !repeat,
                .tf32_convolutions = all_.exact == 0,
                .tf32_products = false};
    }
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

    bool repeatable_, exact_;
};

} // namespace lipt::torch::detail
