// CRAIG: medoids of the gradients, each with the number of samples it stands for.
#pragma once

#include <lipt/select/facility_location.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace lipt::methods {

namespace detail {

/// How many of the pool's samples are nearest to each pick; ties go to the pick made first, but a pick is its
/// own, whatever is at no distance from it.
template <tensor_backend Tensor>
std::vector<float> nearest_counts(const Tensor &tensor, const similarity_rows<Tensor> &rows,
                                  std::span<const std::int64_t> picks) {
    std::vector<float> best(rows.size(), -std::numeric_limits<float>::infinity()), counts(picks.size());
    std::vector<std::size_t> nearest(rows.size());
    rows.for_rows(picks, [&](std::size_t first, const auto &part) {
        const host_matrix host = tensor.to_host(part);
        for (std::size_t i = 0; i < host.shape(0); ++i) {
            const float *row = host.data() + i * best.size();
            for (std::size_t j = 0; j < best.size(); ++j) {
                nearest[j] = row[j] > best[j] ? first + i : nearest[j];
                best[j] = row[j] > best[j] ? row[j] : best[j];
            }
        }
    });
    for (std::size_t i = 0; i < picks.size(); ++i) nearest[static_cast<std::size_t>(picks[i])] = i;
    for (const auto pick : nearest) counts[pick] += 1.0f;
    return counts;
}

} // namespace detail

/// Greedy minimum of sum_j min_{picked i} |g_i - g_j|, or of embeddings. Weights: the number of samples
/// nearest to each pick, itself included, so none is 0; they sum to n. Exactly the quota, in the order of
/// picking. Scores are gains against a distance of twice the longest gradient, which no pick depends on.
/// errors: C43, and as maximise. cost: n^2 (C+E) flops and n^2 square roots, then few rows a pick; memory as
/// facility_location. Weights are of all similarities, whichever the picks are made from.
/// source: [Mirzasoleiman2020] Algorithm 1
struct craig {
    static constexpr method_info info{.name = "craig",
                                      .summary = "medoids of the gradients, weighted by what they stand for",
                                      .gradients = true,
                                      .spaces = true,
                                      .weights = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        similarity_rows<Tensor> rows(tensor, pool.gradients, options.submodular.space,
                                     similarity_measure::negative_distance, options.memory);
        auto picks = detail::cover(tensor, rows, pool, options);
        picks.weights = detail::nearest_counts(tensor, rows, picks.order);
        return picks;
    }
};

} // namespace lipt::methods
