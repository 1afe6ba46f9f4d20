// GradMatch by the batch: matching pursuit of the mean gradient by the mean gradients of whole minibatches.
#pragma once

#include <lipt/random.hpp>
#include <lipt/select/pursuit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt::methods {

namespace detail {

/// A pool cut into minibatches of one size, in an order drawn at random; what is left over is in none.
class minibatches {
  public:
    minibatches(std::size_t samples, std::size_t size, rng draw) : size_(size), order_(samples) {
        std::iota(order_.begin(), order_.end(), std::int64_t{0});
        draw.shuffle(std::span(order_));
        order_.resize(samples / size * size);
    }

    std::size_t count() const { return order_.size() / size_; }
    std::span<const std::int64_t> members(std::size_t batch) const {
        return std::span(order_).subspan(batch * size_, size_);
    }
    /// The mean over each batch of a value a sample.
    std::vector<double> means(const host_matrix &values) const {
        std::vector<double> out(count());
        for (std::size_t i = 0; i < order_.size(); ++i)
            out[i / size_] += values.data()[order_[i]] / static_cast<double>(size_);
        return out;
    }

  private:
    std::size_t size_;
    std::vector<std::int64_t> order_;
};

/// Inner products of the picked batches' mean gradients, in double: in float they would be off by more than
/// the ridge where gradients are long.
template <tensor_backend Tensor>
class batch_products {
  public:
    batch_products(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients)
        : tensor_(tensor), gradients_(gradients) {}

    /// With those before it and, last, with itself. cost: 2 t B C E flops
    std::vector<double> append(std::span<const std::int64_t> members) {
        const auto chosen = gather(tensor_, gradients_, members);
        residuals_.push_back(tensor_.to_host(chosen.residual));
        embeddings_.push_back(tensor_.to_host(chosen.embedding));
        const auto newest = sum_of(residuals_.back(), embeddings_.back());
        std::vector<double> row;
        for (std::size_t s = 0; s < residuals_.size(); ++s)
            row.push_back(along(newest, residuals_[s], embeddings_[s]));
        return row;
    }

  private:
    /// The mean of d [h ; 1]. shapes: result (C, E+1)
    static std::vector<double> sum_of(const host_matrix &d, const host_matrix &h) {
        const std::size_t width = h.shape(1) + 1;
        std::vector<double> sum(d.shape(1) * width);
        for (std::size_t i = 0; i < d.shape(0); ++i) {
            for (std::size_t c = 0; c < d.shape(1); ++c) {
                const double share = static_cast<double>(d(i, c)) / static_cast<double>(d.shape(0));
                double *row = sum.data() + c * width;
                for (std::size_t e = 0; e + 1 < width; ++e) row[e] += share * h(i, e);
                row[width - 1] += share;
            }
        }
        return sum;
    }
    /// The mean over a batch of its gradients' products with a direction.
    static double along(const std::vector<double> &direction, const host_matrix &d, const host_matrix &h) {
        const std::size_t width = h.shape(1) + 1;
        double sum = 0;
        for (std::size_t i = 0; i < d.shape(0); ++i) {
            const float *embedding = h.data() + i * h.shape(1);
            for (std::size_t c = 0; c < d.shape(1); ++c) {
                const double *row = direction.data() + c * width;
                sum += d(i, c) * (row[width - 1] + host_kernels::sum<double>(width - 1, [=](std::size_t e) {
                                      return row[e] * embedding[e];
                                  }));
            }
        }
        return sum / static_cast<double>(d.shape(0));
    }

    const Tensor &tensor_;
    const last_layer_gradients<Tensor> &gradients_;
    std::vector<host_matrix> residuals_, embeddings_; ///< of the picked batches, (B,C) and (B,E)
};

} // namespace detail

/// As gradmatch, but a candidate is a minibatch with the mean gradient of its samples. Batches are drawn at
/// random from (seed, pool); one of more samples than the quota is made as small. Weights: a batch's own,
/// shared out among its samples. At most the quota: as many whole batches as fit, in the order of picking.
/// errors: C14 ridge not positive or batches of 0. cost: 4 n C E flops for each of k/batch steps and k^2 C E
/// / batch more in double, O(n k / batch^2 + k (C+E)) memory: products of whole batches come from one
/// direction a pick, never from C(E+1) numbers a batch. source: [Killamsetty2021a] Section 4, GRAD-MATCHPB
struct gradmatch_batch {
    static constexpr method_info info{.name = "gradmatch-batch",
                                      .summary = "weighted minibatches that add up to the mean gradient",
                                      .gradients = true,
                                      .labels = true,
                                      .weights = true,
                                      .exact = false,
                                      .chance = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        const auto &asked = options.gradmatch;
        check(asked);
        const std::size_t size = std::min(asked.batch, pool.quota);
        const detail::minibatches batches(pool.members.size(), size,
                                          rng({.seed = options.seed,
                                               .stage = stream::select,
                                               .sample = static_cast<std::uint32_t>(pool.number)}));
        const host_matrix along =
            tensor.to_host(projections(tensor, pool.gradients, mean_gradient(tensor, pool.gradients)));
        pool_picks picks{.scores = std::vector<float>(along.begin(), along.end())};
        detail::ridge_regression regression(asked.ridge);
        const auto chosen =
            pursue_batches(tensor, pool, batches, batches.means(along), pool.quota / size, regression);
        const auto weights = regression.final_weights(asked.weights);
        for (std::size_t t = 0; t < chosen.size(); ++t) {
            const auto members = batches.members(chosen[t]);
            picks.order.insert(picks.order.end(), members.begin(), members.end());
            picks.weights.insert(picks.weights.end(), size, weights[t] / static_cast<float>(size));
        }
        return picks;
    }

  private:
    /// The batches picked; `regression` learns of each. shapes: target (batches)
    template <tensor_backend Tensor>
    static std::vector<std::size_t> pursue_batches(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                                   const detail::minibatches &batches,
                                                   const std::vector<double> &target, std::size_t count,
                                                   detail::ridge_regression &regression) {
        std::vector<std::size_t> chosen;
        std::vector<std::vector<double>> columns; // of the batches' Gram matrix, one a pick
        detail::batch_products<Tensor> exact(tensor, pool.gradients);
        auto current = target;
        while (true) {
            for (const auto taken : chosen) current[taken] = -std::numeric_limits<double>::infinity();
            const auto pick =
                static_cast<std::size_t>(std::max_element(current.begin(), current.end()) - current.begin());
            chosen.push_back(pick);
            const auto direction =
                mean_gradient(tensor, gather(tensor, pool.gradients, batches.members(pick)));
            columns.push_back(batches.means(tensor.to_host(projections(tensor, pool.gradients, direction))));
            regression.append(exact.append(batches.members(pick)), target[pick]);
            if (chosen.size() == count) return chosen;
            const auto weights = regression.weights();
            current = target;
            for (std::size_t s = 0; s < chosen.size(); ++s) {
                for (std::size_t b = 0; b < current.size(); ++b) current[b] -= weights[s] * columns[s][b];
            }
        }
    }
};

} // namespace lipt::methods
