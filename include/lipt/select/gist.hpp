// GIST: samples of high scores that are far from each other, by greedy passes over thresholds of the
// distance.
#pragma once

#include <lipt/select/independent_set.hpp>
#include <lipt/select/pools.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

namespace detail {

/// The samples in the order in which a greedy for a sum takes them: highest utility first, of equal ones the
/// nearest to the mean of all, then the lowest. shapes: utilities and result (n)
inline std::vector<std::int64_t> utility_order(std::span<const float> utilities,
                                               const distance_bounds &bounds) {
    std::vector<std::int64_t> order(utilities.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
        if (utilities[i] != utilities[j]) return utilities[i] > utilities[j];
        return bounds.nearness(i) > bounds.nearness(j);
    });
    return order;
}

/// Finds the threshold whose greedy set is worth most: g(S) + lambda div(S), g the sum of the utilities.
template <tensor_backend Tensor>
class threshold_sweep {
  public:
    /// shapes: utilities (n), order (n). All must outlive it
    threshold_sweep(independent_sets<Tensor> &sets, std::span<const float> utilities,
                    std::span<const std::int64_t> order, std::size_t quota, double lambda)
        : sets_(sets), utilities_(utilities), quota_(quota), lambda_(lambda), sums_{0.0} {
        for (const auto sample : order)
            sums_.push_back(sums_.back() + utilities_[static_cast<std::size_t>(sample)]);
    }

    /// The best set of the quota's size. The smallest threshold is that of the most useful samples, 0; the
    /// others go down from `widest` by a factor of 1 + epsilon.
    std::vector<std::int64_t> best(double widest, double epsilon) && {
        const double apart = std::sqrt(consider(0.0).square);
        std::vector<double> thresholds;
        for (double d = widest; d > std::max(apart, widest * 0x1p-40); d /= 1 + epsilon)
            thresholds.push_back(d);
        const auto first = first_full(thresholds);
        for (std::size_t i = first + 1; i < thresholds.size(); ++i) {
            // A set that is not that of the threshold above has two samples nearer than that.
            const double above = thresholds[i - 1];
            if (value(sums_[quota_], above) <= worth_) break;
            if (is_known_[i]) continue;
            note(thresholds, i, consider(thresholds[i], above));
        }
        return std::move(picks_);
    }

  private:
    /// The first of the descending thresholds that gives enough samples where the one before does not; sets
    /// are smaller the larger the threshold, but for accidents of the greedy, so that halving finds it. As
    /// many as there are where none does.
    std::size_t first_full(std::span<const double> thresholds) {
        is_known_.assign(thresholds.size(), false);
        std::size_t full = thresholds.size();
        for (std::size_t low = 0; low < full;) {
            const std::size_t middle = low + (full - low) / 2;
            const auto set = consider(thresholds[middle]);
            note(thresholds, middle, set);
            if (!set.is_full) {
                low = middle + 1;
                continue;
            }
            full = middle;
            while (full > low && is_known_[full - 1]) --full;
        }
        return full;
    }

    /// Makes the set of a threshold, and keeps it where it is worth more than any before. `most` is what its
    /// distance is known to be at most, where only a better set is wanted: a pass that cannot give one ends
    /// early.
    independent_set consider(double threshold, double most = 0) {
        auto set = sets_.take(threshold, quota_, [&](const independent_set &part, std::size_t place) {
            if (most == 0) return true;
            const std::size_t missing = quota_ - part.picks.size();
            const double reachable = utility(part.picks) + (sums_[place + missing] - sums_[place]);
            return value(reachable * (1 + 1e-12), std::min(most, std::sqrt(part.square))) > worth_;
        });
        if (!set.is_full) return set;
        const double worth = value(utility(set.picks), std::sqrt(set.square));
        if (picks_.empty() || worth > worth_) {
            picks_ = set.picks;
            worth_ = worth;
        }
        return set;
    }

    /// Every threshold up to the distance of its nearest two gives the same set again.
    void note(std::span<const double> thresholds, std::size_t at, const independent_set &set) {
        is_known_[at] = true;
        for (std::size_t i = at; set.is_full && i > 0 && thresholds[i - 1] * thresholds[i - 1] <= set.square;)
            is_known_[--i] = true;
    }

    double utility(std::span<const std::int64_t> picks) const {
        double sum = 0;
        for (const auto sample : picks) sum += utilities_[static_cast<std::size_t>(sample)];
        return sum;
    }
    /// Rounds once, in every build alike.
    double value(double sum, double distance) const { return std::fma(lambda_, distance, sum); }

    independent_sets<Tensor> &sets_;
    std::span<const float> utilities_;
    std::size_t quota_;
    double lambda_;
    std::vector<double> sums_; ///< of the first utilities in order
    std::vector<bool> is_known_{};
    std::vector<std::int64_t> picks_{};
    double worth_ = 0;
};

} // namespace detail

namespace methods {

/// Maximises g(S) + lambda div(S) over sets S of the quota's size: g is the sum of the picks' scores
/// (selection_problem::scores, or 1 each where none are given), div the Euclidean distance of the two nearest
/// picks. For thresholds a factor of 1 + epsilon apart, samples are gone through from the highest score down,
/// of equal scores from the mean outward, and each is taken that is at least the threshold from all taken;
/// the best set is kept. At least half of the best there is, up to a factor of 1 + epsilon of div (2/3 where
/// S may be smaller, as in the source: here the budget is met exactly, sets that are smaller do not count,
/// and the two samples farthest apart are no candidate). Thresholds are not tried where they cannot give
/// another set or a better one; the largest that gives enough samples is found by halving. A pool of one pick
/// gets its highest score. In the order of picking; scores are those given, or 1. errors: C45 an option, C49
/// a score below 0 or not finite. cost: passes of at most 2 n k E flops each, most of
/// which end early: in all 0.5 to 1.4 times that, measured at n of 10,000 and 50,000 and E of 64, and 5 times
/// at E of 2; 8 n E + 4 k E + 40 n bytes. source: [Fahrbach2025] Algorithm 1
struct gist {
    static constexpr method_info info{.name = "gist",
                                      .summary = "embeddings far apart, of high scores (GIST)",
                                      .gradients = true,
                                      .embedding = true,
                                      .utility = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        const auto &asked = options.gist;
        check(asked);
        pool_picks picks{.scores = utilities_of(pool)};
        const host_matrix embeddings = tensor.to_host(pool.gradients.embedding);
        const distance_bounds bounds(embeddings);
        const auto order = lipt::detail::utility_order(picks.scores, bounds);
        if (pool.quota == 1) {
            picks.order = {order[0]};
            return picks;
        }
        independent_sets<Tensor> sets(tensor, embeddings, bounds, order);
        lipt::detail::threshold_sweep<Tensor> sweep(sets, picks.scores, order, pool.quota, asked.lambda);
        picks.order = std::move(sweep).best(2 * bounds.radius, asked.epsilon);
        return picks;
    }

  private:
    template <tensor_backend Tensor>
    static std::vector<float> utilities_of(const selection_pool<Tensor> &pool) {
        for (std::size_t i = 0; i < pool.scores.size(); ++i) {
            require(std::isfinite(pool.scores[i]) && pool.scores[i] >= 0, "C49", "gist: the score of sample ",
                    pool.members[i], " is ", pool.scores[i],
                    ", expected finite and not below 0: subtract the lowest from all");
        }
        return pool.scores.empty() ? std::vector<float>(pool.members.size(), 1.0f) : pool.scores;
    }
};

} // namespace methods
} // namespace lipt
