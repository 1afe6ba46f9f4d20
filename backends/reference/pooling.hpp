// Pooling of one image: the largest value of each window, and where a window has it.
#pragma once

#include <lipt/network/network.hpp>

#include <cmath>
#include <cstddef>

namespace lipt::reference {

namespace detail {

/// Calls work(output, input) with both indices into an image for every window's largest value: the first of
/// equal ones, row by row; of NaN the last.
template <class Work>
void each_largest(const layer &at, const float *image, Work work) {
    std::size_t output = 0;
    for (std::size_t channel = 0; channel < at.out.channels; ++channel) {
        for (std::size_t y = 0; y < at.out.height; ++y) {
            for (std::size_t x = 0; x < at.out.width; ++x, ++output) {
                std::size_t best = layer::none;
                for (std::size_t k = 0; k < at.kernel * at.kernel; ++k) {
                    // Left of and above the image the subtraction wraps around and is beyond it as well.
                    const std::size_t row = y * at.stride + k / at.kernel - at.padding,
                                      column = x * at.stride + k % at.kernel - at.padding;
                    if (row >= at.in.height || column >= at.in.width) continue;
                    const std::size_t input = (channel * at.in.height + row) * at.in.width + column;
                    if (best == layer::none || image[input] > image[best] || std::isnan(image[input]))
                        best = input;
                }
                work(output, best);
            }
        }
    }
}

} // namespace detail

/// output = largest value of each window. shapes: image (layer.in), output (layer.out)
inline void max_pool(const layer &at, const float *image, float *output) {
    detail::each_largest(at, image, [&](std::size_t to, std::size_t from) { output[to] = image[from]; });
}

/// image_gradient += d loss / d image: an output's gradient goes to the value that it was.
inline void add_max_pool_gradient(const layer &at, const float *image, const float *output_gradient,
                                  float *image_gradient) {
    detail::each_largest(
        at, image, [&](std::size_t from, std::size_t to) { image_gradient[to] += output_gradient[from]; });
}

} // namespace lipt::reference
