// The second seam: what trains. A backend that models lipt::training_backend can run every stage of the
// pipeline.
#pragma once

#include <lipt/data.hpp>
#include <lipt/network/network.hpp>
#include <lipt/tensor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt {

/// One batch for training; a view. shapes: pixels (B,ch,h,w), labels (B), weights (B) or empty for all ones,
/// moves (B) or empty for none
struct batch_view {
    std::span<const std::uint8_t> pixels{};
    std::span<const std::int32_t> labels{};
    std::span<const float> weights{};
    std::span<const image_move> moves{}; ///< that an `image_mover` makes before it trains

    std::size_t size() const noexcept { return labels.size(); }
};

/// Stochastic gradient descent, one step, as in PyTorch: g += weight_decay*w; m = momentum*m + g (m = g at
/// first); w -= learning_rate * (nesterov ? g + momentum*m : m). Acts on all trained weights, batch-norm's
/// too.
struct sgd_step {
    float learning_rate = 0.1f;
    float momentum = 0.9f;
    float weight_decay = 5e-4f;
    bool nesterov = true;
    /// Multiplied into the weights after the step, so that pruned weights stay zero; (S) of 0 and 1, or
    /// empty.
    std::span<const float> keep_mask{};
};

/// Everything needed to go on training from here. shapes: weights (S), momentum (S) or empty for none yet
struct training_state {
    std::vector<float> weights{};
    std::vector<float> momentum{};
};

/// What a forward pass yields, in the order of the images. shapes: logits (N,C), embeddings (N,E)
struct network_output {
    host_matrix logits{};
    host_matrix embeddings{};
};

/// What activations and the products of convolutions are computed in; sums and weights are always float32.
/// tf32 is float32 of which a GPU's convolutions read ten bits. On a GPU only float32 repeats to the bit.
enum class precision : std::uint8_t { float32, tf32, bfloat16, float16 };

/// What a backend is made with.
struct backend_options {
    std::size_t threads = 1; ///< that one call may use; the results do not depend on it
    std::string device = "cpu";
    precision arithmetic = precision::float32;
};

/// Checks the options of a backend that computes on the processor in float32 alone. errors: T08
inline void check_processor(const backend_options &options, std::string_view backend) {
    require(options.device == "cpu" && options.arithmetic == precision::float32, "T08", "backend: ", backend,
            " computes on the processor (cpu) in float32, not on '", options.device,
            "' or in another precision: leave --device and --precision, or build with -DLIPT_BACKEND=torch");
}

/// A network that trains. Written contract; each line is a test of tests/conformance:
///  1. `Backend::make(spec, options)` yields a network of that spec with zero weights; `spec()` returns it.
///  2. `read()` after `load(weights, momentum)` returns both bit for bit; empty momentum means a fresh
///     optimiser.
///  3. `train_step` minimises (1/B) sum_i weight_i * cross_entropy_i (weights of a batch are 1 where not
///     given) and returns that loss at the weights before the step; batch-norm uses the statistics of this
///     batch (all of it, however the backend cuts it) and moves its running statistics by 0.1, with the
///     unbiased variance.
///  4. A step with learning rate 0 changes no weight (running statistics and momentum excepted).
///  5. One step agrees with finite differences of the loss; `gradient(batch)` is that derivative, (S), zero
///     at statistics, without weight decay, and changes nothing in the backend.
///  6. `forward` uses the running statistics, changes nothing, and each image's output is the same, bit for
///     bit, whatever the set it is part of.
///  7. `observe(images, count, share)` moves the running statistics to (1-share)*old + share*(statistics of
///     these images, unbiased variance) as a training-mode pass has them, and changes no other weight.
///  8. The same weights, batches and any number of threads give the same bits.
///  9. Wrong sizes throw (T-ids) before anything is written. A NaN loss is returned, never hidden.
///
/// `train_step` may return a handle that converts to float when read, so that a device need not wait.
template <class Backend>
concept training_backend = std::movable<Backend> &&
    requires(Backend backend, const Backend constant, const network_spec &spec,
             const backend_options &options, std::span<const float> weights,
             std::span<const std::uint8_t> pixels, std::size_t count, const batch_view &batch,
             const sgd_step &step, float share) {
    { Backend::make(spec, options) } -> std::same_as<Backend>;
    { constant.spec() } -> std::same_as<const network_spec &>;
    { backend.load(weights, weights) } -> std::same_as<void>;
    { constant.read() } -> std::same_as<training_state>;
    { backend.train_step(batch, step) } -> std::convertible_to<float>;
    { backend.forward(pixels, count) } -> std::same_as<network_output>;
    { backend.observe(pixels, count, share) } -> std::same_as<void>;
    { backend.gradient(batch) } -> std::same_as<std::vector<float>>;
};

/// A backend that moves and mirrors the images of a batch itself, say on a device; `moves_images()` tells
/// whether it wants to. The results are those of images moved before, bit for bit.
template <class Backend>
concept image_mover = requires(const Backend constant) {
    { constant.moves_images() } -> std::same_as<bool>;
};
/// Whether a batch's moves are left to this backend.
template <class Backend>
bool moves_images(const Backend &backend) {
    if constexpr (image_mover<Backend>) {
        return backend.moves_images();
    } else {
        return false;
    }
}

/// Checks that a network is described by its layers, for a backend that runs no module. errors: N04
inline void check_layers(const network_spec &spec, std::string_view backend) {
    require(spec.module.empty(), "N04", "network: '", spec.module,
            "' is a module of its own, which the backend ", backend,
            " cannot run: build with -DLIPT_BACKEND=torch");
}

/// Checks a state's length against the network, and that every value is finite.
/// errors: T01 other length, T02 NaN or infinity (names the tensor)
inline void check_state(const network_spec &spec, std::span<const float> weights) {
    require(weights.size() == spec.state_size(), "T01", "weights: ", weights.size(), " values, expected ",
            spec.state_size(), " for ", spec.name, ": take them from a network of the same spec");
    for (const auto &entry : spec.weights) {
        for (const float value : weights.subspan(entry.offset, entry.size)) {
            require(std::isfinite(value), "T02", "weights: ", entry.name,
                    " has a value that is not finite: the training diverged or the file is damaged");
        }
    }
}

/// Checks a momentum's length: empty, or one value a weight. errors: T03
inline void check_momentum(const network_spec &spec, std::span<const float> momentum) {
    require(momentum.empty() || momentum.size() == spec.state_size(), "T03", "momentum: ", momentum.size(),
            " values, expected 0 or ", spec.state_size());
}

/// Checks that pixels hold `count` images of the network. errors: T04
inline void check_images(const network_spec &spec, std::span<const std::uint8_t> pixels, std::size_t count) {
    require(count > 0 && pixels.size() == count * spec.image.size(), "T04", "images: ", pixels.size(),
            " bytes for ", count, " images, expected ", spec.image.size(),
            " bytes each and at least one image");
}

/// Checks a batch: sizes agree, labels in range; `moves`: the backend is an `image_mover`.
/// errors: T04, T05 labels, T06 sample weights, T07 mask, T09 moves
inline void check_batch(const network_spec &spec, const batch_view &batch, const sgd_step &step = {},
                        bool moves = false) {
    require(batch.moves.empty() || moves, "T09",
            "batch: images to be moved, but this backend moves none: move them before");
    require(batch.moves.empty() || batch.moves.size() == batch.size(), "T09", "batch: ", batch.moves.size(),
            " moves for ", batch.size(), " samples: give one each, or none");
    check_images(spec, batch.pixels, batch.size());
    for (const auto label : batch.labels) {
        require(label >= 0 && static_cast<std::size_t>(label) < spec.classes, "T05", "batch: label ", label,
                ", expected 0 to ", spec.classes - 1);
    }
    require(batch.weights.empty() || batch.weights.size() == batch.size(), "T06",
            "batch: ", batch.weights.size(), " sample weights for ", batch.size(),
            " samples: give one each, or none");
    require(step.keep_mask.empty() || step.keep_mask.size() == spec.state_size(), "T07",
            "mask: ", step.keep_mask.size(), " values, expected 0 or ", spec.state_size());
}

} // namespace lipt
