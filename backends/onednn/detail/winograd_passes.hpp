// The passes of Winograd's method as a table. Compiled once for
// every width of vectors, by sources with flags of their own: no function is defined here, and those sources
// include no header that has inline ones, so that none compiled for one processor is linked for another.
#pragma once

#include <cstddef>

namespace lipt::onednn::detail {

/// A convolution, or the data gradient of one with `in_channels` and `out_channels` exchanged.
struct winograd_shape {
    std::size_t in_channels = 0;  ///< a multiple of 16
    std::size_t out_channels = 0; ///< a multiple of 16
    std::size_t height = 0, width = 0;
};

/// What is done to the sums before they are stored.
struct winograd_ending {
    const float *bias = nullptr; ///< (out_channels), or null
    bool accumulate = false;     ///< adds to what is in the target
    bool relu = false;
};

/// The passes on blocks of b channels.
struct winograd_passes {
    const char *name;
    /// Floats of the transformed weights: some four times those of the weights.
    std::size_t (*weight_floats)(const winograd_shape &shape);
    /// Floats of working memory of `convolve`; does not grow with the images.
    std::size_t (*scratch_floats)(const winograd_shape &shape);
    /// Floats of working memory of `weights_gradient`.
    std::size_t (*gradient_scratch_floats)(const winograd_shape &shape, std::size_t images);
    /// The transformed weights for the forward pass. shapes: blocked (out/b,in/b,3,3,b in,b out)
    void (*weights)(const winograd_shape &shape, const float *blocked, float *target);
    /// The transformed weights for the data gradient, of the same blocked weights. shapes: blocked
    /// (in/b,out/b,3,3,b out,b in) in the exchanged names of `shape`
    void (*backward_weights)(const winograd_shape &shape, const float *blocked, float *target);
    /// cost: 36 multiply-adds a tile of 16 outputs and pair of channels, in place of 144. An image's result
    /// does not depend on the others. shapes: source (images,in/b,h,w,b), target (images,out/b,h,w,b)
    void (*convolve)(const winograd_shape &shape, std::size_t images, const float *source,
                     const float *weights, const winograd_ending &ending, float *target, float *scratch);
    /// The gradient of the weights: the sum over the tiles is taken before the transforms are undone. cost:
    /// as `convolve`. shapes: source (images,in/b,h,w,b), gradient (images,out/b,h,w,b), target
    /// (out/b,in/b,3,3,b in,b out), overwritten
    void (*weights_gradient)(const winograd_shape &shape, std::size_t images, const float *source,
                             const float *gradient, float *target, float *scratch);
};

extern const winograd_passes winograd_avx2, winograd_avx512;

} // namespace lipt::onednn::detail
