// Subsets by chance: the baselines that every other method must beat.
#pragma once

#include <lipt/random.hpp>
#include <lipt/select/pools.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace lipt::methods {

namespace detail {

/// `quota` positions of a pool: slice number `slice` of the shuffle that (seed, pass, pool) gives.
inline pool_picks shuffled_slice(std::size_t pool, std::size_t size, std::size_t quota, std::size_t slice,
                                 std::uint64_t seed, std::uint32_t pass) {
    std::vector<std::int64_t> order(size);
    std::iota(order.begin(), order.end(), std::int64_t{0});
    rng draw(
        {.seed = seed, .stage = stream::select, .pass = pass, .sample = static_cast<std::uint32_t>(pool)});
    draw.shuffle(std::span(order));
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(slice * quota);
    return {.order = std::vector<std::int64_t>(first, first + static_cast<std::ptrdiff_t>(quota))};
}

} // namespace detail

/// A uniform random subset of all samples. cost: O(N)
struct random {
    static constexpr method_info info{.name = "random",
                                      .summary = "uniform random subset of all samples",
                                      .chance = true,
                                      .pools = pool_rule::global};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        return detail::shuffled_slice(pool.number, pool.members.size(), pool.quota, 0, options.seed, 0);
    }
};

/// A uniform random subset of every class. cost: O(N)
struct stratified {
    static constexpr method_info info{.name = "stratified",
                                      .summary = "uniform random subset of each class",
                                      .chance = true,
                                      .pools = pool_rule::per_class};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        return random::pick(tensor, pool, options);
    }
};

/// A fresh random subset each epoch: one shuffle is read slice by slice, without replacement, and shuffled
/// again when fewer than a slice are left. A pure function of (seed, epoch). cost: O(N). source:
/// [Okanovic2023] Section 3
struct rs2 {
    static constexpr method_info info{.name = "rs2",
                                      .summary = "fresh random subset each epoch, without replacement",
                                      .resampled = true,
                                      .chance = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        const std::size_t slices = pool.members.size() / pool.quota;
        return detail::shuffled_slice(pool.number, pool.members.size(), pool.quota, options.epoch % slices,
                                      options.seed, static_cast<std::uint32_t>(options.epoch / slices));
    }
};

} // namespace lipt::methods
