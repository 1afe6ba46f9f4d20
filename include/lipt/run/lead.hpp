// How much better one model is than another on the same samples, and how sure that is.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt::detail {

/// How much better one is than another, as a share of the scored samples, and the standard error of that.
struct lead_estimate {
    double ahead = 0, error = 0;
};

/// From trainings of both in pairs, which share their chance, each scored on the same samples. Two things
/// make it uncertain, and their squares add: which samples were scored, and, as far as several pairs differ,
/// what another seed would have given. In whole numbers until the end, so that no build decides otherwise.
/// shapes: one and other (pairs), each of them (scored)
inline lead_estimate lead(std::span<const std::vector<bool>> one, std::span<const std::vector<bool>> other) {
    const auto pairs = static_cast<std::int64_t>(one.size()),
               scored = static_cast<std::int64_t>(one[0].size());
    std::vector<std::int64_t> of_pair(one.size());
    std::int64_t all = 0, squares = 0, spread = 0;
    for (std::size_t i = 0; i < one[0].size(); ++i) {
        std::int64_t difference = 0;
        for (std::size_t p = 0; p < one.size(); ++p) {
            const int here = static_cast<int>(one[p][i]) - static_cast<int>(other[p][i]);
            of_pair[p] += here;
            difference += here;
        }
        all += difference;
        squares += difference * difference;
    }
    for (const auto of : of_pair) spread += (pairs * of - all) * (pairs * of - all);
    const double whole = static_cast<double>(pairs * scored),
                 cubed = whole * whole * static_cast<double>(scored);
    const double of_samples = static_cast<double>(squares * scored - all * all) / cubed;
    const auto freedom = static_cast<double>(std::max<std::int64_t>(1, pairs * (pairs - 1)));
    return {static_cast<double>(all) / whole,
            std::sqrt(of_samples + static_cast<double>(spread) / (whole * whole * freedom))};
}

} // namespace lipt::detail
