// A network of the user's own, torch::nn::Module or torch::jit::Module, as the pieces of LiPT see it: one
// flat vector of weights, and the layout that says what is what.
#pragma once

#include <lipt/network/network.hpp>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
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
/// order; one that two layers share counts once, under its first name. Frozen parameters (requires_grad is
/// false) and other buffers are no weights and stay as they are. The tensors are the module's own.
template <class Module>
std::vector<named_tensor> tensors_of(const Module &module) {
    std::vector<named_tensor> all;
    const auto add_one = [&](const std::string &name, const at::Tensor &values, bool trained) {
        const auto own = std::string_view(name).substr(name.rfind('.') + 1);
        const bool statistic = own == "running_mean" || own == "running_var";
        const bool wanted = trained ? values.requires_grad() : statistic;
        const bool known =
            std::ranges::any_of(all, [&](const auto &one) { return one.values.is_same(values); });
        if (wanted && !known && values.is_floating_point()) all.push_back({name, values, trained});
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

/// What a tensor is for, by its name, its dimensions and its neighbours; nothing for what belongs to no layer
/// that LiPT knows, such as a gate or a position.
inline std::optional<weight_kind> kind_of(const named_tensor &each, std::span<const named_tensor> all) {
    const std::string_view name = each.name;
    const auto dimensions = each.values.dim();
    if (name.ends_with("running_var")) return weight_kind::running_variance;
    if (name.ends_with("running_mean")) return weight_kind::running_mean;
    if (name.ends_with("weight") && dimensions > 1)
        return dimensions == 2 ? weight_kind::linear : weight_kind::convolution;
    // Of a normalisation both are one-dimensional; a bias stands beside a larger weight.
    const auto beside = [&](std::string_view own, std::string_view other) -> const named_tensor * {
        if (!name.ends_with(own)) return nullptr;
        const auto wanted = std::string(name.substr(0, name.size() - own.size())) + std::string(other);
        const auto found = std::ranges::find(all, wanted, &named_tensor::name);
        return found == all.end() ? nullptr : &*found;
    };
    if (beside("weight", "bias") != nullptr) return weight_kind::scale;
    if (const auto *weight = beside("bias", "weight"))
        return weight->values.dim() == 1 ? weight_kind::shift : weight_kind::bias;
    return std::nullopt;
}

/// The layout of a module's flat vector, for masks and files. What belongs to no layer that LiPT knows is
/// never pruned and starts as it is now. shapes: over (S), the sum of the tensors' sizes
inline std::vector<weight_entry> layout_of(std::span<const named_tensor> tensors) {
    std::vector<weight_entry> layout;
    std::size_t offset = 0;
    for (const auto &each : tensors) {
        const auto size = static_cast<std::size_t>(each.values.numel());
        const auto extents = each.values.sizes();
        const auto kind = kind_of(each, tensors);
        auto &entry = layout.emplace_back(weight_entry{.name = each.name,
                                                       .shape = {extents.begin(), extents.end()},
                                                       .kind = kind.value_or(weight_kind::bias),
                                                       .offset = offset,
                                                       .size = size});
        if (!kind) {
            const auto now = each.values.detach().to(at::kCPU, at::kFloat).contiguous();
            entry.start.assign(now.data_ptr<float>(), now.data_ptr<float>() + size);
        }
        offset += size;
    }
    return layout;
}

/// All tensors copied into one row on their device. shapes: result (1,S) float32
inline at::Tensor flat_weights(std::span<const named_tensor> tensors) {
    const c10::NoGradGuard no_graph;
    std::vector<at::Tensor> parts;
    for (const auto &each : tensors) parts.push_back(each.values.detach().reshape(-1).to(at::kFloat));
    return at::cat(parts).unsqueeze(0);
}

/// Copies a flat vector into the module's tensors. shapes: flat (S) or (1,S), any device.
/// errors: L10 another number of weights
inline void load_weights(std::span<const named_tensor> tensors, const at::Tensor &flat) {
    const c10::NoGradGuard no_graph;
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
