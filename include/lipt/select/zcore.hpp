// ZCore: coverage and redundancy in many random subspaces of the embeddings, without labels or training.
#pragma once

#include <lipt/random.hpp>
#include <lipt/select/k_means.hpp>
#include <lipt/select/score.hpp>

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

/// The samples along each dimension in ascending order, which finds the nearest in a subspace without looking
/// at all: those whose first coordinate alone is farther need no look. Distances are sums of magnitudes (L1)
/// in double.
class subspace_search {
  public:
    /// One sample, and how far it is.
    struct found_sample {
        double distance{};
        std::size_t index{};
        friend bool operator<(const found_sample &a, const found_sample &b) {
            return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
        }
    };
    /// The range of one dimension.
    struct range {
        double least{}, middle{}, most{};
    };

    /// shapes: embeddings (n,E). cost: n E log n; 8 n E bytes
    explicit subspace_search(const host_matrix &embeddings)
        : columns_(host_matrix::from_shape({embeddings.shape(1), embeddings.shape(0)})),
          orders_(embeddings.shape(1)) {
        for (std::size_t e = 0; e < width(); ++e) {
            for (std::size_t i = 0; i < samples(); ++i) columns_(e, i) = embeddings(i, e);
            orders_[e].resize(samples());
            std::iota(orders_[e].begin(), orders_[e].end(), std::uint32_t{0});
            const float *values = column(e);
            std::stable_sort(orders_[e].begin(), orders_[e].end(),
                             [=](auto a, auto b) { return values[a] < values[b]; });
        }
    }

    std::size_t samples() const { return columns_.shape(1); }
    std::size_t width() const { return columns_.shape(0); }
    double value(std::size_t sample, std::size_t dimension) const { return column(dimension)[sample]; }

    /// Lowest, median and highest value; of an even number the median is the mean of the two in the middle.
    range range_of(std::size_t dimension) const {
        const auto &order = orders_[dimension];
        const auto at = [&](std::size_t place) { return value(order[place], dimension); };
        return {.least = at(0),
                .middle = (at((order.size() - 1) / 2) + at(order.size() / 2)) / 2,
                .most = at(order.size() - 1)};
    }

    /// The `count` nearest to a point but `self`, in the order of their first coordinate's distance; of equal
    /// ones the lowest indices. shapes: point (dimensions)
    void nearest(std::span<const std::uint32_t> dimensions, std::span<const double> point, std::size_t count,
                 std::size_t self, std::vector<found_sample> &found) {
        const auto &order = orders_[dimensions[0]];
        const float *values = column(dimensions[0]);
        const auto gap = [&](std::size_t place) { return std::abs(values[order[place]] - point[0]); };
        std::size_t right = static_cast<std::size_t>(
            std::lower_bound(order.begin(), order.end(), point[0],
                             [=](auto sample, double x) { return values[sample] < x; }) -
            order.begin());
        std::size_t left = right; // places below it are still to come on that side
        found_sample last{.distance = std::numeric_limits<double>::infinity()};
        found.clear();
        while (left > 0 || right < order.size()) {
            const bool goes_right = left == 0 || (right < order.size() && gap(right) < gap(left - 1));
            const std::size_t place = goes_right ? right++ : --left;
            if (gap(place) > last.distance) break;
            const found_sample one{distance(order[place], dimensions, point), order[place]};
            if (one.index == self || last < one) continue;
            found.push_back(one);
            if (found.size() == 2 * count) last = keep_nearest(count, found);
        }
        if (found.size() > count) keep_nearest(count, found);
    }

  private:
    const float *column(std::size_t dimension) const { return columns_.data() + dimension * samples(); }

    double distance(std::size_t sample, std::span<const std::uint32_t> dimensions,
                    std::span<const double> point) const {
        double sum = 0;
        for (std::size_t d = 0; d < dimensions.size(); ++d)
            sum += std::abs(value(sample, dimensions[d]) - point[d]);
        return sum;
    }

    /// Leaves the `count` nearest, in their order; the farthest of them.
    found_sample keep_nearest(std::size_t count, std::vector<found_sample> &found) {
        scratch_ = found;
        const auto last = scratch_.begin() + static_cast<std::ptrdiff_t>(count - 1);
        std::nth_element(scratch_.begin(), last, scratch_.end());
        std::erase_if(found, [&](const found_sample &one) { return *last < one; });
        return *last;
    }

    host_matrix columns_; ///< (E,n)
    std::vector<std::vector<std::uint32_t>> orders_;
    std::vector<found_sample> scratch_{};
};

/// Draws points and moves scores: up for the sample that covers a point, down for its neighbours.
class zcore_walk {
  public:
    zcore_walk(subspace_search &search, const zcore_options &asked, rng draw)
        : search_(search), asked_(asked), draw_(draw), scores_(search.samples()), free_(search.width()) {
        for (auto &score : scores_) score = long_uniform(draw_);
        for (std::size_t e = 0; e < search.width(); ++e) ranges_.push_back(search.range_of(e));
        std::iota(free_.begin(), free_.end(), std::uint32_t{0});
        point_.resize(std::min(asked.dimensions, search.width()));
    }

    /// One point: a random subspace, a place in it, who covers that, and whom that makes redundant.
    void step() {
        const auto drawn = subspace();
        for (std::size_t d = 0; d < drawn.size(); ++d)
            point_[d] = triangular(ranges_[drawn[d]], long_uniform(draw_));
        search_.nearest(drawn, point_, 1, search_.samples(), found_);
        const std::size_t covers = found_[0].index;
        scores_[covers] += 1;
        for (std::size_t d = 0; d < drawn.size(); ++d) point_[d] = search_.value(covers, drawn[d]);
        search_.nearest(drawn, point_, std::min(asked_.neighbours, search_.samples() - 1), covers, found_);
        lower();
    }

    /// Brought to 0..1, all 0.5 where they are equal. shapes: result (n)
    std::vector<float> scores() const {
        const auto [low, high] = std::minmax_element(scores_.begin(), scores_.end());
        std::vector<float> out;
        for (const double score : scores_)
            out.push_back(*high > *low ? static_cast<float>((score - *low) / (*high - *low)) : 0.5f);
        return out;
    }

  private:
    /// Distinct dimensions, drawn to the front of all.
    std::span<const std::uint32_t> subspace() {
        for (std::size_t d = 0; d < point_.size(); ++d)
            std::swap(free_[d], free_[d + draw_.below(static_cast<std::uint32_t>(free_.size() - d))]);
        return std::span(free_).first(point_.size());
    }

    /// A place between the ends of a dimension, most likely at its median: from a uniform draw.
    static double triangular(const subspace_search::range &of, double uniform) {
        const double whole = of.most - of.least, below = of.middle - of.least, above = of.most - of.middle;
        if (whole == 0) return of.least;
        if (uniform < below / whole) return of.least + std::sqrt(uniform * whole * below);
        return of.most - std::sqrt((1 - uniform) * whole * above);
    }

    /// Takes 1 in all from the neighbours found, each in proportion to an inverse power of its distance; all
    /// of it from the first where that is at no distance.
    void lower() {
        if (found_.empty()) return;
        const auto nearest = *std::min_element(found_.begin(), found_.end());
        if (nearest.distance == 0) {
            scores_[nearest.index] -= 1;
            return;
        }
        double sum = 0;
        for (auto &sample : found_) sum += sample.distance = power(nearest.distance / sample.distance);
        for (const auto &sample : found_) scores_[sample.index] -= sample.distance / sum;
    }
    double power(double base) const {
        double out = 1;
        for (std::size_t i = 0; i < asked_.exponent; ++i) out *= base;
        return out;
    }

    subspace_search &search_;
    const zcore_options &asked_;
    rng draw_;
    std::vector<double> scores_;
    std::vector<subspace_search::range> ranges_{};
    std::vector<std::uint32_t> free_;
    std::vector<double> point_{};
    std::vector<subspace_search::found_sample> found_{};
};

} // namespace detail

/// How many points a pool gets: so many as asked, or for 0 20 a sample, at most 1,000,000, which is what the
/// source draws for 50,000 samples.
constexpr std::size_t zcore_draws(const zcore_options &options, std::size_t samples) noexcept {
    return options.draws > 0 ? options.draws : std::min<std::size_t>(20 * samples, 1'000'000);
}

/// Every score begins as a random number of 0..1. For each point drawn, in a random subspace and from a
/// triangular distribution between each dimension's lowest, median and highest value, the nearest sample
/// covers it and gains 1; its nearest neighbours in the subspace lose 1 in all, in proportion to the inverse
/// power of their distance, or the first of them all of it where it is at no distance. Distances are L1. The
/// scores are then brought to 0..1; high covers much and repeats little. Draws at random: depends on the seed
/// and on the order of the samples. errors: C46. cost: n E log n, then a look at about 2 (n neighbours)^(1/2)
/// samples a draw in two dimensions, at most n; 12 n E bytes. source: [Griffin2024] Section 3 and the
/// authors' program
struct zcore_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &options) {
        const auto &asked = options.zcore;
        check(asked);
        detail::subspace_search search(tensor.to_host(pool.gradients.embedding));
        detail::zcore_walk walk(search, asked,
                                rng({.seed = options.seed,
                                     .stage = stream::select,
                                     .worker = 2,
                                     .sample = static_cast<std::uint32_t>(pool.number)}));
        const std::size_t draws = zcore_draws(asked, search.samples());
        for (std::size_t i = 0; i < draws && search.samples() > 1 && search.width() > 0; ++i) walk.step();
        return walk.scores();
    }
};

namespace methods {

/// The samples that cover most of the embeddings' space and repeat least. source: [Griffin2024]
struct zcore : detail::scored<zcore_score> {
    static constexpr method_info info{.name = "zcore",
                                      .summary = "embeddings that cover random subspaces (ZCore)",
                                      .gradients = true,
                                      .embedding = true,
                                      .scorer = true,
                                      .relative = true,
                                      .chance = true};
};

} // namespace methods
} // namespace lipt
