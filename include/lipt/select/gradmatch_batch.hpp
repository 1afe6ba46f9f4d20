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

} // namespace detail

/// As gradmatch, but a candidate is a minibatch with the mean gradient of its samples. Batches are drawn at
/// random from (seed, pool); one of more samples than the quota is made as small. Weights: a batch's own,
/// shared out among its samples. At most the quota: as many whole batches as fit, in the order of picking.
/// errors: C14 ridge not positive or batches of 0. cost: 4 n C E flops for each of k/batch steps, O(n k /
/// batch^2) memory: products of whole batches come from one direction a pick, never from C(E+1) numbers a
/// batch. source: [Killamsetty2021a] Section 4, GRAD-MATCHPB
struct gradmatch_batch {
    static constexpr method_info info{.name = "gradmatch-batch",
                                      .summary = "weighted minibatches that add up to the mean gradient",
                                      .gradients = true,
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
        auto current = target;
        while (true) {
            for (const auto taken : chosen) current[taken] = -std::numeric_limits<double>::infinity();
            const auto pick =
                static_cast<std::size_t>(std::max_element(current.begin(), current.end()) - current.begin());
            chosen.push_back(pick);
            const auto direction =
                mean_gradient(tensor, gather(tensor, pool.gradients, batches.members(pick)));
            columns.push_back(batches.means(tensor.to_host(projections(tensor, pool.gradients, direction))));
            std::vector<double> products;
            for (const auto other : chosen) products.push_back(columns.back()[other]);
            regression.append(std::move(products), target[pick]);
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
