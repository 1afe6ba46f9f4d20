// What a network is, without any library: a list of layers in order of evaluation and the layout of its
// weights in one flat float32 vector (names and order of PyTorch's state_dict). Every backend trains from
// this description.
#pragma once

#include <lipt/data.hpp>
#include <lipt/error.hpp>
#include <lipt/random.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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

/// One named tensor of the layout. shapes: convolution (out,in,kh,kw), linear (out,in), all others (channels)
struct weight_entry {
    std::string name;
    std::vector<std::size_t> shape;
    weight_kind kind{};
    std::size_t offset = 0; ///< of its first element in the flat vector
    std::size_t size = 0;
};

enum class layer_kind : std::uint8_t { convolution, batch_norm, add, average_pool, linear };

/// One layer. Layers are numbered from 1 in order of evaluation; 0 is the normalised image.
///   convolution   y = w * input, no bias
///   batch_norm    y = scale*(input - mean)/sqrt(variance + 1e-5) + shift [+ residual] [then ReLU]
///   add           y = input + residual
///   average_pool  mean over the plane: (B,channels); its output is the embedding
///   linear        logits = input w^T + bias; the last layer
struct layer {
    layer_kind kind{};
    std::size_t input = 0;
    std::size_t residual = none; ///< layer whose output is added, or none
    bool relu = false;
    image_shape in{};  ///< shape of one sample at the input
    image_shape out{}; ///< and at the output
    std::size_t kernel = 0, stride = 0, padding = 0;
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
    std::string name;
    /// File of a module that a backend runs as it is, with only its last layer listed; empty: layers say all.
    std::string module;
    image_shape image;
    std::size_t classes = 10;
    std::vector<float> mean;      ///< a channel
    std::vector<float> deviation; ///< a channel
    std::vector<layer> layers;    ///< layers[0] is layer 1
    std::vector<weight_entry> weights;

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
    std::vector<float> mean;      ///< a channel; empty: 0.5
    std::vector<float> deviation; ///< a channel; empty: 0.25
};

namespace detail {

/// Appends layers and their weights; returns layer numbers.
class network_builder {
  public:
    network_builder(std::string_view name, const network_options &options) {
        spec_.name = std::string(name);
        spec_.image = options.image;
        spec_.classes = options.classes;
        spec_.mean = options.mean.empty() ? std::vector<float>(options.image.channels, 0.5f) : options.mean;
        spec_.deviation =
            options.deviation.empty() ? std::vector<float>(options.image.channels, 0.25f) : options.deviation;
        require(options.image.size() > 0 && options.classes > 1, "N02", "network ", name, ": images of ",
                options.image.size(), " values and ", options.classes,
                " classes, expected at least 1 value and 2 classes");
        require(spec_.mean.size() == options.image.channels &&
                    spec_.deviation.size() == options.image.channels,
                "N03", "network ", name, ": ", spec_.mean.size(), " means and ", spec_.deviation.size(),
                " deviations for ", options.image.channels, " channels: give one of each a channel");
    }

    std::size_t convolution(const std::string &name, std::size_t input, std::size_t channels,
                            std::size_t kernel, std::size_t stride) {
        const image_shape in = shape_of(input);
        const std::size_t padding = kernel / 2;
        const auto reduced = [&](std::size_t size) { return (size + 2 * padding - kernel) / stride + 1; };
        const auto first =
            weight(name + ".weight", {channels, in.channels, kernel, kernel}, weight_kind::convolution);
        return push({.kind = layer_kind::convolution,
                     .input = input,
                     .in = in,
                     .out = {channels, reduced(in.height), reduced(in.width)},
                     .kernel = kernel,
                     .stride = stride,
                     .padding = padding,
                     .weights = first});
    }

    std::size_t batch_norm(const std::string &name, std::size_t input, bool relu,
                           std::size_t residual = layer::none) {
        const image_shape shape = shape_of(input);
        const auto first = weight(name + ".weight", {shape.channels}, weight_kind::scale);
        weight(name + ".bias", {shape.channels}, weight_kind::shift);
        weight(name + ".running_mean", {shape.channels}, weight_kind::running_mean);
        weight(name + ".running_var", {shape.channels}, weight_kind::running_variance);
        return push({.kind = layer_kind::batch_norm,
                     .input = input,
                     .residual = residual,
                     .relu = relu,
                     .in = shape,
                     .out = shape,
                     .weights = first});
    }

    std::size_t add(std::size_t input, std::size_t residual) {
        const image_shape shape = shape_of(input);
        return push(
            {.kind = layer_kind::add, .input = input, .residual = residual, .in = shape, .out = shape});
    }

    /// The description without any layer, for one that lists its own.
    network_spec take() { return std::move(spec_); }

    network_spec finish(std::size_t input) {
        const image_shape in = shape_of(input);
        const auto pooled =
            push({.kind = layer_kind::average_pool, .input = input, .in = in, .out = {in.channels, 1, 1}});
        const auto first = weight("linear.weight", {spec_.classes, in.channels}, weight_kind::linear);
        weight("linear.bias", {spec_.classes}, weight_kind::bias);
        push({.kind = layer_kind::linear,
              .input = pooled,
              .in = {in.channels, 1, 1},
              .out = {spec_.classes, 1, 1},
              .weights = first});
        return std::move(spec_);
    }

    image_shape shape_of(std::size_t number) const {
        return number == 0 ? spec_.image : spec_.layers[number - 1].out;
    }

  private:
    std::size_t push(layer added) {
        spec_.layers.push_back(added);
        return spec_.layers.size();
    }
    std::size_t weight(std::string name, std::vector<std::size_t> shape, weight_kind kind) {
        std::size_t size = 1;
        for (const auto extent : shape) size *= extent;
        spec_.weights.push_back({std::move(name), std::move(shape), kind, spec_.state_size(), size});
        return spec_.weights.size() - 1;
    }

    network_spec spec_;
};

/// ResNet of basic blocks for small images (3x3 stem, no max-pool), projection shortcuts. source: [He2016]
inline network_spec make_resnet(std::string_view name, std::span<const std::size_t> widths,
                                std::size_t blocks, const network_options &options) {
    network_builder build(name, options);
    std::size_t x = build.batch_norm("bn1", build.convolution("conv1", 0, widths[0], 3, 1), true);
    for (std::size_t stage = 0; stage < widths.size(); ++stage) {
        for (std::size_t block = 0; block < blocks; ++block) {
            const std::string at = text("layer", stage + 1, ".", block, ".");
            const std::size_t stride = stage > 0 && block == 0 ? 2 : 1;
            const bool projected = stride != 1 || build.shape_of(x).channels != widths[stage];
            const auto inner = build.batch_norm(
                at + "bn1", build.convolution(at + "conv1", x, widths[stage], 3, stride), true);
            const auto outer = build.convolution(at + "conv2", inner, widths[stage], 3, 1);
            // The shortcut comes after bn2 in the state_dict, so bn2's weights are laid out before it is
            // built.
            if (!projected) {
                x = build.batch_norm(at + "bn2", outer, true, x);
                continue;
            }
            const auto normed = build.batch_norm(at + "bn2", outer, false);
            const auto shortcut = build.convolution(at + "shortcut.0", x, widths[stage], 1, stride);
            x = build.batch_norm(at + "shortcut.1", shortcut, true, normed);
        }
    }
    return build.finish(x);
}

/// Wide ResNet, pre-activation. source: [Zagoruyko2016]
inline network_spec make_wide_resnet(std::string_view name, std::size_t depth, std::size_t width,
                                     const network_options &options) {
    const std::size_t blocks = (depth - 4) / 6;
    network_builder build(name, options);
    std::size_t x = build.convolution("conv1", 0, 16, 3, 1);
    for (std::size_t stage = 0; stage < 3; ++stage) {
        const std::size_t channels = (std::size_t{16} << stage) * width;
        for (std::size_t block = 0; block < blocks; ++block) {
            const std::string at = text("layer", stage + 1, ".", block, ".");
            const std::size_t stride = stage > 0 && block == 0 ? 2 : 1;
            const bool projected = stride != 1 || build.shape_of(x).channels != channels;
            const auto active = build.batch_norm(at + "bn1", x, true);
            const auto inner = build.convolution(at + "conv1", active, channels, 3, stride);
            const auto outer =
                build.convolution(at + "conv2", build.batch_norm(at + "bn2", inner, true), channels, 3, 1);
            x = build.add(outer,
                          projected ? build.convolution(at + "shortcut", active, channels, 1, stride) : x);
        }
    }
    return build.finish(build.batch_norm("bn1", x, true));
}

} // namespace detail

/// Builds a network by name: resnet8, resnet14, resnet20, ... (6m+2, widths 16-32-64), resnet18 (widths 64 to
/// 512) for small images, or wrn-<depth>-<width> with depth 6m+4. errors: N01 unknown name, N02 empty image
/// or classes, N03 normalisation of another length source: [He2016], [Zagoruyko2016]
inline network_spec make_network(std::string_view name, const network_options &options) {
    const auto number = [](std::string_view digits) {
        std::size_t value = 0;
        const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return code == std::errc{} && end == digits.data() + digits.size() && value < 10000 ? value : 0;
    };
    if (name == "resnet18") {
        constexpr std::array<std::size_t, 4> widths{64, 128, 256, 512};
        return detail::make_resnet(name, widths, 2, options);
    }
    if (name.starts_with("resnet")) {
        constexpr std::array<std::size_t, 3> widths{16, 32, 64};
        const std::size_t depth = number(name.substr(6));
        if (depth >= 8 && depth % 6 == 2) return detail::make_resnet(name, widths, (depth - 2) / 6, options);
    }
    if (name.starts_with("wrn-")) {
        const auto dash = name.find('-', 4);
        if (dash != std::string_view::npos) {
            const std::size_t depth = number(name.substr(4, dash - 4)), width = number(name.substr(dash + 1));
            if (depth >= 10 && depth % 6 == 4 && width > 0) {
                return detail::make_wide_resnet(name, depth, width, options);
            }
        }
    }
    fail("N01", "network: '", name,
         "' is unknown, expected resnet8, resnet20, resnet18, another resnet<6m+2>, or wrn-<6m+4>-<width>");
}

/// Seeded initial weights, different for each `run`: convolutions He-normal over fan-out, the last layer
/// uniform within 1/sqrt(E), batch-norm scale and variance 1, everything else 0. shapes: result (S) in layout
/// order. source: [He2015] Section 2.2
inline std::vector<float> initial_weights(const network_spec &spec, std::uint64_t seed,
                                          std::uint32_t run = 0) {
    std::vector<float> state(spec.state_size(), 0.0f);
    float bound = 0;
    for (std::size_t w = 0; w < spec.weights.size(); ++w) {
        const auto &entry = spec.weights[w];
        rng draw(
            {.seed = seed, .stage = stream::weights, .pass = run, .sample = static_cast<std::uint32_t>(w)});
        const std::span values(state.data() + entry.offset, entry.size);
        switch (entry.kind) {
        case weight_kind::convolution: {
            const auto fan_out = static_cast<float>(entry.shape[0] * entry.shape[2] * entry.shape[3]);
            for (auto &value : values) value = draw.normal() * std::sqrt(2.0f / fan_out);
            break;
        }
        case weight_kind::linear:
            bound = 1.0f / std::sqrt(static_cast<float>(entry.shape[1]));
            [[fallthrough]];
        case weight_kind::bias:
            for (auto &value : values) value = draw.uniform(-bound, bound);
            break;
        case weight_kind::scale:
        case weight_kind::running_variance:
            for (auto &value : values) value = 1.0f;
            break;
        case weight_kind::shift:
        case weight_kind::running_mean:
            break;
        }
    }
    return state;
}

} // namespace lipt
