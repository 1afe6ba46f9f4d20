// InfoBatch: an epoch without some of the samples that are learned already, unbiased by weights.
#pragma once

#include <lipt/error.hpp>
#include <lipt/random.hpp>
#include <lipt/train/loop.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt {

/// source: [Qin2024]
struct info_batch_options {
    double ratio = 0.5;       ///< chance of a sample of low loss to be left out, below 1
    double annealing = 0.875; ///< share of the epochs after which nothing is left out any more
};

/// The samples of epoch `epoch` of `epochs`: one whose last loss is below the mean is left out with chance
/// `ratio`, otherwise weighs 1/(1 - ratio), so that the expected gradient is that of all samples; the others
/// weigh 1. Everything is kept in the last epochs, and where a sample has no loss yet (not finite) it is.
/// Each sample draws for itself, a function of (seed, epoch, index); the authors' program draws a fixed
/// number. shapes: losses (N), of the last time each sample was seen. errors: C22 ratio or annealing outside
/// its range, D24. cost: O(N). source: [Qin2024]
inline epoch_samples info_batch(std::span<const float> losses, std::uint32_t epoch, std::uint32_t epochs,
                                std::uint64_t seed, const info_batch_options &options = {}) {
    require(options.ratio >= 0 && options.ratio < 1 && options.annealing >= 0 && options.annealing <= 1,
            "C22", "info_batch: a ratio of ", options.ratio, " and an annealing of ", options.annealing,
            ", expected 0 to below 1 and 0 to 1");
    require_countable(losses.size(), "info_batch");
    double sum = 0;
    std::size_t known = 0;
    for (const float loss : losses) {
        if (!std::isfinite(loss)) continue;
        sum += loss;
        ++known;
    }
    const bool prunes = known > 0 && epoch < options.annealing * epochs;
    const double mean = known > 0 ? sum / static_cast<double>(known) : 0.0;
    epoch_samples out;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        const bool low = prunes && std::isfinite(losses[i]) && losses[i] < mean;
        rng draw(
            {.seed = seed, .stage = stream::select, .pass = epoch, .sample = static_cast<std::uint32_t>(i)});
        if (low && draw.uniform() < options.ratio) continue;
        out.indices.push_back(static_cast<std::int64_t>(i));
        out.weights.push_back(low ? static_cast<float>(1 / (1 - options.ratio)) : 1.0f);
    }
    return out;
}

} // namespace lipt
