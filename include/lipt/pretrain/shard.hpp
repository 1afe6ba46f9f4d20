// Which samples each worker trains on: n disjoint shards of M minibatches of B samples.
#pragma once

#include <lipt/data.hpp>
#include <lipt/error.hpp>
#include <lipt/random.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt {

/// How many samples the workers get. source: [Ro2023] Section 3.2
struct shard_options {
    std::size_t workers = 10;     ///< n
    std::size_t minibatches = 1;  ///< M a worker
    std::size_t batch_size = 256; ///< B
    bool stratified = false;      ///< every shard has the pool's share of each class
};

/// The samples of each worker, disjoint. shapes: n lists of M*B indices into the data set
struct shard_plan {
    std::vector<std::vector<std::int64_t>> shards{};
};

namespace detail {

/// The pool in an order of which every consecutive piece of a few hundred is close to the pool's class
/// shares: each class is shuffled, then its members are spread evenly over [0,1) and all are merged by that
/// position.
inline std::vector<std::int64_t> interleave_classes(std::span<const std::int64_t> pool,
                                                    std::span<const std::int32_t> labels, std::size_t classes,
                                                    rng &draw) {
    std::vector<std::vector<std::int64_t>> members(classes);
    for (const auto i : pool)
        members[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])].push_back(i);
    struct placed {
        double position;
        std::int64_t index;
    };
    std::vector<placed> order;
    order.reserve(pool.size());
    for (auto &list : members) {
        draw.shuffle(std::span(list));
        const double phase = draw.uniform();
        for (std::size_t r = 0; r < list.size(); ++r) {
            order.push_back({(static_cast<double>(r) + phase) / static_cast<double>(list.size()), list[r]});
        }
    }
    std::sort(order.begin(), order.end(), [](const placed &a, const placed &b) {
        return a.position != b.position ? a.position < b.position : a.index < b.index;
    });
    std::vector<std::int64_t> result;
    result.reserve(order.size());
    for (const auto &item : order) result.push_back(item.index);
    return result;
}

} // namespace detail

/// Draws n disjoint shards from the pool, without replacement.
/// shapes: pool (any) indices into labels (N); result n lists of M*B
/// errors: Q01 n, M or B is 0, Q02 the pool is smaller than n*M*B, D24 more samples than 32 bits count
/// cost: O(pool), O(pool log pool) when stratified. source: [Ro2023] Section 3.2
inline shard_plan plan_shards(std::span<const std::int64_t> pool, std::span<const std::int32_t> labels,
                              std::size_t classes, const shard_options &options, std::uint64_t seed) {
    require(options.workers > 0 && options.minibatches > 0 && options.batch_size > 0, "Q01",
            "plan: ", options.workers, " workers, ", options.minibatches, " minibatches, batch size ",
            options.batch_size, ": each must be at least 1");
    require_countable(pool.size(), "plan");
    // Divisions, not a product: three huge settings must not wrap around to a small need.
    require(options.workers <= pool.size() / options.minibatches / options.batch_size, "Q02",
            "plan: ", options.workers, " workers x ", options.minibatches, " minibatches x ",
            options.batch_size, " samples are more than the ", pool.size(),
            " samples to draw from: lower --workers, --minibatches, --batch-size or --rounds");
    rng draw({.seed = seed, .stage = stream::plan});
    std::vector<std::int64_t> order(pool.begin(), pool.end());
    if (options.stratified) {
        order = detail::interleave_classes(pool, labels, classes, draw);
    } else {
        draw.shuffle(std::span(order));
    }
    const auto size = static_cast<std::ptrdiff_t>(options.minibatches * options.batch_size);
    shard_plan plan;
    for (std::size_t w = 0; w < options.workers; ++w) {
        const auto first = order.begin() + static_cast<std::ptrdiff_t>(w) * size;
        plan.shards.emplace_back(first, first + size);
    }
    return plan;
}

} // namespace lipt
