// Facility location: samples such that every sample of the pool has a similar one among them.
#pragma once

#include <lipt/select/greedy.hpp>
#include <lipt/select/pools.hpp>
#include <lipt/select/similarity.hpp>
#include <lipt/select/sparse.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt {

/// sum_j max_{i in S} (s_ij - lowest) for the similarities of `rows`, which must outlive it.
template <tensor_backend Tensor>
class coverage {
  public:
    static constexpr bool at_hand = false;

    coverage(const Tensor &tensor, similarity_rows<Tensor> &rows)
        : tensor_(tensor), rows_(rows),
          best_(tensor.from_host(host_matrix({1, rows.size()}, rows.lowest()))) {}

    /// cost: every row once
    std::vector<float> first_gains() {
        std::vector<float> out;
        rows_.for_each_block([&](std::size_t, const auto &rows) { append_gains(rows, out); });
        return out;
    }
    std::vector<float> gains(std::span<const std::int64_t> candidates) {
        std::vector<float> out;
        rows_.for_rows(candidates, [&](std::size_t, const auto &rows) { append_gains(rows, out); });
        return out;
    }
    void take(std::int64_t pick) {
        rows_.for_rows(std::span(&pick, 1),
                       [&](std::size_t, const auto &row) { tensor_.maximum(row, best_); });
    }
    std::size_t batch() const { return rows_.batch(); }

  private:
    void append_gains(const typename Tensor::matrix &rows, std::vector<float> &out) {
        const host_matrix gains = tensor_.to_host(tensor_.facility_gain(rows, best_));
        out.insert(out.end(), gains.begin(), gains.end());
    }

    const Tensor &tensor_;
    similarity_rows<Tensor> &rows_;
    typename Tensor::matrix best_; ///< (1,n)
};

namespace methods {

namespace detail {

/// The greedy maximum of the coverage, from all similarities or from each sample's nearest as the options
/// say. errors: C43 sparse ones do not fit, and as maximise
template <tensor_backend Tensor>
pool_picks cover(const Tensor &tensor, similarity_rows<Tensor> &rows, const selection_pool<Tensor> &pool,
                 const select_options &options) {
    check_sparse(options, rows.size());
    if (is_sparse(options, rows.size())) {
        const sparse_similarities nearest(tensor, rows, options.submodular.neighbours);
        sparse_coverage covered(nearest, rows.lowest());
        return maximise(covered, pool.quota, pool.number, options);
    }
    coverage<Tensor> covered(tensor, rows);
    return maximise(covered, pool.quota, pool.number, options);
}

} // namespace detail

/// Greedy maximum of sum_j max_{picked i} s_ij with s_ij = 0.5 + 0.5 cos(g_i, g_j), or of embeddings. Exactly
/// the quota, in the order of picking. errors: C43, and as maximise. cost: n^2 (C+E) flops, then few rows a
/// pick; 4 n^2 bytes where that is at most select_options::memory, otherwise rows are computed again or, as
/// submodular_options::storage says, a sample is covered by its nearest alone: 16 n (neighbours + 1) bytes.
/// source: [Iyer2021]
struct facility_location {
    static constexpr method_info info{.name = "facility-location",
                                      .summary = "samples that every sample has a similar one among",
                                      .gradients = true,
                                      .spaces = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        similarity_rows<Tensor> rows(tensor, pool.gradients, options.submodular.space,
                                     similarity_measure::cosine, options.memory);
        auto picks = detail::cover(tensor, rows, pool, options);
        // Gains are of cosines; with s = 0.5 + 0.5 cos and nothing picked yet (s = 0, cos = -1) they are
        // twice those of s.
        for (auto &score : picks.scores) score *= 0.5f;
        return picks;
    }
};

} // namespace methods
} // namespace lipt
