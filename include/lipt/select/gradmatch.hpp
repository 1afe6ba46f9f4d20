// GradMatch: orthogonal matching pursuit of a pool's mean gradient by the gradients of a few weighted
// samples.
#pragma once

#include <lipt/select/least_squares.hpp>
#include <lipt/select/pools.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lipt::methods {

namespace detail {

/// A column (n,1) of doubles, rounded to what a tensor backend holds.
template <tensor_backend Tensor>
typename Tensor::matrix column_of(const Tensor &tensor, std::span<const double> values) {
    host_matrix column = host_matrix::from_shape({values.size(), 1});
    std::transform(values.begin(), values.end(), column.data(),
                   [](double value) { return static_cast<float>(value); });
    return tensor.from_host(column);
}

/// Projections of all samples on the residual, from the residual itself kept as a direction: 2 n C E flops a
/// step.
template <tensor_backend Tensor>
class residual_projections {
  public:
    residual_projections(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                         const gradient_direction<Tensor> &target)
        : tensor_(tensor), gradients_(gradients), target_(target) {}

    /// <g_i, target - sum_s x_s g_s>. shapes: result (n,1)
    typename Tensor::matrix operator()(std::span<const std::int64_t> picks, std::span<const double> weights) {
        const auto sum =
            weighted_sum(tensor_, gather(tensor_, gradients_, picks), column_of(tensor_, weights));
        auto rest = target_;
        tensor_.combine(-1.0f, sum.bias, 1.0f, rest.bias);
        tensor_.combine(-1.0f, sum.weight, 1.0f, rest.weight);
        return projections(tensor_, gradients_, rest);
    }

  private:
    const Tensor &tensor_;
    const last_layer_gradients<Tensor> &gradients_;
    const gradient_direction<Tensor> &target_;
};

/// The same from the picks' columns of the Gram matrix, kept in blocks: 2 n (C+E+t) flops a step and 4 n k
/// bytes.
template <tensor_backend Tensor>
class gram_projections {
  public:
    /// Columns a block: a new column costs one pass over its block.
    static constexpr std::size_t width = 32;

    gram_projections(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                     const typename Tensor::matrix &target)
        : tensor_(tensor), gradients_(gradients), target_(target) {}

    typename Tensor::matrix operator()(std::span<const std::int64_t> picks, std::span<const double> weights) {
        append(picks.last(1));
        auto out = target_;
        for (std::size_t b = 0; b < blocks_.size(); ++b) {
            std::vector<double> part(width);
            for (std::size_t j = 0; j < width && b * width + j < weights.size(); ++j)
                part[j] = weights[b * width + j];
            tensor_.gemm(blocks_[b], column_of(tensor_, std::span<const double>(part)), out,
                         {.alpha = -1.0f, .beta = 1.0f});
        }
        return out;
    }

  private:
    void append(std::span<const std::int64_t> pick) {
        const auto column = inner_products(tensor_, gradients_, gather(tensor_, gradients_, pick));
        if (filled_ % width == 0) blocks_.push_back(tensor_.make(tensor_.rows(column), width));
        auto place = tensor_.make(1, width);
        tensor_.set(place, 0, filled_ % width, 1.0f);
        tensor_.gemm(column, place, blocks_.back(), {.beta = 1.0f});
        ++filled_;
    }

    const Tensor &tensor_;
    const last_layer_gradients<Tensor> &gradients_;
    const typename Tensor::matrix &target_;
    std::vector<typename Tensor::matrix> blocks_;
    std::size_t filled_ = 0;
};

/// The picks' ridge regression in double: Gram matrix K, right side <g_s, target>, and the factor of K +
/// ridge I.
class ridge_regression {
  public:
    explicit ridge_regression(double ridge) : ridge_(ridge) {}

    /// Adds a pick. shapes: residual (1,C), embedding (1,E). cost: t (C+E) + t^2 flops
    void append(host_matrix residual, host_matrix embedding, double projection) {
        residuals_.push_back(std::move(residual));
        embeddings_.push_back(std::move(embedding));
        std::vector<double> row;
        for (std::size_t s = 0; s < residuals_.size(); ++s) {
            row.push_back(dot(residuals_[s], residuals_.back()) *
                          (1 + dot(embeddings_[s], embeddings_.back())));
        }
        gram_.push_back(row);
        row.back() += ridge_;
        factor_.append(row);
        right_.push_back(projection);
        forward_.push_back(factor_.forward(forward_.size(), projection, forward_));
    }

    /// Weights that the next residual is taken with: ridge regression, but plain least squares for a single
    /// pick.
    std::vector<double> weights() const {
        if (right_.size() == 1) return {gram_[0][0] > 0 ? right_[0] / gram_[0][0] : 0.0};
        auto x = forward_;
        factor_.backward(x);
        return x;
    }

    /// Non-negative weights: x >= 0 that minimises |(K + ridge I) x - right|.
    std::vector<float> nonnegative_weights() const {
        const std::size_t size = right_.size();
        std::vector<double> matrix(size * size), start = forward_;
        for (std::size_t i = 0; i < size; ++i) {
            for (std::size_t j = 0; j <= i; ++j) matrix[i * size + j] = matrix[j * size + i] = gram_[i][j];
            matrix[i * size + i] += ridge_;
        }
        factor_.backward(start);
        const auto x = nonnegative_least_squares(matrix, right_, std::move(start));
        return {x.begin(), x.end()};
    }

  private:
    static double dot(const host_matrix &a, const host_matrix &b) {
        return host_kernels::exact_dot(a.data(), b.data(), a.size());
    }

    double ridge_;
    std::vector<host_matrix> residuals_, embeddings_;
    std::vector<std::vector<double>> gram_;
    growing_cholesky factor_;
    std::vector<double> right_, forward_;
};

/// The pursuit itself; `project(picks, weights)` yields the projections on the residual after those picks.
template <tensor_backend Tensor, class Project>
pool_picks pursue(const Tensor &tensor, const selection_pool<Tensor> &pool,
                  const typename Tensor::matrix &target, double ridge, Project project) {
    pool_picks picks;
    ridge_regression regression(ridge);
    auto excluded = tensor.make(pool.members.size(), 1);
    auto current = target;
    while (true) {
        const std::int64_t pick = tensor.arg_max(current, excluded);
        const auto row = static_cast<std::size_t>(pick);
        tensor.set(excluded, row, 0, 1.0f);
        picks.order.push_back(pick);
        const auto chosen = gather(tensor, pool.gradients, std::span(&pick, 1));
        regression.append(tensor.to_host(chosen.residual), tensor.to_host(chosen.embedding),
                          static_cast<double>(tensor.get(target, row, 0)));
        if (picks.order.size() == pool.quota) break;
        current = project(std::span<const std::int64_t>(picks.order),
                          std::span<const double>(regression.weights()));
    }
    picks.weights = regression.nonnegative_weights();
    const host_matrix scores = tensor.to_host(target);
    picks.scores.assign(scores.begin(), scores.end());
    return picks;
}

/// True where a pursuit is cheaper from Gram columns, and they fit. The products with many columns run
/// faster, and those of the Gram matrix move every number for one use: measured, a third more time a flop.
constexpr bool prefer_gram(std::size_t samples, std::size_t quota, std::size_t classes, std::size_t width,
                           std::size_t memory) noexcept {
    const bool fits = quota <= memory / (sizeof(float) * samples);
    return fits && 4 * (classes + width + quota / 2) < 3 * classes * (width + 1);
}

} // namespace detail

/// Picks the largest projection on what is left of the pool's mean gradient, then fits ridge weights to all
/// picks anew. Weights: non-negative least squares at the end; some may be 0. Exactly the quota, in the order
/// of picking. errors: C14 ridge not positive. cost: k steps of 2 n C E, or of 2 n (C+E+k/2) flops, whichever
/// is cheaper, and 4 n k bytes for the latter (at most select_options::memory). source: [Killamsetty2021a]
/// Algorithm 2
struct gradmatch {
    static constexpr method_info info{.name = "gradmatch",
                                      .summary =
                                          "weighted samples whose gradients add up to the mean gradient",
                                      .gradients = true,
                                      .weights = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        const double ridge = options.gradmatch.ridge;
        require(ridge > 0, "C14", "gradmatch: ridge is ", ridge, ", expected above 0");
        const auto mean = mean_gradient(tensor, pool.gradients);
        const auto target = projections(tensor, pool.gradients, mean);
        if (detail::prefer_gram(pool.members.size(), pool.quota, tensor.columns(pool.gradients.residual),
                                tensor.columns(pool.gradients.embedding), options.memory)) {
            return detail::pursue(tensor, pool, target, ridge,
                                  detail::gram_projections<Tensor>(tensor, pool.gradients, target));
        }
        return detail::pursue(tensor, pool, target, ridge,
                              detail::residual_projections<Tensor>(tensor, pool.gradients, mean));
    }
};

} // namespace lipt::methods
