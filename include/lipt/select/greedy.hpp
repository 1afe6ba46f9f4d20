// Greedy maximisation of a set function under a budget: naive, lazy or stochastic, over any function that can
// tell the gains of candidates.
#pragma once

#include <lipt/random.hpp>
#include <lipt/select/selection.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <queue>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// A monotone or submodular function of a set of candidates, as a greedy maximiser sees it: gains may only
/// fall as candidates are taken. Where `at_hand` is set, all gains are kept up to date and cost nothing to
/// ask for.
template <class Function>
concept set_function = requires(Function function, std::span<const std::int64_t> candidates,
                                std::int64_t pick) {
    { Function::at_hand } -> std::convertible_to<bool>;
    { function.first_gains() } -> std::same_as<std::vector<float>>;
    { function.gains(candidates) } -> std::same_as<std::vector<float>>;
    { function.take(pick) } -> std::same_as<void>;
    { function.batch() } -> std::convertible_to<std::size_t>; // candidates best asked for at once
};

namespace detail {

/// Gains of candidates as they were when last computed: upper bounds, since gains only fall. Highest first,
/// ties to the lowest position.
struct stale_gain {
    float gain{};
    std::int64_t position{};
    std::size_t picks{}; ///< made when it was computed

    friend bool operator<(const stale_gain &a, const stale_gain &b) {
        return a.gain < b.gain || (a.gain == b.gain && a.position > b.position);
    }
};

/// Computes again as few old gains as need be, in growing batches, until the best one is new.
template <set_function Function>
void renew(Function &function, std::size_t picks, std::priority_queue<stale_gain> &queue) {
    std::vector<std::int64_t> batch;
    for (std::size_t width = 1; queue.top().picks != picks; width = std::min(function.batch(), 2 * width)) {
        batch.clear();
        while (batch.size() < width && !queue.empty() && queue.top().picks != picks) {
            batch.push_back(queue.top().position);
            queue.pop();
        }
        const auto gains = function.gains(batch);
        for (std::size_t i = 0; i < batch.size(); ++i) queue.push({gains[i], batch[i], picks});
    }
}

template <set_function Function>
pool_picks maximise_lazily(Function &function, std::size_t quota) {
    pool_picks picks{.scores = function.first_gains()};
    std::vector<stale_gain> gains;
    for (std::size_t i = 0; i < picks.scores.size(); ++i)
        gains.push_back({picks.scores[i], static_cast<std::int64_t>(i), 0});
    std::priority_queue<stale_gain> queue(gains.begin(), gains.end());
    while (true) {
        renew(function, picks.order.size(), queue);
        picks.order.push_back(queue.top().position);
        queue.pop();
        if (picks.order.size() == quota) return picks;
        function.take(picks.order.back());
    }
}

/// Moves `count` of the open candidates, drawn at random, to the front; ascending, so that ties go to the
/// lowest.
inline void draw_to_front(std::vector<std::int64_t> &open, std::size_t count, rng &draw) {
    for (std::size_t i = 0; i < count; ++i)
        std::swap(open[i], open[i + draw.below(static_cast<std::uint32_t>(open.size() - i))]);
    std::sort(open.begin(), open.begin() + static_cast<std::ptrdiff_t>(count));
}

/// Every gain, or those of a few drawn candidates, anew at every step. n/k log(1/epsilon) are drawn; an
/// epsilon of 0 draws all.
template <set_function Function>
pool_picks maximise_anew(Function &function, std::size_t quota, double epsilon, rng draw) {
    pool_picks picks{.scores = function.first_gains()};
    std::vector<std::int64_t> open(picks.scores.size());
    std::iota(open.begin(), open.end(), std::int64_t{0});
    const double wanted = std::ceil(static_cast<double>(open.size()) / static_cast<double>(quota) *
                                    (epsilon > 0 ? -std::log(epsilon) : static_cast<double>(quota)));
    while (true) {
        const std::size_t count =
            wanted < static_cast<double>(open.size()) ? static_cast<std::size_t>(wanted) : open.size();
        if (count < open.size()) draw_to_front(open, count, draw);
        std::vector<float> gains;
        if (picks.order.empty()) {
            for (std::size_t i = 0; i < count; ++i)
                gains.push_back(picks.scores[static_cast<std::size_t>(open[i])]);
        } else {
            gains = function.gains(std::span<const std::int64_t>(open).first(count));
        }
        const auto best = std::max_element(gains.begin(), gains.end()) - gains.begin();
        picks.order.push_back(open[static_cast<std::size_t>(best)]);
        open.erase(open.begin() + best);
        if (picks.order.size() == quota) return picks;
        function.take(picks.order.back());
    }
}

} // namespace detail

/// Picks `quota` candidates, each the one of largest gain given those before; scores are the gains of a first
/// pick. Ties go to the lowest position. `pool` keys the draws. errors: C15 epsilon outside (0,1). cost: as
/// many gains as the kind asks for: n a step, few a step, or n/k log(1/epsilon) a step
template <set_function Function>
pool_picks maximise(Function &function, std::size_t quota, std::size_t pool, const select_options &options) {
    const auto &asked = options.submodular;
    const bool drawn = asked.greedy == greedy_kind::stochastic;
    check(asked);
    if (asked.greedy == greedy_kind::lazy && !Function::at_hand)
        return detail::maximise_lazily(function, quota);
    return detail::maximise_anew(
        function, quota, drawn ? asked.epsilon : 0.0,
        rng({.seed = options.seed, .stage = stream::select, .sample = static_cast<std::uint32_t>(pool)}));
}

} // namespace lipt
