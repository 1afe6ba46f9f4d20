// Subsets by chance: the baselines that every other method must beat.
#pragma once

#include <lipt/random.hpp>
#include <lipt/select/pools.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt::methods {

namespace detail {

/// The positions of a pool in the order that (seed, pass, pool) gives.
inline std::vector<std::int64_t> shuffled(std::size_t pool, std::size_t size, std::uint64_t seed,
                                          std::uint32_t pass) {
    std::vector<std::int64_t> order(size);
    std::iota(order.begin(), order.end(), std::int64_t{0});
    rng draw(
        {.seed = seed, .stage = stream::select, .pass = pass, .sample = static_cast<std::uint32_t>(pool)});
    draw.shuffle(std::span(order));
    return order;
}

/// Makes the samples that a pass ends with, in an epoch that goes over its end, no part of what the next
/// begins with in that epoch: they change places with the next that are free. The two are at most the pool.
inline void keep_apart(std::span<const std::int64_t> pass, const pass_end &end,
                       std::span<std::int64_t> next) {
    std::vector<bool> is_in_tail(pass.size());
    for (const auto sample : pass.last(end.tail)) is_in_tail[static_cast<std::size_t>(sample)] = true;
    std::size_t free = end.head;
    for (auto &sample : next.first(end.head)) {
        if (!is_in_tail[static_cast<std::size_t>(sample)]) continue;
        while (is_in_tail[static_cast<std::size_t>(next[free])]) ++free;
        std::swap(sample, next[free++]);
    }
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
        auto order = detail::shuffled(pool.number, pool.members.size(), options.seed, 0);
        order.resize(pool.quota);
        return {.order = std::move(order)};
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

/// A fresh random subset each epoch: one shuffle is read slice by slice, without replacement; a slice that
/// would be short takes what is left and fills up from the next shuffle, with other samples. Class by class,
/// the classes take turns (epoch_turns): each is read as often as its size says, the smallest as well, and an
/// epoch's part of a class may be a sample or two off its quota; where fraction * N is no whole number,
/// epochs differ by one sample. Every sample is read in the first ceil(1/fraction) epochs. A pure function of
/// (seed, epoch). cost: O(N), for each pass since the last that ended with an epoch. source: [Okanovic2023]
/// Section 3; its slices drop what is left of a shuffle
struct rs2 {
    static constexpr method_info info{.name = "rs2",
                                      .summary = "fresh random subset each epoch, without replacement",
                                      .resampled = true,
                                      .chance = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        const auto &turn = pool.turn;
        std::uint32_t pass = turn.first_pass;
        std::vector<std::int64_t> before,
            order = detail::shuffled(pool.number, pool.members.size(), options.seed, pass);
        for (const auto &end : turn.ends) {
            before = std::exchange(order,
                                   detail::shuffled(pool.number, pool.members.size(), options.seed, ++pass));
            detail::keep_apart(before, end, order);
        }
        const auto last = [](auto &list, std::size_t count) {
            return list.end() - static_cast<std::ptrdiff_t>(count);
        };
        if (!turn.crosses) {
            const auto first = order.begin() + static_cast<std::ptrdiff_t>(turn.offset);
            return {.order = {first, first + static_cast<std::ptrdiff_t>(pool.quota)}};
        }
        const auto [tail, head] = turn.ends.back();
        pool_picks picks{.order = {last(before, tail), before.end()}};
        picks.order.insert(picks.order.end(), order.begin(), last(order, order.size() - head));
        return picks;
    }
};

} // namespace lipt::methods
