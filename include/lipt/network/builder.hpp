// Puts a network_spec together layer by layer: shapes, numbers and the layout of the weights follow.
#pragma once

#include <lipt/error.hpp>
#include <lipt/network/spec.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt {

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
        const auto first =
            weight(name + ".weight", {channels, in.channels, kernel, kernel}, weight_kind::convolution);
        layer made{.kind = layer_kind::convolution, .input = input, .in = in, .weights = first};
        slide(made, channels, kernel, stride, kernel / 2);
        return push(made);
    }

    std::size_t max_pool(std::size_t input, std::size_t kernel, std::size_t stride, std::size_t padding) {
        layer made{.kind = layer_kind::max_pool, .input = input, .in = shape_of(input)};
        slide(made, made.in.channels, kernel, stride, padding);
        return push(made);
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

    /// The end of every network: average pool and linear layer.
    network_spec finish(const std::string &name, std::size_t input) {
        const image_shape in = shape_of(input);
        const auto pooled =
            push({.kind = layer_kind::average_pool, .input = input, .in = in, .out = {in.channels, 1, 1}});
        const auto first = weight(name + ".weight", {spec_.classes, in.channels}, weight_kind::linear);
        weight(name + ".bias", {spec_.classes}, weight_kind::bias);
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
    /// The output of a window that slides over the padded input.
    static void slide(layer &made, std::size_t channels, std::size_t kernel, std::size_t stride,
                      std::size_t padding) {
        const auto reduced = [&](std::size_t size) { return (size + 2 * padding - kernel) / stride + 1; };
        made.out = {channels, reduced(made.in.height), reduced(made.in.width)};
        made.kernel = kernel;
        made.stride = stride;
        made.padding = padding;
    }
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

} // namespace detail

} // namespace lipt
