// Shares of samples in whole numbers: how many a fraction keeps, of all and of each class. No floating point
// decides here, since what the compiler makes of a * b + c would decide with it.
#pragma once

#include <lipt/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace lipt {

/// The most samples that a set may have: keys of chance and shuffles count them in 32 bits.
inline constexpr std::size_t most_samples = std::numeric_limits<std::uint32_t>::max();

/// Refuses a set that 32 bits cannot count. errors: D24
inline void require_countable(std::size_t samples, std::string_view what) {
    require(samples <= most_samples, "D24", what, ": ", samples, " samples, expected at most ", most_samples,
            ": cut the set in parts");
}

/// A fraction in whole numbers.
struct ratio {
    std::uint64_t part = 0, whole = 1;
};

/// The first continued fraction of a share that is the same double: 3/20 of 0.15, so that shares are those of
/// the number which was written. A share below 1e-15 is 0. errors: D04 outside (0,1]
inline ratio ratio_of(double fraction) {
    require(fraction > 0 && fraction <= 1, "D04", "quotas: fraction is ", fraction,
            ", expected above 0 and at most 1: give the share of samples to take");
    constexpr std::uint64_t limit = std::uint64_t{1} << 62;
    ratio before{1, 0}, now{0, 1};
    for (double a = 1, b = fraction; b > 0;) {
        const double rest = std::fmod(a, b); // exact
        const double times = std::round((a - rest) / b);
        if (times > 0x1p50) break;
        const auto k = static_cast<std::uint64_t>(times);
        if (k > (limit - before.whole) / now.whole) break;
        const ratio next{k * now.part + before.part, k * now.whole + before.whole};
        before = now;
        now = next;
        if (static_cast<double>(now.part) / static_cast<double>(now.whole) == fraction) break;
        a = b;
        b = rest;
    }
    return now;
}

/// A share of a number of samples: whole ones, and what is left in units of 1/ratio.whole.
struct exact_share {
    std::uint64_t samples = 0, rest = 0;
};

/// samples * of.part / of.whole, exactly. shapes: of.part at most of.whole, below 2^63
inline exact_share share_of(std::uint64_t samples, const ratio &of) {
    exact_share share;
    for (int bit = 63; bit >= 0; --bit) { // as on paper, a binary digit at a time
        share.samples *= 2;
        share.rest *= 2;
        if (samples >> bit & 1u) {
            if (share.rest >= of.whole) {
                share.rest -= of.whole;
                ++share.samples;
            }
            share.rest += of.part;
        }
        if (share.rest >= of.whole) {
            share.rest -= of.whole;
            ++share.samples;
        }
    }
    return share;
}

/// floor(samples * of + 1/2)
inline std::uint64_t rounded_share(std::uint64_t samples, const ratio &of) {
    const auto share = share_of(samples, of);
    return share.samples + (share.rest >= of.whole - share.rest ? 1 : 0);
}

/// How quotas are made.
struct quota_options {
    bool at_least_one = false; ///< of every class that has samples; others give some up for it
};

namespace detail {

/// One for every class that has samples and no quota, each from the class of the largest quota, of equal ones
/// from the highest. errors: D25 fewer than the classes
inline void give_each_one(std::span<const std::size_t> counts, std::vector<std::size_t> &quotas) {
    const auto total = std::accumulate(quotas.begin(), quotas.end(), std::size_t{0});
    const auto classes =
        counts.size() - static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0u));
    require(total >= classes, "D25", "quotas: ", total, " samples of ", classes,
            " classes, expected at least one each: raise the fraction, or leave out --at-least-one");
    for (std::size_t c = 0; c < counts.size(); ++c) {
        if (counts[c] == 0 || quotas[c] > 0) continue;
        const auto largest = std::max_element(quotas.rbegin(), quotas.rend());
        --*largest;
        quotas[c] = 1;
    }
}

} // namespace detail

/// How many of each class to take so that `fraction` of all is taken: floor(fraction*n_c) each, then one more
/// to the classes with the largest remainders (ties to the lowest class) until floor(fraction*N + 1/2) is
/// reached. In whole numbers: the same in every build. shapes: counts (C), result (C). errors: D04 fraction
/// outside (0,1], D25 at least one of each cannot be
inline std::vector<std::size_t> largest_remainder_quotas(std::span<const std::size_t> counts, double fraction,
                                                         const quota_options &options = {}) {
    const ratio of = ratio_of(fraction);
    std::vector<std::size_t> quotas(counts.size()), order(counts.size());
    std::vector<std::uint64_t> rests(counts.size());
    std::size_t taken = 0;
    for (std::size_t c = 0; c < counts.size(); ++c) {
        const auto share = share_of(counts[c], of);
        quotas[c] = static_cast<std::size_t>(share.samples);
        rests[c] = share.rest;
        taken += quotas[c];
    }
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rests[a] > rests[b]; });
    const auto all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    const auto total = rounded_share(all, of);
    for (std::size_t r = 0; taken < total; ++r, ++taken) ++quotas[order[r]];
    if (options.at_least_one) detail::give_each_one(counts, quotas);
    return quotas;
}

} // namespace lipt
