// A network of the user's own, torch::nn::Module or torch::jit::Module, as the pieces of LiPT see it: one
// flat vector of weights, and the layout that says what is what.
#pragma once

#include <lipt/network.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::torch {

/// A tensor of a module under its dotted name.
struct named_tensor {
    std::string name;
    at::Tensor values;
    bool trained = false; ///< a parameter, not a statistic
};

/// Floating-point parameters that are trained, then the running statistics of normalisations, in the module's
/// order. Frozen parameters (requires_grad is false) and other buffers are no weights and stay as they are.
/// The tensors are the module's own.
template <class Module>
std::vector<named_tensor> tensors_of(const Module &module) {
    std::vector<named_tensor> all;
    const auto add_one = [&](const std::string &name, const at::Tensor &values, bool trained) {
        const auto own = std::string_view(name).substr(name.rfind('.') + 1);
        const bool statistic = own == "running_mean" || own == "running_var";
        const bool wanted = trained ? values.requires_grad() : statistic;
        if (wanted && values.is_floating_point()) all.push_back({name, values, trained});
    };
    const auto add = [&](const auto &list, bool trained) {
        for (const auto &each : list) {
            if constexpr (requires { each.key(); }) {
                add_one(each.key(), each.value(), trained);
            } else {
                add_one(each.name, each.value, trained);
            }
        }
    };
    add(module.named_parameters(), true);
    add(module.named_buffers(), false);
    return all;
}

/// What a tensor is for, by its name, its dimensions and its neighbours.
inline weight_kind kind_of(const named_tensor &each, std::span<const named_tensor> all) {
    const std::string_view name = each.name;
    const auto dot = name.rfind('.');
    const auto own = dot == std::string_view::npos ? name : name.substr(dot + 1);
    if (!each.trained)
        return own == "running_var" ? weight_kind::running_variance : weight_kind::running_mean;
    if (each.values.dim() > 2) return weight_kind::convolution;
    if (each.values.dim() == 2) return weight_kind::linear;
    if (own == "weight") return weight_kind::scale;
    // The shift of a normalisation stands beside a one-dimensional scale.
    const auto sibling = std::string(name.substr(0, name.size() - own.size())) + "weight";
    const bool normalises = std::any_of(all.begin(), all.end(), [&](const auto &other) {
        return other.name == sibling && other.values.dim() == 1;
    });
    return normalises ? weight_kind::shift : weight_kind::bias;
}

/// The layout of a module's flat vector, for masks and files. shapes: over (S), the sum of the tensors' sizes
inline std::vector<weight_entry> layout_of(std::span<const named_tensor> tensors) {
    std::vector<weight_entry> layout;
    std::size_t offset = 0;
    for (const auto &each : tensors) {
        const auto size = static_cast<std::size_t>(each.values.numel());
        const auto extents = each.values.sizes();
        layout.push_back({each.name, {extents.begin(), extents.end()}, kind_of(each, tensors), offset, size});
        offset += size;
    }
    return layout;
}

/// All tensors copied into one row on their device. shapes: result (1,S) float32
inline at::Tensor flat_weights(std::span<const named_tensor> tensors) {
    const at::NoGradGuard no_graph;
    std::vector<at::Tensor> parts;
    for (const auto &each : tensors) parts.push_back(each.values.detach().reshape(-1).to(at::kFloat));
    return at::cat(parts).unsqueeze(0);
}

/// Copies a flat vector into the module's tensors. shapes: flat (S) or (1,S), any device.
/// errors: L10 another number of weights
inline void load_weights(std::span<const named_tensor> tensors, const at::Tensor &flat) {
    const at::NoGradGuard no_graph;
    std::int64_t size = 0;
    for (const auto &each : tensors) size += each.values.numel();
    require(flat.numel() == size, "L10", "torch: ", flat.numel(), " weights for a module of ", size,
            ": take them from the same module");
    const auto values = flat.reshape(-1);
    std::int64_t offset = 0;
    for (const auto &each : tensors) {
        auto to = each.values.detach(); // shares the module's memory
        to.copy_(values.narrow(0, offset, to.numel()).view(to.sizes()));
        offset += to.numel();
    }
}

} // namespace lipt::torch
