// Keep-masks over a flat vector of weights: which convolution and linear weights stay. Works on the layout of
// a network_spec or on any list of named tensors, and needs no training backend.
#pragma once

#include <lipt/error.hpp>
#include <lipt/network/network.hpp>
#include <lipt/random.hpp>
#include <lipt/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt {

/// What makes a weight worth keeping: its magnitude, chance, or |weight * gradient| (SNIP).
enum class prune_method : std::uint8_t { magnitude, random, snip };

/// Whether all prunable weights compete with each other, or each tensor keeps its own share.
enum class prune_scope : std::uint8_t { global, per_layer };

/// Settings of one-shot pruning; each worker draws its density from U[density_min, density_max].
/// source: [Ro2023] Section 3.3
struct prune_options {
    prune_method method = prune_method::magnitude;
    prune_scope scope = prune_scope::global;
    double density_min = 0.85; ///< share of the prunable weights that is kept
    double density_max = 0.95;
};

/// Which weights stay. shapes: keep (S) of 0 and 1, always 1 at what is not prunable
struct prune_mask {
    std::vector<float> keep{};
    double density = 1;                 ///< share of the prunable weights that is kept, as realised
    std::vector<std::string> emptied{}; ///< tensors of which nothing is kept, as emptied_tensors says
};

/// The density a worker draws: a pure function of the seed and its number. errors: P01 range outside (0,1] or
/// empty
inline double draw_density(const prune_options &options, std::uint64_t seed, std::uint32_t worker) {
    require(options.density_min > 0 && options.density_min <= options.density_max && options.density_max <= 1,
            "P01", "prune: densities from ", options.density_min, " to ", options.density_max,
            ", expected 0 < minimum <= maximum <= 1: density is the share of weights that is kept");
    rng draw({.seed = seed, .stage = stream::density, .worker = worker});
    // One rounding, whether or not the processor multiplies and adds at once.
    return std::fma(options.density_max - options.density_min, static_cast<double>(draw.uniform()),
                    options.density_min);
}

namespace detail {

/// Copies one tensor after another out of the flat vector, as one row.
inline host_matrix concatenate(std::span<const weight_entry *const> entries, std::span<const float> flat) {
    std::size_t size = 0;
    for (const auto *entry : entries) size += entry->size;
    host_matrix row = host_matrix::from_shape({1, size});
    float *out = row.data();
    for (const auto *entry : entries) {
        out = std::copy_n(flat.data() + entry->offset, entry->size, out);
    }
    return row;
}

/// The values whose smallest magnitudes go, for one group of tensors. shapes: (1, size of the group)
template <tensor_backend Tensor>
typename Tensor::matrix prune_scores(const Tensor &tensor, std::span<const weight_entry *const> group,
                                     std::span<const float> weights, std::span<const float> gradient,
                                     prune_method method, stream_key key) {
    host_matrix values = concatenate(group, weights);
    if (method == prune_method::random) {
        rng draw(key);
        for (auto &value : values) value = draw.uniform();
    }
    auto scores = tensor.from_host(values);
    if (method == prune_method::snip) tensor.multiply(tensor.from_host(concatenate(group, gradient)), scores);
    return scores;
}

/// errors: P07 a value that is not finite, which would count as the largest
inline void require_finite(const weight_entry &entry, std::span<const float> values, std::string_view what) {
    for (const float value : values.subspan(entry.offset, entry.size)) {
        require(std::isfinite(value), "P07", "prune: ", what, " of ", entry.name, " is ", value,
                ", expected a finite one: the training diverged. Lower its learning rate");
    }
}

/// Masks one group, keeping round(density * size) of its weights; returns how many it keeps.
template <tensor_backend Tensor>
std::size_t mask_group(const Tensor &tensor, std::span<const weight_entry *const> group,
                       const typename Tensor::matrix &scores, double density, std::vector<float> &keep) {
    const std::size_t size = tensor.columns(scores);
    const auto kept = static_cast<std::size_t>(std::llround(density * static_cast<double>(size)));
    const host_matrix mask = tensor.to_host(tensor.smallest_magnitude_mask(scores, size - kept));
    const float *from = mask.data();
    for (const auto *entry : group) {
        std::copy_n(from, entry->size, keep.data() + entry->offset);
        from += entry->size;
    }
    return kept;
}

} // namespace detail

/// The prunable tensors that are zero throughout, by name: nothing passes through them.
/// shapes: layout over (S), values (S), a keep-mask or pruned weights
inline std::vector<std::string> emptied_tensors(std::span<const weight_entry> layout,
                                                std::span<const float> values) {
    std::vector<std::string> names;
    for (const auto &entry : layout) {
        const auto own = values.subspan(entry.offset, entry.size);
        const auto is_zero = [](float value) { return value == 0.0f; };
        if (is_prunable(entry.kind) && std::all_of(own.begin(), own.end(), is_zero))
            names.push_back(entry.name);
    }
    return names;
}

/// Draws a worker's mask: exactly round(density * count) of the prunable weights stay (of each tensor's, per
/// layer); batch-norm, biases and statistics always do. Of equal scores the lowest index goes first. shapes:
/// layout over (S), weights (S), gradient (S) for SNIP (otherwise not read) errors: P01 densities, P02
/// weights too short, P03 SNIP without its gradient, P04 nothing to prune, P07 a weight or SNIP's gradient
/// that is not finite. cost: O(S). source: [Ro2023] Section 3.3, [Lee2019] Equation 5 for SNIP
template <tensor_backend Tensor>
prune_mask make_prune_mask(const Tensor &tensor, std::span<const weight_entry> layout,
                           std::span<const float> weights, std::span<const float> gradient,
                           const prune_options &options, std::uint64_t seed, std::uint32_t worker) {
    const double density = draw_density(options, seed, worker);
    std::vector<const weight_entry *> prunable;
    std::size_t total = 0;
    for (const auto &entry : layout) {
        require(entry.offset + entry.size <= weights.size(), "P02", "prune: ", entry.name, " ends at ",
                entry.offset + entry.size, " of ", weights.size(),
                " weights: give the vector that the layout describes");
        if (!is_prunable(entry.kind)) continue;
        prunable.push_back(&entry);
        total += entry.size;
    }
    require(options.method != prune_method::snip || gradient.size() == weights.size(), "P03",
            "prune: SNIP with ", gradient.size(), " gradient values for ", weights.size(),
            " weights: give the loss's gradient on one batch, or choose another method");
    for (const auto *entry : prunable) {
        detail::require_finite(*entry, weights, "a weight");
        if (options.method == prune_method::snip) detail::require_finite(*entry, gradient, "the gradient");
    }
    require(total > 0, "P04", "prune: the layout has no convolution or linear weight: nothing can be pruned");

    prune_mask mask{.keep = std::vector<float>(weights.size(), 1.0f)};
    const std::size_t groups = options.scope == prune_scope::global ? 1 : prunable.size();
    std::size_t kept = 0;
    for (std::size_t g = 0; g < groups; ++g) {
        const auto group = groups == 1 ? std::span<const weight_entry *const>(prunable)
                                       : std::span<const weight_entry *const>(prunable).subspan(g, 1);
        const stream_key key{
            .seed = seed, .stage = stream::prune, .worker = worker, .sample = static_cast<std::uint32_t>(g)};
        const auto scores = detail::prune_scores(tensor, group, weights, gradient, options.method, key);
        kept += detail::mask_group(tensor, group, scores, density, mask.keep);
    }
    mask.density = static_cast<double>(kept) / static_cast<double>(total);
    mask.emptied = emptied_tensors(layout, mask.keep);
    return mask;
}

/// Sets the masked weights to zero (+0, whatever their sign was).
/// shapes: weights (S), keep (S) of 0 and 1. errors: P05 lengths differ
inline void apply_mask(std::span<float> weights, std::span<const float> keep) {
    require(weights.size() == keep.size(), "P05", "mask: ", keep.size(), " values for ", weights.size(),
            " weights: give the mask that was made for them");
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = keep[i] == 0.0f ? 0.0f : weights[i];
}

/// Masked weights as they are sent: one bit a weight (bit i % 8 of byte i / 8), then the kept values in
/// order. shapes: bits (S/8, rounded up), kept (number of set bits)
struct packed_weights {
    std::size_t size = 0; ///< S
    std::vector<std::uint8_t> bits{};
    std::vector<float> kept{};
};

/// Packs weights under their mask; the masked values are not sent. errors: P05 lengths differ
inline packed_weights pack_mask(std::span<const float> weights, std::span<const float> keep) {
    require(weights.size() == keep.size(), "P05", "mask: ", keep.size(), " values for ", weights.size(),
            " weights: give the mask that was made for them");
    packed_weights packed{.size = weights.size(),
                          .bits = std::vector<std::uint8_t>((weights.size() + 7) / 8)};
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (keep[i] == 0.0f) continue;
        packed.bits[i / 8] = static_cast<std::uint8_t>(packed.bits[i / 8] | (1u << (i % 8)));
        packed.kept.push_back(weights[i]);
    }
    return packed;
}

/// What was packed. shapes: weights (S), zero where masked; keep (S) of 0 and 1
struct unpacked_weights {
    std::vector<float> weights{};
    std::vector<float> keep{};
};

/// The inverse of pack_mask. errors: P06 number of bytes or of kept values does not fit the mask
inline unpacked_weights unpack_mask(const packed_weights &packed) {
    require(packed.bits.size() == (packed.size + 7) / 8, "P06", "mask: ", packed.bits.size(), " bytes for ",
            packed.size, " weights, expected one bit each: the upload is damaged");
    unpacked_weights out{.weights = std::vector<float>(packed.size), .keep = std::vector<float>(packed.size)};
    std::size_t taken = 0;
    for (std::size_t i = 0; i < packed.size; ++i) {
        if ((packed.bits[i / 8] >> (i % 8) & 1u) == 0) continue;
        require(taken < packed.kept.size(), "P06", "mask: keeps more than the ", packed.kept.size(),
                " values given: the upload is damaged");
        out.keep[i] = 1.0f;
        out.weights[i] = packed.kept[taken++];
    }
    require(taken == packed.kept.size(), "P06", "mask: keeps ", taken, " of the ", packed.kept.size(),
            " values given: the upload is damaged");
    return out;
}

} // namespace lipt
