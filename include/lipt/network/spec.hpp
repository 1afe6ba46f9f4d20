// What a network is, without any library: a list of layers in order of evaluation and the layout of its
// weights in one flat float32 vector (names and order of PyTorch's state_dict). Every backend trains from
// this description.
#pragma once

#include <lipt/data.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lipt {

/// What a tensor of the layout is for. Pruning touches the first two; the optimiser all but the last two.
enum class weight_kind : std::uint8_t {
    convolution,
    linear,
    bias,
    scale,
    shift,
    running_mean,
    running_variance
};

/// True for what gradient descent changes; false for batch-norm statistics.
constexpr bool is_trained(weight_kind kind) noexcept {
    return kind != weight_kind::running_mean && kind != weight_kind::running_variance;
}
/// True for what pruning may set to zero: convolution and linear weights.
constexpr bool is_prunable(weight_kind kind) noexcept {
    return kind == weight_kind::convolution || kind == weight_kind::linear;
}

/// One named tensor of the layout. shapes: convolution (out,in,kh,kw), linear (out,in), all others
/// (channels); in a module of the user's own, convolutions of any dimensions, and any shape for what is no
/// layer LiPT knows
struct weight_entry {
    std::string name{};
    std::vector<std::size_t> shape{};
    weight_kind kind{};
    std::size_t offset = 0; ///< of its first element in the flat vector
    std::size_t size = 0;
    std::vector<float> start{}; ///< what it starts at; empty: as its kind does. shapes: (size)
};

enum class layer_kind : std::uint8_t { convolution, batch_norm, add, max_pool, average_pool, linear };

/// One layer. Layers are numbered from 1 in order of evaluation; 0 is the normalised image.
///   convolution   y = w * input, no bias
///   batch_norm    y = scale*(input - mean)/sqrt(variance + 1e-5) + shift [+ residual] [then ReLU]
///   add           y = input + residual
///   max_pool      largest value of a window, a channel at a time; padding never wins. The gradient goes to
///                 the first of equal values, row by row; NaN is larger than any number
///   average_pool  mean over the plane: (B,channels); its output is the embedding
///   linear        logits = input w^T + bias; the last layer
struct layer {
    layer_kind kind{};
    std::size_t input = 0;
    std::size_t residual = none; ///< layer whose output is added, or none
    bool relu = false;
    image_shape in{};                                ///< shape of one sample at the input
    image_shape out{};                               ///< and at the output
    std::size_t kernel = 0, stride = 0, padding = 0; ///< of convolution and max_pool
    /// Index into network_spec::weights of the first tensor: weight (convolution); weight, bias (linear);
    /// scale, shift, running_mean, running_variance (batch_norm).
    std::size_t weights = none;

    static constexpr std::size_t none = static_cast<std::size_t>(-1);
};

inline constexpr float batch_norm_epsilon = 1e-5f;
/// Share of the newest batch in the running statistics during training, as in PyTorch.
inline constexpr float batch_norm_momentum = 0.1f;

/// A network for one image shape and number of classes, with the normalisation of its input:
/// x = (pixel/255 - mean[channel]) / deviation[channel].
struct network_spec {
    std::string name{};
    /// File of a module that a backend runs as it is, with only its last layer listed; empty: layers say all.
    std::string module{};
    image_shape image{};
    std::size_t classes = 10;
    std::vector<float> mean{};      ///< a channel
    std::vector<float> deviation{}; ///< a channel
    std::vector<layer> layers{};    ///< layers[0] is layer 1
    std::vector<weight_entry> weights{};

    /// Length of the flat vector: parameters and batch-norm statistics (S).
    std::size_t state_size() const noexcept {
        return weights.empty() ? 0 : weights.back().offset + weights.back().size;
    }
    /// Trained parameters (P), as papers count them.
    std::size_t parameter_count() const noexcept {
        std::size_t count = 0;
        for (const auto &entry : weights) count += is_trained(entry.kind) ? entry.size : 0;
        return count;
    }
    /// Width of the embedding, the input of the last layer (E).
    std::size_t embedding_size() const noexcept { return layers.back().in.channels; }
};

/// What a network is made for.
struct network_options {
    image_shape image{};
    std::size_t classes = 10;
    std::vector<float> mean{};      ///< a channel; empty: 0.5
    std::vector<float> deviation{}; ///< a channel; empty: 0.25
    std::string last_layer{};       ///< of a module from a file: its name; empty: the last linear one
};

} // namespace lipt
