// What the benchmarks share: seeded images and labels, and the rate at which something is done.
#pragma once

#include <lipt/network/network.hpp>
#include <lipt/random.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lipt_benchmark {

/// Random pixels and labels for a network; what is in them does not change the time a step takes.
struct random_batch {
    std::vector<std::uint8_t> pixels;
    std::vector<std::int32_t> labels;

    random_batch(const lipt::network_spec &spec, std::size_t size)
        : pixels(size * spec.image.size()), labels(size) {
        lipt::rng draw({.seed = 1});
        for (auto &pixel : pixels) pixel = static_cast<std::uint8_t>(draw.uniform(0.0f, 255.99f));
        for (std::size_t i = 0; i < size; ++i) labels[i] = static_cast<std::int32_t>(i % spec.classes);
    }
};

/// Calls a second of `work`, the first call not counted, for about `seconds`.
template <class Work>
double calls_per_second(double seconds, Work work) {
    using clock = std::chrono::steady_clock;
    work();
    const auto start = clock::now();
    double elapsed = 0;
    std::size_t calls = 0;
    while (elapsed < seconds) {
        work();
        ++calls;
        elapsed = std::chrono::duration<double>(clock::now() - start).count();
    }
    return static_cast<double>(calls) / elapsed;
}

} // namespace lipt_benchmark
