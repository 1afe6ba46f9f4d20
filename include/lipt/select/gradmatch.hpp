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

/// The same from the picks' columns of the Gram matrix, kept as rows: 2 n (C+E+t) flops a step and 4 n k
/// bytes.
template <tensor_backend Tensor>
class gram_projections {
  public:
    gram_projections(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                     const typename Tensor::matrix &target)
        : tensor_(tensor), gradients_(gradients), target_(target) {}

    typename Tensor::matrix operator()(std::span<const std::int64_t> picks, std::span<const double> weights) {
        newest_.push_back(inner_products(tensor_, gather(tensor_, gradients_, picks.last(1)), gradients_));
        if (newest_.size() == width) stack();
        auto out = target_;
        const auto subtract = [&](const typename Tensor::matrix &rows) {
            const std::size_t count = tensor_.rows(rows);
            const auto part = column_of(tensor_, weights.first(count));
            tensor_.gemm(rows, part, out, {.transpose_a = true, .alpha = -1.0f, .beta = 1.0f});
            weights = weights.subspan(count);
        };
        for (const auto &rows : stacked_) subtract(rows);
        for (const auto &row : newest_) subtract(row);
        return out;
    }

  private:
    /// Rows a block: one product with a block is faster than many with rows.
    static constexpr std::size_t width = 32;

    void stack() {
        host_matrix block = host_matrix::from_shape({width, tensor_.columns(newest_[0])});
        float *to = block.data();
        for (const auto &row : newest_) {
            const host_matrix host = tensor_.to_host(row);
            to = std::copy(host.begin(), host.end(), to);
        }
        stacked_.push_back(tensor_.from_host(block));
        newest_.clear();
    }

    const Tensor &tensor_;
    const last_layer_gradients<Tensor> &gradients_;
    const typename Tensor::matrix &target_;
    std::vector<typename Tensor::matrix> stacked_; ///< (width,n) each
    std::vector<typename Tensor::matrix> newest_;  ///< (1,n) each, fewer than width
};

/// The picks' ridge regression in double: Gram matrix K, right side <g_s, target>, and the factor of K +
/// ridge I.
class ridge_regression {
  public:
    explicit ridge_regression(double ridge) : ridge_(ridge) {}

    /// Adds a pick. shapes: residual (1,C), embedding (1,E). cost: t (C+E) + t^2 flops
    void append(const host_matrix &residual, const host_matrix &embedding, double projection) {
        const std::size_t classes = residual.size(), width = embedding.size();
        residuals_.insert(residuals_.end(), residual.begin(), residual.end());
        embeddings_.insert(embeddings_.end(), embedding.begin(), embedding.end());
        std::vector<double> row(right_.size() + 1);
        for (std::size_t s = 0; s < row.size(); ++s) {
            row[s] = host_kernels::exact_dot(residuals_.data() + s * classes, residual.data(), classes) *
                     (1 + host_kernels::exact_dot(embeddings_.data() + s * width, embedding.data(), width));
        }
        if (right_.empty()) alone_ = row[0] > 0 ? projection / row[0] : 0.0;
        row.back() += ridge_;
        factor_.append(row);
        right_.push_back(projection);
        forward_.push_back(factor_.forward(forward_.size(), projection, forward_));
    }

    /// Weights that the next residual is taken with: ridge regression, but plain least squares for a single
    /// pick.
    std::vector<double> weights() const {
        if (right_.size() == 1) return {alone_};
        auto x = forward_;
        factor_.backward(x);
        return x;
    }

    /// Non-negative weights: x >= 0 that minimises |(K + ridge I) x - right|.
    std::vector<float> nonnegative_weights() const {
        auto start = forward_;
        factor_.backward(start);
        const auto x = nonnegative_least_squares(factor_, std::move(start));
        return {x.begin(), x.end()};
    }

  private:
    double ridge_;
    double alone_ = 0;                          ///< least-squares weight of the first pick by itself
    std::vector<float> residuals_, embeddings_; ///< (t,C) and (t,E)
    growing_cholesky factor_;
    std::vector<double> right_, forward_; ///< right side b, and L^-1 b
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
