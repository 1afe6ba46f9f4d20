// Graph cut: samples similar to all others and not to each other.
#pragma once

#include <lipt/select/greedy.hpp>
#include <lipt/select/pools.hpp>
#include <lipt/select/similarity.hpp>
#include <lipt/select/sparse.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace lipt {

/// lambda sum_{j, i in S} s_ij - sum_{i,j in S} s_ij with s_ij = 0.5 + 0.5 cos. The first sum is linear in
/// the unit vectors, so no similarity matrix is needed: a row a pick.
template <tensor_backend Tensor>
class cut_function {
  public:
    static constexpr bool at_hand = true;

    cut_function(const Tensor &tensor, const factored_vectors<Tensor> &unit, float lambda)
        : tensor_(tensor), unit_(unit) {
        std::vector<std::int64_t> all(unit.size());
        std::iota(all.begin(), all.end(), std::int64_t{0});
        const host_matrix total =
            tensor.to_host(unit.projections(all, tensor.from_host(host_matrix({all.size(), 1}, 1.0f))));
        const host_matrix own = tensor.to_host(unit.squares());
        for (std::size_t i = 0; i < all.size(); ++i) {
            const float sum = 0.5f * (static_cast<float>(all.size()) + total.data()[i]);
            gains_.push_back(lambda * sum - 0.5f - 0.5f * own.data()[i]);
        }
    }

    std::vector<float> first_gains() const { return gains_; }
    std::vector<float> gains(std::span<const std::int64_t> candidates) const {
        std::vector<float> out;
        for (const auto i : candidates) out.push_back(gains_[static_cast<std::size_t>(i)]);
        return out;
    }
    /// Twice the similarity, since a pair is counted both ways.
    void take(std::int64_t pick) {
        const host_matrix row = tensor_.to_host(unit_.products(std::span(&pick, 1)));
        for (std::size_t j = 0; j < gains_.size(); ++j) gains_[j] -= 1.0f + row.data()[j];
    }
    std::size_t batch() const { return gains_.size(); }

  private:
    const Tensor &tensor_;
    const factored_vectors<Tensor> &unit_;
    std::vector<float> gains_;
};

namespace methods {

/// Greedy maximum of lambda times the picks' similarity to all samples less that among themselves, s_ij = 0.5
/// + 0.5 cos(g_i, g_j) or of embeddings. Below lambda 2 gains become negative at some point; the budget is
/// filled all the same. Lazy picks as naive does, at the same cost. Exactly the quota, in the order of
/// picking. errors: C41 lambda below 0; as maximise. cost: 2 n C E flops, then 2 n (C+E) a pick; no n^2
/// memory. With submodular_options::storage sparse, and n^2 above the memory, from similarities of nearest
/// samples alone, the others 0: n^2 (C+E) flops and 16 n (neighbours + 1) bytes. source: [Iyer2021]
struct graph_cut {
    static constexpr method_info info{.name = "graph-cut",
                                      .summary = "samples similar to all others and not to each other",
                                      .gradients = true,
                                      .spaces = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        check(options.graph_cut);
        check_sparse(options, pool.members.size());
        if (is_sparse(options, pool.members.size())) {
            similarity_rows<Tensor> rows(tensor, pool.gradients, options.submodular.space,
                                         similarity_measure::cosine, 0);
            const sparse_similarities nearest(tensor, rows, options.submodular.neighbours);
            sparse_cut cut(nearest, options.graph_cut.lambda);
            return maximise(cut, pool.quota, pool.number, options);
        }
        factored_vectors<Tensor> unit(tensor, pool.gradients, options.submodular.space);
        unit.normalise();
        cut_function<Tensor> cut(tensor, unit, options.graph_cut.lambda);
        return maximise(cut, pool.quota, pool.number, options);
    }
};

} // namespace methods
} // namespace lipt
