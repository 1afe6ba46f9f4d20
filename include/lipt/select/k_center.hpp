// k-center: the farthest sample from all picks, again and again; and the same by any distance that needs one
// matrix-vector product a pick.
#pragma once

#include <lipt/host_kernels.hpp>
#include <lipt/select/pools.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Distances of the form own_i + own_j - left_i . right_j. shapes: left, right (n,m), own (n,1)
template <tensor_backend Tensor>
struct bilinear_distance {
    typename Tensor::matrix left{}, right{}, own{};
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

/// Greedy farthest points by Euclidean distance of the embeddings, from the sample nearest to their mean; of
/// those within a millionth of the nearest square the lowest. Distances are of differences, so tight heaps
/// far from each other are told apart. Scores are minus the squared distances to the mean, which is taken in
/// double. Exactly the quota, in the order of picking. cost: 5 n E flops a pick, 2 n E memory.
/// source: [Sener2018] Algorithm 1
struct k_center {
    static constexpr method_info info{.name = "k-center",
                                      .summary = "embeddings farthest from all picks before",
                                      .gradients = true,
                                      .embedding = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool, const select_options &) {
        const auto &embeddings = pool.gradients.embedding;
        const auto squares = squares_to_mean(tensor.to_host(embeddings));
        const double least = *std::min_element(squares.begin(), squares.end()) * (1 + 1e-6);
        const auto first = std::find_if(squares.begin(), squares.end(), [&](double s) { return s <= least; });
        const auto ones = tensor.from_host(host_matrix({pool.members.size(), 1}, 1.0f));
        typename Tensor::matrix nearness = tensor.make(0, 0);
        auto excluded = tensor.make(pool.members.size(), 1);
        pool_picks picks;
        for (const double square : squares) picks.scores.push_back(static_cast<float>(-square));
        for (std::int64_t pick = first - squares.begin();;
             pick = lipt::detail::arg_min(tensor, nearness, excluded)) {
            tensor.set(excluded, static_cast<std::size_t>(pick), 0, 1.0f);
            picks.order.push_back(pick);
            if (picks.order.size() == pool.quota) return picks;
            auto apart = embeddings;
            tensor.gemm(ones, tensor.gather_rows(embeddings, std::span(&pick, 1)), apart,
                        {.alpha = -1.0f, .beta = 1.0f});
            auto column = tensor.row_dots(apart, apart);
            tensor.combine(-1.0f, column, 0.0f, column);
            if (picks.order.size() == 1)
                nearness = std::move(column);
            else
                tensor.maximum(column, nearness);
        }
    }

  private:
    static std::vector<double> squares_to_mean(const host_matrix &embeddings) {
        const std::size_t count = embeddings.shape(0), width = embeddings.shape(1);
        std::vector<double> mean(width), squares(count);
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t e = 0; e < width; ++e) mean[e] += embeddings(i, e);
        }
        for (auto &value : mean) value /= static_cast<double>(count);
        for (std::size_t i = 0; i < count; ++i) {
            squares[i] = host_kernels::sum<double>(width, [&](std::size_t e) {
                const double apart = embeddings(i, e) - mean[e];
                return apart * apart;
            });
        }
        return squares;
    }
};

} // namespace methods
} // namespace lipt
