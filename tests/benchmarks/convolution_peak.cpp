// The processor's peak in fused multiply-adds, and how much of it the convolutions of a network reach.
//   benchmark_convolution resnet8|resnet20|resnet18 [--threads 1] [--seconds 0.2]
// Prints the peak, then for each convolution and pass GFLOP/s and the share of the peak, then the network's
// mean, weighted by time. FLOP are those of the direct sum, so that Winograd's may show above the peak. Every
// thread does all of it, all at the same time; figures are of one thread, but for the last: the images/s that
// the convolutions alone allow the threads together. It bounds `benchmark_training train` on as many threads,
// no other: what one thread convolves may lie below what two threads train.
#include "rate.hpp"

#include <lipt/backends/onednn/detail/buffer.hpp>
#include <lipt/backends/onednn/detail/convolution.hpp>

#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using lipt::onednn::detail::buffer;
using lipt::onednn::detail::convolution;

constexpr std::size_t images = 16;

/// Independent chains of multiply-adds on vectors, enough of them to hide each one's latency.
double peak_gflops(double seconds) {
    // Of the processor's own width: wider ones are split, and spill.
#if defined(__AVX512F__)
    typedef float vector __attribute__((vector_size(64)));
#else
    typedef float vector __attribute__((vector_size(32)));
#endif
    constexpr std::size_t rounds = 100000, chains = 12;
    float seed = 1.0f;
    asm volatile("" : "+x"(seed)); // so that the compiler does not know it
    std::array<vector, chains> sums{};
    const vector factor = vector{} + 0.999f * seed, addend = vector{} + 0.001f * seed;
    const double calls = lipt_benchmark::calls_per_second(seconds, [&] {
        auto local = sums;
        for (std::size_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
            for (std::size_t k = 0; k < chains; ++k) local[k] = local[k] * factor + addend;
        }
        sums = local;
    });
    float used = 0;
    for (const auto &sum : sums) used += sum[0];
    asm volatile("" : : "x"(used));
    return calls * static_cast<double>(rounds * chains * sizeof(vector) / sizeof(float) * 2) * 1e-9;
}

/// The mean of what `work` gives on each of the threads, all at the same time.
template <class Value>
Value on_threads(std::size_t threads, const std::function<Value()> &work) {
    std::vector<Value> made(threads);
    std::vector<std::thread> running;
    for (auto &each : made) running.emplace_back([&] { each = work(); });
    for (auto &each : running) each.join();
    Value sum{};
    for (const auto &each : made) sum = sum + each;
    return sum * (1.0 / static_cast<double>(threads));
}

struct pass_times {
    double forward = 0, data = 0, weights = 0; ///< seconds for a piece
    pass_times operator+(const pass_times &other) const {
        return {forward + other.forward, data + other.data, weights + other.weights};
    }
    pass_times operator*(double factor) const { return {forward * factor, data * factor, weights * factor}; }
};

void fill(buffer &values, std::size_t size, lipt::rng &draw) {
    values.reserve(size);
    for (std::size_t i = 0; i < size; ++i) values.data()[i] = draw.uniform(-1.0f, 1.0f);
}

pass_times measure(const lipt::layer &shape, std::size_t weight_count, double seconds) {
    const lipt::onednn::detail::single_threaded one_thread;
    convolution each(shape, {}, 1);
    each.prepare(images);
    lipt::rng draw({.seed = 2});
    buffer source, target, weights, scratch(each.scratch_floats() + 1);
    fill(source, images * shape.in.size(), draw);
    fill(target, images * shape.out.size(), draw);
    fill(weights, weight_count, draw);
    // The copies that Winograd takes, made outside of what is timed: a training makes them once a step.
    buffer forward_copy(each.forward_floats() + 1), backward_copy(each.backward_floats() + 1);
    if (each.forward_floats() > 0) each.to_forward(weights.data(), forward_copy.data());
    if (each.backward_floats() > 0) each.to_backward(weights.data(), backward_copy.data());
    const float *forward_weights = each.forward_floats() > 0 ? forward_copy.data() : weights.data();
    pass_times times;
    times.forward =
        1 / lipt_benchmark::calls_per_second(seconds, [&] {
            each.forward(images, 0, source.data(), forward_weights, nullptr, target.data(), scratch.data());
        });
    if (shape.input != 0) {
        times.data = 1 / lipt_benchmark::calls_per_second(seconds, [&] {
                         each.backward_data(images, 0, target.data(), backward_copy.data(), source.data(),
                                            scratch.data());
                     });
    }
    times.weights =
        1 / lipt_benchmark::calls_per_second(seconds, [&] {
            each.backward_weights(images, 0, source.data(), target.data(), weights.data(), scratch.data());
        });
    return times;
}

void report(const std::string &network, std::size_t threads, double seconds) {
    const auto spec = lipt::make_network(network, {.image = {3, 32, 32}});
    const double peak = on_threads<double>(threads, [] { return peak_gflops(1); });
    std::printf("peak of one thread of %zu: %.1f GFLOP/s\n", threads, peak);
    std::printf("%-28s %14s %14s %14s\n", "convolution", "forward", "data", "weights");
    using key = std::tuple<std::size_t, std::size_t, std::size_t, std::size_t, bool>;
    std::map<key, pass_times> known; // layers of one shape are measured once
    double work = 0, time = 0;
    for (const auto &layer : spec.layers) {
        if (layer.kind != lipt::layer_kind::convolution) continue;
        const auto &entry = spec.weights[layer.weights];
        const key shape{layer.in.channels, layer.out.channels, layer.in.height, layer.kernel,
                        layer.input == 0};
        if (!known.contains(shape)) {
            known[shape] =
                on_threads<pass_times>(threads, [&] { return measure(layer, entry.size, seconds); });
        }
        const auto &times = known[shape];
        const double gflop =
            2e-9 * static_cast<double>(images * entry.size * layer.out.height * layer.out.width);
        std::printf("%-28s", entry.name.c_str());
        for (const double each : {times.forward, times.data, times.weights}) {
            if (each > 0) {
                std::printf("  %6.1f (%3.0f%%)", gflop / each, 100 * gflop / each / peak);
                work += gflop;
                time += each;
            } else {
                std::printf("  %13s", "-");
            }
        }
        std::printf("\n");
    }
    std::printf(
        "all passes of %s: %.1f GFLOP/s a thread, %.0f%% of the peak; alone they allow %.0f images/s on "
        "%zu thread%s\n",
        network.c_str(), work / time, 100 * work / time / peak, static_cast<double>(images * threads) / time,
        threads, threads == 1 ? "" : "s");
}

} // namespace

int main(int count, char **words) {
    std::string network;
    std::size_t threads = 1;
    double seconds = 0.2;
    CLI::App app{"The share of the processor's peak that a network's convolutions reach"};
    app.add_option("network", network)->required();
    app.add_option("--threads", threads, "Threads that do the same at once")->check(CLI::PositiveNumber);
    app.add_option("--seconds", seconds, "Time to measure each pass");
    CLI11_PARSE(app, count, words);
    report(network, threads, seconds);
}
