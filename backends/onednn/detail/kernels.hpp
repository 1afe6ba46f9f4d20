// Element-wise passes over activations in channel blocks, each one sweep over a piece that lies in cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lipt::onednn::detail {

/// A piece of activations [images][channels/block][pixels][block].
struct piece_shape {
    std::size_t images = 0, channels = 0, pixels = 0;
};

/// A batch-norm layer as the passes apply it, a value a channel each: y = factor*(x - mean) + shift.
struct affine {
    const float *mean = nullptr, *factor = nullptr, *shift = nullptr;
};

/// Joined sums of a batch-norm's backward pass, a value a channel each:
/// gradient at input = factor*gradient + slope*(x - mean) + constant.
struct affine_gradient {
    const float *mean = nullptr, *factor = nullptr, *slope = nullptr, *constant = nullptr;
};

/// Mean and sum of squared deviations from it of this piece, a value a channel each.
void statistics(const piece_shape &shape, const float *source, double *mean, double *deviations);

/// target = norm(source) [+ residual], then ReLU if asked. `residual_norm` is applied to the residual where
/// given.
struct normalise_options {
    affine norm;
    const float *residual = nullptr;
    const affine *residual_norm = nullptr;
    bool relu = false;
};
void normalise(const piece_shape &shape, const float *source, const normalise_options &options,
               float *target);

/// target = (gradient [+ residual]) where the ReLU passed, and its sums with the input of the batch-norm.
/// The ReLU passed where `output` > 0, or where it is null and relu is set, where norm(source) > 0.
/// sums: of target, and of target*(source - mean), a value a channel each.
struct reduce_options {
    affine norm;
    const float *residual = nullptr;
    const float *output = nullptr;
    bool relu = false;
};
void reduce(const piece_shape &shape, const float *source, const float *gradient,
            const reduce_options &options, float *target, double *sums, double *products);

/// target = gradient at the input of a batch-norm [+ residual].
void differentiate(const piece_shape &shape, const float *source, const float *gradient,
                   const affine_gradient &norm, const float *residual, float *target);

/// target = a + b.
void add(std::size_t size, const float *a, const float *b, float *target);

/// The first layer's convolution: plain images in, blocks of channels out.
struct image_convolution {
    std::size_t channels = 0, height = 0, width = 0; ///< of an image
    std::size_t out_channels = 0, out_height = 0, out_width = 0;
    std::size_t kernel = 0, stride = 0, padding = 0;
};
/// Its weight gradient over a piece. shapes: images (count,ch,h,w), gradients in blocks,
/// target (out/block,kh,kw,ch,block)
void image_weights_gradient(const image_convolution &shape, std::size_t count, const float *images,
                            const float *gradients, float *target);

/// Dot product of two plain vectors, in a fixed order.
float dot(std::size_t size, const float *a, const float *b);
/// y += alpha * x.
void axpy(std::size_t size, float alpha, const float *x, float *y);

/// One step of stochastic gradient descent on `size` weights; see lipt::sgd_step.
struct descent {
    float learning_rate = 0, momentum = 0, weight_decay = 0;
    bool nesterov = false;
    bool first = false; ///< no momentum yet
};
void descend(std::size_t size, const descent &step, const float *gradient, float *weights, float *momentum);

} // namespace lipt::onednn::detail
