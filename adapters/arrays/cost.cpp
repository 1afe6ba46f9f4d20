#include <lipt/adapters/arrays/cost.hpp>
#include <lipt/select/gradmatch.hpp>
#include <lipt/select/k_means.hpp>
#include <lipt/select/similarity.hpp>
#include <lipt/select/zcore.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace lipt::arrays {
namespace {

/// The shape as real numbers, for formulas.
struct sizes {
    double n, k, c, e, v;
    explicit sizes(const pool_shape &pool)
        : n(static_cast<double>(pool.samples)), k(static_cast<double>(pool.quota)),
          c(static_cast<double>(pool.classes)), e(static_cast<double>(pool.width)),
          v(static_cast<double>(pool.validation)) {}
    /// Bytes of the gradients.
    double gradients() const { return 4 * n * (c + e); }
};

/// The factor of the picks' products, packed doubles, twice while it grows.
double factor_bytes(const sizes &s) { return 2 * 4 * s.k * s.k; }

method_cost gradmatch_cost(const pool_shape &pool, const select_options &options) {
    const sizes s(pool);
    const auto prefers_gram = [&](std::size_t memory) {
        return methods::detail::prefer_gram(pool.samples, pool.quota, pool.classes, pool.width, memory);
    };
    // The mean gradient and the projections on it.
    method_cost cost{.product_flops = 4 * s.n * s.c * s.e};
    // Each pick's inner products with those before it, then the factor and the solutions.
    cost.scalar_flops = s.k * s.k * (s.c + s.e) + 3 * s.k * s.k * s.k;
    if (prefers_gram(options.memory)) {
        cost.kept = similarities::kept;
        cost.sweep_bytes = s.k * (s.gradients() + 2 * s.n * s.k);
        cost.bytes = 4 * s.n * (s.k + static_cast<double>(methods::detail::gram_rows_ahead));
    } else {
        if (prefers_gram(std::numeric_limits<std::size_t>::max())) cost.kept = similarities::recomputed;
        cost.product_flops += s.k * 2 * s.n * s.c * s.e + s.k * s.k * s.c * s.e;
        cost.sweep_bytes = s.k * 4 * s.n * (s.c + 1);
        cost.bytes = 4 * s.n * s.c + s.gradients() * s.k / s.n;
    }
    cost.bytes += factor_bytes(s);
    return cost;
}

method_cost glister_cost(const pool_shape &pool, const select_options &options) {
    const sizes s(pool);
    const double rounds = static_cast<double>(std::min(options.glister.rounds, pool.quota));
    return {.product_flops = rounds * (2 * s.n + 4 * s.v + s.k) * s.c * s.e,
            .sweep_bytes = rounds * 4 * (s.n * s.c + 2 * s.v * s.c),
            .bytes = 4 * s.n * s.c + s.gradients() * s.k / s.n + 8 * s.v * (s.c + s.e)};
}

/// Candidates whose gains are computed before a pick, on average.
double evaluations(const sizes &s, const submodular_options &options) {
    switch (options.greedy) {
    case greedy_kind::naive:
        return s.n;
    case greedy_kind::stochastic:
        return std::min(s.n, s.n / s.k * std::log(1 / options.epsilon));
    case greedy_kind::lazy:
        break;
    }
    return std::min(s.n, s.n * std::log(s.k) / s.k); // measured: from 0.7 to 2 times that
}

/// Numbers of a sample that similarities are made of.
double similarity_width(const sizes &s, const select_options &options) {
    return options.submodular.space == similarity_space::gradients ? s.c + s.e : s.e;
}

/// Of every method that can keep each sample's nearest similarities alone: all are computed and looked
/// through once, a block at a time.
method_cost sparse_cost(const pool_shape &pool, const select_options &options) {
    const sizes s(pool);
    const double width = std::min(s.n - 1, static_cast<double>(options.submodular.neighbours)) + 1;
    return {.product_flops = 2 * s.n * s.n * similarity_width(s, options),
            .sweep_bytes = 4 * 4 * s.n * s.n + s.k * (evaluations(s, options.submodular) + 1) * 8 * width,
            .bytes = s.gradients() + 128 * 8 * s.n + 16 * s.n * width,
            .kept = similarities::sparse};
}

/// Of facility-location and craig: every row once, then those that the gains of candidates need.
method_cost square_cost(const pool_shape &pool, const select_options &options) {
    const sizes s(pool);
    const double width = similarity_width(s, options), rows = s.k * (evaluations(s, options.submodular) + 1);
    const bool fits = fits_square(pool.samples, options.memory);
    method_cost cost{.product_flops = 2 * s.n * s.n * width,
                     .sweep_bytes = 6 * 4 * s.n * s.n + rows * 4 * s.n,
                     .bytes = s.gradients() + 128 * 8 * s.n};
    cost.kept = fits ? similarities::kept : similarities::recomputed;
    if (fits) cost.bytes += 4 * s.n * s.n;
    if (!fits) cost.product_flops += rows * 2 * s.n * width;
    return cost;
}

/// Methods whose every pick goes over all samples once, and that keep a copy of what they go over.
std::optional<method_cost> pick_by_pick_cost(std::string_view method, const pool_shape &pool,
                                             const select_options &options) {
    const sizes s(pool);
    if (method == "graph-cut") {
        return method_cost{.product_flops = 4 * s.n * s.c * s.e,
                           .sweep_bytes = s.k * 4 * s.n * similarity_width(s, options),
                           .bytes = 2 * s.gradients() + 4 * s.n * s.c};
    }
    if (method == "log-determinant") {
        const bool whole = options.submodular.space == similarity_space::gradients;
        return method_cost{.product_flops = whole ? s.k * 2 * s.n * s.c * s.e : 0,
                           .sweep_bytes = s.k * 4 * s.n * similarity_width(s, options),
                           .scalar_flops = s.k * s.k * s.k,
                           .bytes = s.gradients() + 4 * s.n * s.c + factor_bytes(s)};
    }
    if (method == "herding") return method_cost{.sweep_bytes = s.k * 4 * s.n * s.e, .bytes = 8 * s.n * s.e};
    if (method == "k-center") // a copy, from which the pick is subtracted, and its squares
        return method_cost{.sweep_bytes = s.k * 5 * 4 * s.n * s.e, .bytes = 8 * s.n * s.e};
    if (method == "contextual-diversity")
        return method_cost{.sweep_bytes = s.k * 8 * s.n * s.c, .bytes = 20 * s.n * s.c};
    if (method == "gradmatch-batch") {
        const double batch = std::min(s.k, static_cast<double>(options.gradmatch.batch));
        return method_cost{.product_flops = 4 * s.n * s.c * s.e * (s.k / std::max(1.0, batch)),
                           .sweep_bytes = s.gradients(),
                           .scalar_flops = s.k * s.k * s.c * s.e / std::max(1.0, batch),
                           .bytes = 4 * s.n * s.c + s.gradients() * (1 + s.k / s.n)};
    }
    return std::nullopt;
}

/// Methods that look at embeddings alone; of those that rate samples, without what the sampler adds.
std::optional<method_cost> unlabelled_cost(std::string_view method, const pool_shape &pool,
                                           const select_options &options) {
    const sizes s(pool);
    if (method == "gist") { // measured: from 0.5 to 1.8 passes over all samples and picks
        return method_cost{.product_flops = 2 * s.n * s.k * s.e,
                           .sweep_bytes = 4 * s.n * s.k,
                           .bytes = 8 * s.n * s.e + 4 * s.k * s.e + 40 * s.n};
    }
    if (method == "zcore") {
        const auto neighbours = static_cast<double>(std::min(options.zcore.neighbours, pool.samples));
        const auto draws = static_cast<double>(zcore_draws(options.zcore, pool.samples));
        return method_cost{.scalar_flops = 300 * draws * std::min(s.n, 2 * std::sqrt(s.n * neighbours)),
                           .bytes = 12 * s.n * s.e + 8 * s.n};
    }
    const auto clustered = [&](std::size_t asked, std::size_t rounds) {
        const auto clusters = static_cast<double>(cluster_count(asked, pool.samples));
        return method_cost{.product_flops = 2 * s.n * s.e * clusters * static_cast<double>(rounds + 1),
                           .sweep_bytes = clusters * 4 * s.n * s.e, // a seed at a time
                           .bytes = 8 * s.n * s.e + 2048 * 8 * clusters + 32 * s.n};
    };
    if (method == "prototype") return clustered(options.prototype.prototypes, options.prototype.rounds);
    if (method != "semdedup") return std::nullopt;
    auto cost = clustered(options.semdedup.clusters, options.semdedup.rounds);
    cost.product_flops +=
        2 * s.n * s.n * s.e / static_cast<double>(cluster_count(options.semdedup.clusters, pool.samples));
    return cost;
}

/// Methods that rate samples, and what the sampler adds.
std::optional<method_cost> scorer_cost(std::string_view method, const pool_shape &pool,
                                       const select_options &options) {
    const sizes s(pool);
    auto cost = unlabelled_cost(method, pool, options)
                    .value_or(method_cost{.sweep_bytes = s.gradients(), .bytes = 8 * s.n});
    // Two copies of what distances are made of, a block of them twice, and the lists of neighbours.
    const auto neighbours = [&](std::size_t nearest, double lists) {
        cost.product_flops += 2 * s.n * s.n * s.e;
        cost.sweep_bytes += 12 * s.n * s.n;
        const double of_each = std::min(s.n - 1, static_cast<double>(nearest));
        cost.bytes += 8 * s.n * s.e + 128 * 8 * s.n + lists * s.n * (24 + 16 * of_each);
    };
    constexpr std::array<std::string_view, 10> scorers{"grand", "el2n",     "entropy",  "margin",
                                                       "cal",   "moderate", "deepfool", "least-confidence",
                                                       "zcore", "prototype"};
    if (std::find(scorers.begin(), scorers.end(), method) == scorers.end()) return std::nullopt;
    if (method == "cal") neighbours(options.cal.neighbours, 1);
    // The graph without direction has each edge twice, and is made from a copy.
    if (options.sampler.kind == sampler_kind::d2) neighbours(options.sampler.d2.neighbours, 3);
    return cost;
}

} // namespace

method_cost &method_cost::operator+=(const method_cost &other) {
    product_flops += other.product_flops;
    sweep_bytes += other.sweep_bytes;
    scalar_flops += other.scalar_flops;
    bytes = std::max(bytes, other.bytes); // one pool at a time
    return *this;
}

bool keeps_nearest(std::string_view method) noexcept {
    return method == "facility-location" || method == "craig" || method == "graph-cut";
}

std::optional<method_cost> cost_of(std::string_view method, const pool_shape &pool,
                                   const select_options &options) {
    if (pool.quota == 0) return method_cost{};
    const sizes s(pool);
    if (keeps_nearest(method) && is_sparse(options, pool.samples)) return sparse_cost(pool, options);
    if (method == "rs2")
        return method_cost{.bytes = 17 * s.n}; // two passes, and which samples the first ends with
    if (method == "random" || method == "stratified") return method_cost{.bytes = 8 * s.n};
    if (method == "gradmatch") return gradmatch_cost(pool, options);
    if (method == "glister") return glister_cost(pool, options);
    if (method == "facility-location" || method == "craig") return square_cost(pool, options);
    if (const auto cost = pick_by_pick_cost(method, pool, options)) return cost;
    if (const auto cost = scorer_cost(method, pool, options)) return cost;
    return unlabelled_cost(method, pool, options);
}

} // namespace lipt::arrays
