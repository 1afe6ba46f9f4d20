#include <lipt/adapters/cli/selection_cost.hpp>
#include <lipt/select/gradmatch.hpp>

#include <algorithm>
#include <limits>

namespace lipt::adapters {
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
        cost.bytes = 4 * s.n * s.k;
    } else {
        if (prefers_gram(std::numeric_limits<std::size_t>::max())) cost.kept = similarities::recomputed;
        cost.product_flops += s.k * 2 * s.n * s.c * s.e + s.k * s.k * s.c * s.e;
        cost.sweep_bytes = s.k * 4 * s.n * (s.c + 1);
        cost.bytes = 4 * s.n * s.c + s.gradients() * s.k / s.n;
    }
    return cost;
}

method_cost glister_cost(const pool_shape &pool, const select_options &options) {
    const sizes s(pool);
    const double rounds = static_cast<double>(std::min(options.glister.rounds, pool.quota));
    return {.product_flops = rounds * (2 * s.n + 4 * s.v + s.k) * s.c * s.e,
            .sweep_bytes = rounds * 4 * (s.n * s.c + 2 * s.v * s.c),
            .bytes = 4 * s.n * s.c + s.gradients() * s.k / s.n + 8 * s.v * (s.c + s.e)};
}

/// Candidates that lazy greedy computes again before each pick, on average. Measured from 4 to 12.
constexpr double evaluations = 8;

method_cost facility_location_cost(const pool_shape &pool, const select_options &options) {
    const sizes s(pool);
    const bool fits = pool.samples <= options.memory / sizeof(float) / pool.samples;
    method_cost cost{.product_flops = 2 * s.n * s.n * (s.c + s.e),
                     .sweep_bytes = 3 * 4 * s.n * s.n + s.k * (evaluations + 2) * 4 * s.n,
                     .bytes = s.gradients() + 128 * 8 * s.n};
    cost.kept = fits ? similarities::kept : similarities::recomputed;
    if (fits) cost.bytes += 4 * s.n * s.n;
    if (!fits) cost.product_flops += s.k * (evaluations + 1) * 2 * s.n * (s.c + s.e);
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

std::optional<method_cost> cost_of(std::string_view method, const pool_shape &pool,
                                   const select_options &options) {
    if (pool.quota == 0) return method_cost{};
    const sizes s(pool);
    if (method == "random" || method == "stratified" || method == "rs2") return method_cost{.bytes = 8 * s.n};
    if (method == "grand" || method == "el2n") return method_cost{.sweep_bytes = s.gradients()};
    if (method == "gradmatch") return gradmatch_cost(pool, options);
    if (method == "glister") return glister_cost(pool, options);
    if (method == "facility-location") return facility_location_cost(pool, options);
    return std::nullopt;
}

} // namespace lipt::adapters
