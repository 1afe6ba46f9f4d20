// Small networks, batches and weights that the conformance suites train with.
#pragma once

#include <lipt/network/network.hpp>
#include <lipt/training.hpp>

#include <backend.hpp>
#include <conformance/network_case.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace lipt_test {

/// Networks of the library.
inline constexpr network_case library_networks[] = {
    {"resnet8", {1, 28, 28}}, {"wrn-10-1", {1, 28, 28}}, {"resnet8", {3, 32, 32}}, {"wrn-10-1", {3, 32, 32}}};

/// A backend for less than the library's networks lists its own, and makes them: `networks`, `make_network`.
template <class Backend>
concept with_own_networks = requires(const char *name, const lipt::network_options &options) {
    { Backend::make_network(name, options) } -> std::same_as<lipt::network_spec>;
    Backend::networks[0].image;
};

/// What the backend of the suite is tested with: every network of the library, or its own.
template <class Backend>
constexpr std::span<const network_case> networks_of() {
    if constexpr (with_own_networks<Backend>) {
        return Backend::networks;
    } else {
        return library_networks;
    }
}
inline constexpr auto networks = networks_of<backend>();
inline constexpr std::size_t batch_sizes[] = {1, 5, 32, 37};

/// The networks for ImageNet, as wide as they are: each step is dear, so images and batches are small.
/// `looser`: times what a tolerance of the suite is. A batch-norm over the few values of the last planes, and
/// a ReLU at the edge among so few, make more of rounding than in the small networks.
struct large_network_case {
    network_case network;
    std::size_t batch;
    double looser;
};
inline constexpr large_network_case library_large_networks[] = {{{"resnet18-224", {3, 44, 36}}, 5, 5},
                                                                {{"wrn-50-2", {3, 48, 48}}, 2, 100}};

/// A backend with networks of its own has no large ones.
inline constexpr std::span<const large_network_case> large_networks =
    with_own_networks<backend> ? std::span<const large_network_case>() : library_large_networks;

/// The network with a normalisation of its own for every channel.
template <class Backend = backend>
lipt::network_spec spec_of(const network_case &of) {
    lipt::network_options options{.image = of.image, .classes = 7};
    for (std::size_t c = 0; c < of.image.channels; ++c) {
        options.mean.push_back(0.45f + 0.03f * static_cast<float>(c));
        options.deviation.push_back(0.27f - 0.02f * static_cast<float>(c));
    }
    if constexpr (with_own_networks<Backend>) {
        return Backend::make_network(of.name, options);
    } else {
        return lipt::make_network(of.name, options);
    }
}

/// Weights as in the midst of a training: batch-norm's are not 1 and 0.
inline std::vector<float> weights_of(const lipt::network_spec &spec, std::uint64_t seed = 1) {
    auto weights = lipt::initial_weights(spec, seed);
    lipt::rng draw({.seed = seed, .stage = lipt::stream::test, .worker = 1});
    for (const auto &entry : spec.weights) {
        for (std::size_t i = entry.offset; i < entry.offset + entry.size; ++i) {
            switch (entry.kind) {
            case lipt::weight_kind::scale:
            case lipt::weight_kind::running_variance:
                weights[i] = draw.uniform(0.5f, 1.5f);
                break;
            case lipt::weight_kind::shift:
            case lipt::weight_kind::running_mean:
                weights[i] = draw.uniform(-0.4f, 0.4f);
                break;
            default:
                break;
            }
        }
    }
    return weights;
}

/// Random images, labels and sample weights that own what `view` shows.
struct owned_batch {
    std::vector<std::uint8_t> pixels;
    std::vector<std::int32_t> labels;
    std::vector<float> weights;

    lipt::batch_view view() const { return {.pixels = pixels, .labels = labels}; }
    lipt::batch_view weighted_view() const {
        return {.pixels = pixels, .labels = labels, .weights = weights};
    }
    std::size_t size() const { return labels.size(); }
};

inline owned_batch batch_of(const lipt::network_spec &spec, std::size_t size, std::uint64_t seed = 1) {
    owned_batch batch;
    for (std::size_t n = 0; n < size; ++n) {
        lipt::rng draw({.seed = seed,
                        .stage = lipt::stream::test,
                        .worker = 2,
                        .sample = static_cast<std::uint32_t>(n)});
        batch.labels.push_back(
            static_cast<std::int32_t>(draw.below(static_cast<std::uint32_t>(spec.classes))));
        batch.weights.push_back(draw.uniform(0.5f, 2.0f));
        // Images differ in brightness, not only in noise.
        const std::uint32_t low = draw.below(128);
        for (std::size_t i = 0; i < spec.image.size(); ++i) {
            batch.pixels.push_back(static_cast<std::uint8_t>(low + draw.below(128)));
        }
    }
    return batch;
}

/// Equal bit for bit, and in length.
template <class Values>
bool same_bits(const Values &a, const Values &b) {
    const auto bytes_a = std::as_bytes(std::span(a.data(), a.size()));
    const auto bytes_b = std::as_bytes(std::span(b.data(), b.size()));
    return std::ranges::equal(bytes_a, bytes_b);
}

inline bool same_state(const lipt::training_state &a, const lipt::training_state &b) {
    return same_bits(a.weights, b.weights) && same_bits(a.momentum, b.momentum);
}

/// |a - b| / |b|, of vectors or matrices of one size; NaN where a value is.
template <class A, class B>
double relative_distance(const A &a, const B &b) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        const auto x = static_cast<double>(a.data()[i]), y = static_cast<double>(b.data()[i]);
        difference += (x - y) * (x - y);
        size += y * y;
    }
    return a.size() == b.size() ? std::sqrt(difference / size) : HUGE_VAL;
}

/// The values of all entries for which `wanted(kind)` holds, one after another.
template <class Value, class Wanted>
std::vector<Value> values_of(const lipt::network_spec &spec, const std::vector<Value> &state, Wanted wanted) {
    std::vector<Value> values;
    for (const auto &entry : spec.weights) {
        if (!wanted(entry.kind)) continue;
        const auto first = state.begin() + static_cast<std::ptrdiff_t>(entry.offset);
        values.insert(values.end(), first, first + static_cast<std::ptrdiff_t>(entry.size));
    }
    return values;
}

inline constexpr auto trained = [](lipt::weight_kind kind) { return lipt::is_trained(kind); };
inline constexpr auto statistic = [](lipt::weight_kind kind) { return !lipt::is_trained(kind); };

/// True for a network with batch-norm, as all of the library's are.
inline bool has_statistics(const lipt::network_spec &spec) {
    return std::ranges::any_of(spec.weights, statistic, &lipt::weight_entry::kind);
}

/// (1/B) sum_i weight_i * cross_entropy_i in double.
inline double cross_entropy(const lipt::host_matrix &logits, const lipt::batch_view &batch) {
    double loss = 0;
    for (std::size_t n = 0; n < batch.size(); ++n) {
        double sum = 0;
        for (std::size_t c = 0; c < logits.shape(1); ++c) sum += std::exp(static_cast<double>(logits(n, c)));
        const double weight = batch.weights.empty() ? 1.0 : static_cast<double>(batch.weights[n]);
        loss += weight *
                (std::log(sum) - static_cast<double>(logits(n, static_cast<std::size_t>(batch.labels[n]))));
    }
    return loss / static_cast<double>(batch.size());
}

} // namespace lipt_test
