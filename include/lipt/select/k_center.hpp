// k-center: the farthest sample from all picks, again and again, by a distance that needs one matrix-vector
// product a pick.
#pragma once

#include <lipt/select/pools.hpp>
#include <lipt/select/similarity.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Distances of the form own_i + own_j - left_i . right_j. shapes: left, right (n,m), own (n,1)
template <tensor_backend Tensor>
struct bilinear_distance {
    typename Tensor::matrix left, right, own;
};

namespace detail {

/// The lowest value's row where excluded is 0; ties go to the lowest row.
template <tensor_backend Tensor>
std::int64_t arg_min(const Tensor &tensor, const typename Tensor::matrix &values,
                     const typename Tensor::matrix &excluded) {
    auto negated = values;
    tensor.combine(-1.0f, values, 0.0f, negated);
    return tensor.arg_max(negated, excluded);
}

/// From `first` on, the sample whose nearest pick is farthest; ties go to the lowest. cost: 2 n m flops a
/// pick
template <tensor_backend Tensor>
std::vector<std::int64_t> farthest_first(const Tensor &tensor, const bilinear_distance<Tensor> &distance,
                                         std::int64_t first, std::size_t quota) {
    const std::size_t n = tensor.rows(distance.own);
    // nearness_i: -(own_i + distance's other terms) of the nearest pick, so that the lowest is the farthest.
    typename Tensor::matrix nearness = tensor.make(0, 0), column = tensor.make(0, 0);
    auto excluded = tensor.make(n, 1);
    std::vector<std::int64_t> picks;
    for (std::int64_t pick = first;; pick = arg_min(tensor, nearness, excluded)) {
        const auto row = static_cast<std::size_t>(pick);
        tensor.set(excluded, row, 0, 1.0f);
        picks.push_back(pick);
        if (picks.size() == quota) return picks;
        tensor.gemm(distance.left, tensor.gather_rows(distance.right, std::span(&pick, 1)), column,
                    {.transpose_b = true});
        tensor.combine(-1.0f, distance.own, 1.0f, column);
        const float own = tensor.get(distance.own, row, 0);
        const auto ones = tensor.from_host(host_matrix({n, 1}, 1.0f));
        tensor.combine(-own, ones, 1.0f, column);
        if (picks.size() == 1) {
            nearness = column;
        } else {
            tensor.maximum(column, nearness);
        }
    }
}

} // namespace detail

namespace methods {

/// Greedy farthest points by Euclidean distance of the embeddings, from the sample nearest to their mean.
/// Scores are minus the squared distances to the mean. Exactly the quota, in the order of picking. cost: 2 n
/// E flops a pick, n E memory. source: [Sener2018] Algorithm 1
struct k_center {
    static constexpr method_info info{.name = "k-center",
                                      .summary = "embeddings farthest from all picks before",
                                      .gradients = true,
                                      .embedding = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool, const select_options &) {
        bilinear_distance<Tensor> distance{.left = centred(tensor, pool.gradients.embedding),
                                           .right = tensor.make(0, 0),
                                           .own = tensor.make(0, 0)};
        distance.own = tensor.row_dots(distance.left, distance.left);
        distance.right = distance.left;
        tensor.combine(2.0f, distance.left, 0.0f, distance.right);
        const auto nobody = tensor.make(pool.members.size(), 1);
        const std::int64_t first = lipt::detail::arg_min(tensor, distance.own, nobody);
        pool_picks picks{.order = lipt::detail::farthest_first(tensor, distance, first, pool.quota)};
        for (const float square : tensor.to_host(distance.own)) picks.scores.push_back(-square);
        return picks;
    }
};

} // namespace methods
} // namespace lipt
