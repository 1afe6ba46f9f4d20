// Classes that take turns over the epochs: what each gives to one epoch of a method that draws a fresh subset
// every time, so that a class too small for a share of every epoch is drawn as often as its size says.
#pragma once

#include <lipt/quotas.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <queue>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Where an epoch goes over the end of a pass: a pool's samples before that end, and after it.
struct pass_end {
    std::size_t tail = 0, head = 0;
};

/// What a pool gives to one epoch. Its samples are read pass after pass; `offset` of this pass were read
/// before the epoch. `ends` are of the passes since `first_pass`, the last that began with an epoch; where
/// `crosses` is set the last of them is in this epoch, and the pool gives its tail and its head.
struct pool_turn {
    std::size_t quota = 0, offset = 0;
    std::uint32_t first_pass = 0;
    bool crosses = false;
    std::vector<pass_end> ends{};
};

namespace detail {

/// The order in which pools give one sample each, in which none is ever a whole sample ahead of its share or
/// behind it: of those behind, the one that must be next first; ties to the lowest. It begins again after
/// `length` samples. source: [Tijdeman1980], by earliest deadlines
class turn_order {
  public:
    explicit turn_order(std::span<const std::size_t> counts) : counts_(counts.begin(), counts.end()) {
        std::size_t common = 0;
        for (const auto count : counts_) common = std::gcd(common, count);
        for (auto &count : counts_) count /= std::max<std::size_t>(common, 1);
        length_ = std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
    }

    /// How many each pool has given when so many were given in all. shapes: result (positions) lists of pools
    std::map<std::uint64_t, std::vector<std::uint64_t>> given_at(std::vector<std::uint64_t> positions) const {
        std::map<std::uint64_t, std::vector<std::uint64_t>> in_order;
        for (const auto position : positions) in_order[position % length_];
        record(in_order);
        std::map<std::uint64_t, std::vector<std::uint64_t>> out;
        for (const auto position : positions) {
            auto given = in_order.at(position % length_);
            for (std::size_t p = 0; p < given.size(); ++p) given[p] += position / length_ * counts_[p];
            out[position] = std::move(given);
        }
        return out;
    }

  private:
    /// A pool's next sample: `time` is the first turn that it may have, or the last.
    using entry = std::pair<std::uint64_t, std::size_t>;
    using queue = std::priority_queue<entry, std::vector<entry>, std::greater<>>;

    void record(std::map<std::uint64_t, std::vector<std::uint64_t>> &at) const {
        std::vector<std::uint64_t> given(counts_.size());
        queue waiting, ready;
        for (std::size_t p = 0; p < counts_.size(); ++p) {
            if (counts_[p] > 0) waiting.push({1, p});
        }
        auto next = at.begin();
        for (std::uint64_t turn = 1; next != at.end(); ++turn) {
            if (next->first + 1 == turn) (next++)->second = given;
            if (next == at.end()) return;
            for (; !waiting.empty() && waiting.top().first <= turn; waiting.pop()) {
                const auto p = waiting.top().second;
                const auto deadline = ((given[p] + 1) * length_ + counts_[p] - 1) / counts_[p];
                ready.push({deadline, p});
            }
            const auto p = ready.top().second;
            ready.pop();
            ++given[p];
            waiting.push({given[p] * length_ / counts_[p] + 1, p});
        }
    }

    std::vector<std::uint64_t> counts_; ///< of each pool, by their greatest common divisor
    std::uint64_t length_ = 0;
};

/// Samples that the epochs before this one read in all.
inline std::uint64_t read_before(std::uint64_t samples, const ratio &of, std::uint32_t epoch) {
    if (share_of(samples, of).samples == 0) return rounded_share(samples, of) * epoch;
    return rounded_share(samples * epoch, of);
}

/// The last epoch that begins at a sample or before it.
inline std::uint32_t epoch_at(std::uint64_t sample, std::uint64_t samples, const ratio &of,
                              std::uint32_t most) {
    std::uint32_t low = 0, high = most;
    while (low < high) {
        const std::uint32_t middle = high - (high - low) / 2;
        if (read_before(samples, of, middle) <= sample)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

} // namespace detail

/// What every pool gives to an epoch. Epochs read `fraction` of all samples, one more or less where that is
/// no whole number, and at least one where the first does; so every sample is read in the first
/// ceil(1/fraction) epochs, and a pool's part of what was read is never a whole sample off its share.
/// shapes: counts (pools), result (pools). errors: D04 fraction. cost: O(N log pools), and O(log N) a pass
inline std::vector<pool_turn> epoch_turns(std::span<const std::size_t> counts, double fraction,
                                          std::uint32_t epoch) {
    const ratio of = ratio_of(fraction);
    const auto samples = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    std::vector<pool_turn> turns(counts.size());
    if (rounded_share(samples, of) == 0) return turns;
    const auto start = [&](std::uint32_t of_epoch) { return detail::read_before(samples, of, of_epoch); };
    const std::uint64_t from = start(epoch), to = start(epoch + 1);
    struct crossed {
        std::uint64_t end, from, to{};
    };
    std::vector<crossed> ends;
    std::uint64_t first_pass = from / samples;
    if (to > (first_pass + 1) * samples) ends.push_back({first_pass + 1, from, to});
    const bool crosses = !ends.empty();
    for (; first_pass > 0; --first_pass) {
        const auto over = detail::epoch_at(first_pass * samples, samples, of, epoch);
        if (start(over) == first_pass * samples) break;
        ends.push_back({first_pass, start(over), start(over + 1)});
    }
    std::reverse(ends.begin(), ends.end());
    std::vector<std::uint64_t> positions{from, to};
    for (const auto &end : ends) positions.insert(positions.end(), {end.from, end.to});
    const auto given = detail::turn_order(counts).given_at(positions);
    for (std::size_t p = 0; p < counts.size(); ++p) {
        if (counts[p] == 0) continue;
        auto &turn = turns[p];
        const std::uint64_t count = counts[p], before = given.at(from)[p];
        turn.quota = static_cast<std::size_t>(given.at(to)[p] - before);
        turn.offset = static_cast<std::size_t>(before - from / samples * count);
        turn.first_pass = static_cast<std::uint32_t>(first_pass);
        turn.crosses = crosses;
        for (const auto &end : ends) {
            turn.ends.push_back({static_cast<std::size_t>(end.end * count - given.at(end.from)[p]),
                                 static_cast<std::size_t>(given.at(end.to)[p] - end.end * count)});
        }
    }
    return turns;
}

} // namespace lipt
