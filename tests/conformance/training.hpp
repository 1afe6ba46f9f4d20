// What the suites on lipt::training_backend share: the backend of <backend.hpp>, and statistics computed by
// hand.
#pragma once

#include <backend.hpp>
#include <conformance/networks.hpp>
#include <support/test_device.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace lipt_test {

using training = backend::training;
static_assert(lipt::training_backend<training>);
inline constexpr tolerances tolerance = backend::tolerance;

/// Every weight stays as it is.
inline constexpr lipt::sgd_step standstill{.learning_rate = 0};
inline constexpr bool own_networks = with_own_networks<backend>;
inline constexpr network_case small = own_networks ? networks.front() : network_case{"resnet8", {1, 28, 28}},
                              wide = own_networks ? networks.back() : network_case{"wrn-10-1", {3, 32, 32}};

inline training make_loaded(const lipt::network_spec &spec, std::span<const float> weights,
                            std::size_t threads = 2) {
    auto made = training::make(spec, on_device(threads));
    made.load(weights, {});
    return made;
}

/// Statistics of the first batch-norm's input, which is the first convolution's output, in plain double
/// loops.
struct first_statistics {
    std::vector<double> mean, variance;
};

inline first_statistics compute_first_statistics(const lipt::network_spec &spec,
                                                 const std::vector<float> &weights,
                                                 const owned_batch &batch) {
    const auto &at = spec.layers[0];
    const auto height = static_cast<int>(at.in.height), width = static_cast<int>(at.in.width),
               side = static_cast<int>(at.kernel), stride = static_cast<int>(at.stride),
               padding = static_cast<int>(at.padding);
    const std::size_t plane = at.in.height * at.in.width, taps = at.kernel * at.kernel;
    std::vector<double> images;
    for (std::size_t i = 0; i < batch.pixels.size(); ++i) {
        const std::size_t c = i / plane % at.in.channels;
        images.push_back((batch.pixels[i] / 255.0 - static_cast<double>(spec.mean[c])) /
                         static_cast<double>(spec.deviation[c]));
    }
    const float *kernel = weights.data() + spec.weights[at.weights].offset;
    const auto output = [&](std::size_t n, std::size_t channel, int top, int left) {
        double sum = 0;
        for (std::size_t c = 0; c < at.in.channels; ++c) {
            const double *image = images.data() + (n * at.in.channels + c) * plane;
            for (int k = 0; k < side * side; ++k) {
                const int row = top + k / side, column = left + k % side;
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                sum += image[row * width + column] *
                       static_cast<double>(
                           kernel[(channel * at.in.channels + c) * taps + static_cast<std::size_t>(k)]);
            }
        }
        return sum;
    };
    first_statistics result;
    for (std::size_t channel = 0; channel < at.out.channels; ++channel) {
        std::vector<double> values;
        for (std::size_t n = 0; n < batch.size(); ++n) {
            for (int y = 0; y < static_cast<int>(at.out.height); ++y) {
                for (int x = 0; x < static_cast<int>(at.out.width); ++x) {
                    values.push_back(output(n, channel, y * stride - padding, x * stride - padding));
                }
            }
        }
        double mean = 0, squares = 0;
        for (const double value : values) mean += value / static_cast<double>(values.size());
        for (const double value : values) squares += (value - mean) * (value - mean);
        result.mean.push_back(mean);
        result.variance.push_back(squares / static_cast<double>(values.size() - 1));
    }
    return result;
}

} // namespace lipt_test
