// Winograd's F(4x4,3x3) for processors with AVX2, where oneDNN has none: 3x3 kernels with stride and padding
// 1 on activations in blocks of 8 channels. Source: [Lavin2016] section 4.
#pragma once

#include <cstddef>

namespace lipt::onednn::detail {

/// A convolution, or the data gradient of one with `in_channels` and `out_channels` exchanged.
struct winograd_shape {
    std::size_t in_channels = 0;  ///< a multiple of 8
    std::size_t out_channels = 0; ///< a multiple of 16
    std::size_t height = 0, width = 0;
};

/// What is done to the sums before they are stored.
struct winograd_ending {
    const float *bias = nullptr; ///< (out_channels), or null
    bool accumulate = false;     ///< adds to what is in the target
    bool relu = false;
};

/// Floats of the transformed weights: some four times those of the weights.
std::size_t winograd_weight_floats(const winograd_shape &shape);
/// Floats of working memory; does not grow with the images.
std::size_t winograd_scratch_floats(const winograd_shape &shape);

/// The transformed weights for the forward pass. shapes: blocked (out/8,in/8,3,3,8 in,8 out)
void winograd_weights(const winograd_shape &shape, const float *blocked, float *target);
/// The transformed weights for the data gradient, of the same blocked weights. shapes: blocked
/// (in/8,out/8,3,3,8 out,8 in) in the exchanged names of `shape`
void winograd_backward_weights(const winograd_shape &shape, const float *blocked, float *target);

/// cost: 36 multiply-adds a tile of 16 outputs and pair of channels, in place of 144. An image's result does
/// not depend on the others. shapes: source (images,in/8,h,w,8), target (images,out/8,h,w,8), all aligned to
/// 32 bytes
void winograd_convolve(const winograd_shape &shape, std::size_t images, const float *source,
                       const float *weights, const winograd_ending &ending, float *target, float *scratch);

/// Floats of working memory for the weight gradient.
std::size_t winograd_gradient_scratch_floats(const winograd_shape &shape);
/// The gradient of the weights: the sum over the tiles is taken before the transforms are undone. cost: as
/// `winograd_convolve`. shapes: source (images,in/8,h,w,8), gradient (images,out/8,h,w,8), target
/// (out/8,in/8,3,3,8 in,8 out), overwritten
void winograd_weights_gradient(const winograd_shape &shape, std::size_t images, const float *source,
                               const float *gradient, float *target, float *scratch);

} // namespace lipt::onednn::detail
