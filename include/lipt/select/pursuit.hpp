// Orthogonal matching pursuit of a target by factored gradients: the projections of all samples on what is
// left of it, and the ridge regression of the picks.
#pragma once

#include <lipt/select/least_squares.hpp>
#include <lipt/select/pools.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
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

/// Rows of the Gram matrix that a pursuit may hold beside those of its picks.
inline constexpr std::size_t gram_rows_ahead = 256;

/// The same from the picks' columns of the Gram matrix, kept as rows: 2 n (C+E+t) flops a step and 4 n (k +
/// gram_rows_ahead) bytes. A row that is wanted is computed together with those of the candidates that are
/// ahead by then: a product of many rows reads the gradients once, and most are picked before long.
template <tensor_backend Tensor>
class gram_projections {
  public:
    gram_projections(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                     const typename Tensor::matrix &target)
        : tensor_(tensor), gradients_(gradients), target_(target), current_(target),
          ahead_(tensor.rows(target)), is_picked_(tensor.rows(target)) {}

    typename Tensor::matrix operator()(std::span<const std::int64_t> picks, std::span<const double> weights) {
        newest_.push_back(row_of(picks.back()));
        if (newest_.size() == width) stack();
        current_ = target_;
        const auto subtract = [&](const typename Tensor::matrix &rows) {
            const std::size_t count = tensor_.rows(rows);
            const auto part = column_of(tensor_, weights.first(count));
            tensor_.gemm(rows, part, current_, {.transpose_a = true, .alpha = -1.0f, .beta = 1.0f});
            weights = weights.subspan(count);
        };
        for (const auto &rows : stacked_) subtract(rows);
        for (const auto &row : newest_) subtract(row);
        return current_;
    }

  private:
    /// Rows a block: one product with a block is faster than many with rows.
    static constexpr std::size_t width = 32;
    /// Rows computed at once.
    static constexpr std::size_t together = 16;

    typename Tensor::matrix row_of(std::int64_t pick) {
        auto &ahead = ahead_[static_cast<std::size_t>(pick)];
        is_picked_[static_cast<std::size_t>(pick)] = true;
        if (!ahead) compute_with(pick);
        auto row = std::move(*ahead);
        ahead.reset();
        --count_ahead_;
        return row;
    }

    /// The row of a pick, and of those with the largest projections now.
    void compute_with(std::int64_t pick) {
        if (count_ahead_ + together > gram_rows_ahead) {
            for (auto &row : ahead_) row.reset();
            count_ahead_ = 0;
        }
        host_matrix values = tensor_.to_host(current_);
        for (std::size_t i = 0; i < ahead_.size(); ++i) {
            if (is_picked_[i] || ahead_[i]) values.data()[i] = -std::numeric_limits<float>::infinity();
        }
        std::vector<std::int64_t> rows{pick};
        for (const auto i : highest({values.data(), values.size()}, together - 1)) {
            if (std::isfinite(values.data()[i])) rows.push_back(i);
        }
        const auto products = inner_products(tensor_, gather(tensor_, gradients_, rows), gradients_);
        for (std::int64_t r = 0; r < static_cast<std::int64_t>(rows.size()); ++r) {
            ahead_[static_cast<std::size_t>(rows[static_cast<std::size_t>(r)])] =
                tensor_.gather_rows(products, std::span(&r, 1));
            ++count_ahead_;
        }
    }

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
    typename Tensor::matrix current_;                           ///< the projections after the last step
    std::vector<typename Tensor::matrix> stacked_;              ///< (width,n) each
    std::vector<typename Tensor::matrix> newest_;               ///< (1,n) each, fewer than width
    std::vector<std::optional<typename Tensor::matrix>> ahead_; ///< (1,n) each, by candidate
    std::vector<bool> is_picked_;
    std::size_t count_ahead_ = 0;
};

/// The picks' ridge regression in double: Gram matrix K, right side <g_s, target>, and the factor of K +
/// ridge I.
class ridge_regression {
  public:
    explicit ridge_regression(double ridge) : ridge_(ridge) {}

    /// Adds a pick. shapes: products (t+1), with the picks before and, last, with itself. cost: t^2 flops
    void append(std::vector<double> products, double projection) {
        if (right_.empty()) alone_ = products[0] > 0 ? projection / products[0] : 0.0;
        products.back() += ridge_;
        factor_.append(products, ridge_);
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

    /// The weights to end with: those of ridge regression, or x >= 0 that minimises |(K + ridge I) x -
    /// right|.
    std::vector<float> final_weights(pursuit_weights kind) const {
        if (kind == pursuit_weights::nonnegative) {
            const auto x = nonnegative_least_squares(factor_, right_);
            return {x.begin(), x.end()};
        }
        auto x = forward_;
        factor_.backward(x);
        return {x.begin(), x.end()};
    }

  private:
    double ridge_;
    double alone_ = 0; ///< least-squares weight of the first pick by itself
    growing_cholesky factor_;
    std::vector<double> right_, forward_; ///< right side b, and L^-1 b
};

/// Inner products of the picks' gradients, in double.
template <tensor_backend Tensor>
class pick_products {
  public:
    pick_products(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients)
        : tensor_(tensor), gradients_(gradients) {}

    /// With those before it and, last, with itself. cost: 2 t (C+E) flops
    std::vector<double> append(std::int64_t pick) {
        const auto chosen = gather(tensor_, gradients_, std::span(&pick, 1));
        const host_matrix d = tensor_.to_host(chosen.residual), h = tensor_.to_host(chosen.embedding);
        residuals_.insert(residuals_.end(), d.begin(), d.end());
        embeddings_.insert(embeddings_.end(), h.begin(), h.end());
        std::vector<double> row(++count_);
        for (std::size_t s = 0; s < count_; ++s) {
            row[s] = host_kernels::exact_dot(residuals_.data() + s * d.size(), d.data(), d.size()) *
                     (1 + host_kernels::exact_dot(embeddings_.data() + s * h.size(), h.data(), h.size()));
        }
        return row;
    }

  private:
    const Tensor &tensor_;
    const last_layer_gradients<Tensor> &gradients_;
    std::vector<float> residuals_, embeddings_; ///< (t,C) and (t,E)
    std::size_t count_ = 0;
};

/// The pursuit itself; `project(picks, weights)` yields the projections on the residual after those picks.
template <tensor_backend Tensor, class Project>
pool_picks pursue(const Tensor &tensor, const selection_pool<Tensor> &pool,
                  const typename Tensor::matrix &target, const gradmatch_options &options, Project project) {
    pool_picks picks;
    ridge_regression regression(options.ridge);
    pick_products<Tensor> products(tensor, pool.gradients);
    auto excluded = tensor.make(pool.members.size(), 1);
    auto current = target;
    while (true) {
        const std::int64_t pick = tensor.arg_max(current, excluded);
        const auto row = static_cast<std::size_t>(pick);
        tensor.set(excluded, row, 0, 1.0f);
        picks.order.push_back(pick);
        regression.append(products.append(pick), static_cast<double>(tensor.get(target, row, 0)));
        if (picks.order.size() == pool.quota) break;
        current = project(std::span<const std::int64_t>(picks.order),
                          std::span<const double>(regression.weights()));
    }
    picks.weights = regression.final_weights(options.weights);
    const host_matrix scores = tensor.to_host(target);
    picks.scores.assign(scores.begin(), scores.end());
    return picks;
}

} // namespace detail

} // namespace lipt::methods
