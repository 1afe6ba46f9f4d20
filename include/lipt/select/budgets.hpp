// How many samples of each class a selection keeps, and what always holds of the result.
#pragma once

#include <lipt/quotas.hpp>
#include <lipt/select/method_info.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lipt {

/// How many samples each class has, or all (one count). shapes: result (C) or (1)
inline std::vector<std::size_t> pool_sizes(std::span<const std::int32_t> labels, std::size_t classes,
                                           bool per_class) {
    std::vector<std::size_t> counts(per_class ? classes : 1);
    for (const auto label : labels) ++counts[per_class ? static_cast<std::size_t>(label) : 0];
    return counts;
}

/// How many to pick from each class, or of all (one quota). shapes: result (C) or (1). errors: D04 fraction,
/// D25 at least one of each cannot be
inline std::vector<std::size_t> selection_quotas(std::span<const std::int32_t> labels, std::size_t classes,
                                                 double fraction, bool per_class,
                                                 const quota_options &options = {}) {
    return largest_remainder_quotas(pool_sizes(labels, classes, per_class), fraction, options);
}

/// The classes that have samples and of which none is among the indices, ascending.
inline std::vector<std::size_t> lost_classes(std::span<const std::int32_t> labels, std::size_t classes,
                                             std::span<const std::int64_t> indices) {
    const auto sizes = pool_sizes(labels, classes, true);
    std::vector<bool> kept(classes);
    for (const auto index : indices)
        kept[static_cast<std::size_t>(labels[static_cast<std::size_t>(index)])] = true;
    std::vector<std::size_t> lost;
    for (std::size_t c = 0; c < classes; ++c) {
        if (sizes[c] > 0 && !kept[c]) lost.push_back(c);
    }
    return lost;
}

namespace detail {

/// What is wrong with the number of picks of each pool, or "". A method that is resampled takes turns: in one
/// epoch its pools may be a sample or two off their quotas.
inline std::string broken_budget(std::span<const std::size_t> taken, std::span<const std::size_t> quotas,
                                 const method_info &info) {
    const std::size_t play = info.resampled ? 2 : 0;
    std::size_t all = 0, wanted = 0;
    for (std::size_t p = 0; p < quotas.size(); ++p) {
        all += taken[p];
        wanted += quotas[p];
        if (taken[p] > quotas[p] + play || (info.exact && taken[p] + play < quotas[p]))
            return text("pool ", p, " has ", taken[p], " picks, its quota is ", quotas[p]);
    }
    const std::size_t most = info.resampled ? 1 : 0;
    if (all > wanted + most || (info.exact && all + most < wanted))
        return text(all, " picks, the quota of all is ", wanted);
    return "";
}

} // namespace detail

/// What is wrong with a selection, or "" where every invariant holds: indices unique, in range and in class
/// order; the budget and each class's quota met (or at most met, where the method is not exact); one weight a
/// pick, none negative or not finite; one score a sample.
inline std::string broken_invariant(const selection &chosen, std::span<const std::int32_t> labels,
                                    std::size_t classes, double fraction, const method_info &info,
                                    bool balanced, const quota_options &options = {}) {
    const bool per_class = is_per_class(info, balanced);
    const auto quotas = selection_quotas(labels, classes, fraction, per_class, options);
    std::vector<std::size_t> taken(quotas.size());
    std::vector<bool> seen(labels.size());
    std::int32_t newest = 0;
    for (const auto index : chosen.indices) {
        if (index < 0 || static_cast<std::size_t>(index) >= labels.size())
            return text("index ", index, " is out of range");
        const auto i = static_cast<std::size_t>(index);
        if (seen[i]) return text("index ", index, " is picked twice");
        if (labels[i] < newest) return text("index ", index, " is out of class order");
        seen[i] = true;
        newest = labels[i];
        ++taken[per_class ? static_cast<std::size_t>(labels[i]) : 0];
    }
    if (auto broken = detail::broken_budget(taken, quotas, info); !broken.empty()) return broken;
    if (info.weights ? chosen.weights.size() != chosen.indices.size() : !chosen.weights.empty()) {
        return text(chosen.weights.size(), " weights for ", chosen.indices.size(), " picks");
    }
    for (const float weight : chosen.weights) {
        if (!(weight >= 0.0f) || !std::isfinite(weight)) return text("a weight is ", weight);
    }
    if (!chosen.scores.empty() && chosen.scores.size() != labels.size())
        return text(chosen.scores.size(), " scores");
    return "";
}

} // namespace lipt
