// The first layer's weight gradient, from plain images.
#include "kernels.hpp"
#include "vectors.hpp"

#include <algorithm>

namespace lipt::onednn::detail {
namespace {

inline constexpr std::size_t chains = 4; ///< accumulators side by side

/// The outputs [first, last) along one side that a weight at `offset` in the kernel meets inside the image.
struct covered {
    std::size_t first = 0, last = 0;
};
covered outputs_covered(std::size_t outputs, std::size_t inputs, std::size_t offset, std::size_t stride,
                        std::size_t padding) {
    const std::size_t first = offset >= padding ? 0 : (padding - offset + stride - 1) / stride;
    const std::size_t reach = inputs + padding; // an output's input, less the offset, must lie below this
    if (offset >= reach) return {};
    return {.first = first, .last = std::max(first, std::min(outputs, (reach - offset - 1) / stride + 1))};
}

/// One weight's gradient over one image, for a block of output channels.
template <int Block>
vector<Block> weight_gradient(const image_convolution &shape, const float *image, const float *gradient,
                              std::size_t ky, std::size_t kx) {
    const auto rows = outputs_covered(shape.out_height, shape.height, ky, shape.stride, shape.padding);
    const auto columns = outputs_covered(shape.out_width, shape.width, kx, shape.stride, shape.padding);
    vector<Block> chain[chains]{};
    for (std::size_t y = rows.first; y < rows.last; ++y) {
        const float *from = gradient + y * shape.out_width * Block;
        // Indices wrap below zero and back: the columns begin inside the image.
        const std::size_t row = (y * shape.stride + ky - shape.padding) * shape.width + kx - shape.padding;
        std::size_t x = columns.first;
        for (; x + chains <= columns.last; x += chains) {
            for (std::size_t k = 0; k < chains; ++k)
                chain[k] += load<Block>(from + (x + k) * Block) * image[row + (x + k) * shape.stride];
        }
        for (; x < columns.last; ++x)
            chain[0] += load<Block>(from + x * Block) * image[row + x * shape.stride];
    }
    return (chain[0] + chain[1]) + (chain[2] + chain[3]);
}

template <int Block>
void image_weights_gradient_of(const image_convolution &shape, std::size_t count, const float *images,
                               const float *gradients, float *target) {
    const std::size_t plane = shape.height * shape.width, pixels = shape.out_height * shape.out_width;
    const std::size_t weights = shape.kernel * shape.kernel * shape.channels;
    std::fill_n(target, shape.out_channels * weights, 0.0f);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t block = 0; block < shape.out_channels / Block; ++block) {
            const float *gradient = gradients + (i * shape.out_channels + block * Block) * pixels;
            for (std::size_t w = 0; w < weights; ++w) {
                const std::size_t c = w % shape.channels, k = w / shape.channels;
                float *sum = target + (block * weights + w) * Block;
                store<Block>(sum, load<Block>(sum) +
                                      weight_gradient<Block>(shape, images + (i * shape.channels + c) * plane,
                                                             gradient, k / shape.kernel, k % shape.kernel));
            }
        }
    }
}

} // namespace

void image_weights_gradient(const image_convolution &shape, std::size_t count, const float *images,
                            const float *gradients, float *target) {
    with_block(
        [&](auto block) { image_weights_gradient_of<block.value>(shape, count, images, gradients, target); });
}

} // namespace lipt::onednn::detail
