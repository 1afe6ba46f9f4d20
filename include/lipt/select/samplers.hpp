// Samplers turn ratings into a subset: the highest, strata of them, the highest after messages between
// neighbours, or a draw that prefers a difficulty. They wrap any scorer, and know nothing of it.
#pragma once

#include <lipt/random.hpp>
#include <lipt/select/selection.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

namespace detail {

/// The stream that a sampler draws from in one pool.
inline rng sampler_draw(const select_options &options, std::size_t pool) {
    return rng({.seed = options.seed, .stage = stream::select, .sample = static_cast<std::uint32_t>(pool)});
}

/// Scores brought to 0..1, all 0.5 where they are equal; NaN counts as lowest.
inline std::vector<double> normalised(std::span<const float> scores) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const float score : scores) {
        if (!std::isfinite(score)) continue;
        low = std::min<double>(low, score);
        high = std::max<double>(high, score);
    }
    std::vector<double> out;
    for (const float score : scores) {
        const double value = std::isnan(score) ? low : std::clamp<double>(score, low, high);
        out.push_back(high > low ? (value - low) / (high - low) : 0.5);
    }
    return out;
}

/// How many to take of each stratum: an equal share each, what small ones cannot fill goes to the others.
/// shapes: sizes and result (strata); takes `quota` in all, or everything
inline std::vector<std::size_t> equal_budgets(std::span<const std::size_t> sizes, std::size_t quota) {
    std::vector<std::size_t> order(sizes.size()), out(sizes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return sizes[a] < sizes[b]; });
    for (std::size_t i = 0; i < order.size(); ++i) {
        out[order[i]] = std::min(sizes[order[i]], quota / (order.size() - i));
        quota -= out[order[i]];
    }
    return out;
}

} // namespace detail

/// The samples with the highest scores, highest first; ties go to the lowest index.
struct top_k {
    static std::vector<std::int64_t> sample(std::span<const float> scores, std::size_t quota) {
        return highest(scores, quota);
    }
};

/// Coverage-centric: the `cutoff` share of highest scores is left out (fewer where the budget needs them),
/// the range of the others cut into strata of equal width, and each gives the same number, drawn at random.
/// Strata are counted from the highest score down, each with its upper end; a budget that does not divide
/// goes one more each to the larger strata, of equal ones to the lower scores. Hardest stratum first. errors:
/// C17 cutoff outside [0,1), no stratum. source: [Zheng2023] Algorithm 1
struct ccs {
    static std::vector<std::int64_t> sample(std::span<const float> scores, std::size_t quota,
                                            const select_options &options, std::size_t pool) {
        const auto &asked = options.sampler.ccs;
        check(asked);
        auto order = highest(scores, scores.size());
        const std::size_t wanted =
            asked.cutoff > 0 ? share_of(order.size(), ratio_of(asked.cutoff)).samples : 0;
        const std::size_t cut = std::min(wanted, order.size() - quota);
        order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(cut));
        std::vector<float> kept;
        for (const auto i : order) kept.push_back(scores[static_cast<std::size_t>(i)]);
        std::vector<std::vector<std::int64_t>> strata(asked.strata);
        const auto heights = detail::normalised(kept);
        for (std::size_t i = 0; i < order.size(); ++i) {
            const auto depth = static_cast<std::size_t>((1 - heights[i]) * static_cast<double>(asked.strata));
            strata[std::min(depth, asked.strata - 1)].push_back(order[i]);
        }
        std::vector<std::size_t> sizes;
        for (const auto &stratum : strata) sizes.push_back(stratum.size());
        const auto budgets = detail::equal_budgets(sizes, quota);
        auto draw = detail::sampler_draw(options, pool);
        std::vector<std::int64_t> picks;
        for (std::size_t s = 0; s < strata.size(); ++s) {
            draw.shuffle(std::span(strata[s]));
            picks.insert(picks.end(), strata[s].begin(),
                         strata[s].begin() + static_cast<std::ptrdiff_t>(budgets[s]));
        }
        return picks;
    }
};

/// Draws without replacement, with probability proportional to a Beta density of the score brought to 0..1,
/// the score standing for difficulty. Its mode is 1 - r^c, r the share of the pool that is left out: the
/// easiest for the smallest budgets, the hardest for the largest. [Acharya2024] introduces a Beta density of
/// difficulty that moves with the budget, as a factor of facility location, with parameters of its own; the
/// draw and the form of the parameters here are those of [Cho2025] Section 3.3, kept at 1 or above so that
/// the density is finite. Scores are held to [1e-6, 1 - 1e-6] of their range: at its ends the density is 0,
/// and the lowest and the highest sample would never be drawn. Hardest first. errors: C17 concentration below
/// 2 or exponent not positive
struct beta_sampler {
    /// alpha and beta of the density at a share of the pool.
    static std::pair<double, double> parameters(double share, const beta_options &asked) {
        const double mode = 1 - std::pow(1 - share, asked.exponent);
        return {std::fma(asked.concentration - 2, mode, 1.0),
                std::fma(asked.concentration - 2, 1 - mode, 1.0)};
    }

    static std::vector<std::int64_t> sample(std::span<const float> scores, std::size_t quota,
                                            const select_options &options, std::size_t pool) {
        const auto &asked = options.sampler.beta;
        check(asked);
        const auto [a, b] =
            parameters(static_cast<double>(quota) / static_cast<double>(scores.size()), asked);
        const auto difficulty = detail::normalised(scores);
        auto draw = detail::sampler_draw(options, pool);
        std::vector<float> keys; // log density and Gumbel noise: the highest are such a draw
        for (const double x : difficulty) {
            const double inside = std::clamp(x, 1e-6, 1 - 1e-6);
            const double uniform = (static_cast<double>(draw()) + 0.5) * 0x1p-32;
            // Each product and sum rounds once, in every build alike.
            keys.push_back(static_cast<float>(
                std::fma(b - 1, std::log1p(-inside),
                         std::fma(a - 1, std::log(inside), -std::log(-std::log(uniform))))));
        }
        auto picks = highest(keys, quota);
        std::sort(picks.begin(), picks.end(), [&](auto i, auto j) {
            const double x = difficulty[static_cast<std::size_t>(i)],
                         y = difficulty[static_cast<std::size_t>(j)];
            return x != y ? x > y : i < j;
        });
        return picks;
    }
};

} // namespace lipt
