// Pooling of activations in channel blocks: the mean over a plane, and the largest value of each window.
#pragma once

#include "kernels.hpp"

#include <cstddef>

namespace lipt::onednn::detail {

/// Mean over the pixels. shapes: embeddings (images,channels)
void pool(const piece_shape &shape, const float *source, float *embeddings);
/// The gradient of `pool`: each pixel gets 1/pixels of its channel's. shapes: gradients (images,channels)
void spread(const piece_shape &shape, const float *gradients, float *target);

/// Windows that slide over padded planes.
struct window_shape {
    std::size_t images = 0, channels = 0;
    std::size_t height = 0, width = 0; ///< of a plane at the input
    std::size_t out_height = 0, out_width = 0;
    std::size_t kernel = 0, stride = 0, padding = 0;
};

/// What is done to the values of the input before they are compared.
struct pooled_norm {
    affine norm;
    bool relu = false;
};

/// target = the largest value of each window of source, or of norm(source) where there is one. NaN is larger
/// than any number.
void max_pool(const window_shape &shape, const float *source, const pooled_norm *norm, float *target);

/// The gradient of `max_pool` at norm(source): that of an output goes to the first of its window's largest
/// values, row by row. cost: the windows are compared again, which takes less than to keep and read indices
void max_pool_gradient(const window_shape &shape, const float *source, const pooled_norm *norm,
                       const float *gradient, float *target);

} // namespace lipt::onednn::detail
