// Glister: greedy picks of the gradients that lower the validation loss most, by one Taylor step of the last
// layer.
#pragma once

#include <lipt/select/pools.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace lipt::methods {

namespace detail {

/// Mean gradient of the validation set, as if its logits were these.
template <tensor_backend Tensor>
gradient_direction<Tensor> validation_gradient(const Tensor &tensor, const validation_set<Tensor> &validation,
                                               const typename Tensor::matrix &logits) {
    return mean_gradient<Tensor>(tensor, {.residual = tensor.softmax_residual(logits, validation.labels),
                                          .embedding = validation.embeddings});
}

/// Mean validation gradient at the validation set's logits less `learning_rate` times what `step` changes in
/// them.
template <tensor_backend Tensor>
gradient_direction<Tensor>
moved_validation_gradient(const Tensor &tensor, const validation_set<Tensor> &validation,
                          const gradient_direction<Tensor> &step, float learning_rate) {
    const std::size_t count = validation.labels.size();
    const auto ones = tensor.from_host(host_matrix({count, 1}, 1.0f));
    auto logits = validation.logits;
    tensor.gemm(ones, step.bias, logits, {.alpha = -learning_rate, .beta = 1.0f});
    tensor.gemm(validation.embeddings, step.weight, logits,
                {.transpose_b = true, .alpha = -learning_rate, .beta = 1.0f});
    return validation_gradient(tensor, validation, logits);
}

} // namespace detail

/// Picks in rounds: each takes the largest <g_i, mean validation gradient>, then the validation logits move
/// by one step along the mean gradient of all picks so far. Exactly the quota, in the order of picking.
/// errors: C11 no rounds. cost: rounds * 2 (n + V) C E flops. source: [Killamsetty2021b] Algorithm 2
struct glister {
    static constexpr method_info info{.name = "glister",
                                      .summary = "gradients that lower the validation loss most",
                                      .gradients = true,
                                      .labels = true,
                                      .validation = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        check(options.glister);
        const auto &validation = pool.validation;
        const std::size_t share = (pool.quota + options.glister.rounds - 1) / options.glister.rounds;
        auto target = detail::validation_gradient(tensor, validation, validation.logits);
        pool_picks picks;
        while (picks.order.size() < pool.quota) {
            const host_matrix gains = tensor.to_host(projections(tensor, pool.gradients, target));
            std::vector<float> open(gains.begin(), gains.end());
            if (picks.scores.empty()) picks.scores = open;
            for (const auto taken : picks.order) {
                open[static_cast<std::size_t>(taken)] =
                    std::numeric_limits<float>::quiet_NaN(); // below every gain
            }
            const auto best = highest(open, std::min(share, pool.quota - picks.order.size()));
            picks.order.insert(picks.order.end(), best.begin(), best.end());
            if (picks.order.size() == pool.quota) break;
            const auto step = mean_gradient(tensor, gather(tensor, pool.gradients, picks.order));
            target =
                detail::moved_validation_gradient(tensor, validation, step, options.glister.learning_rate);
        }
        return picks;
    }
};

} // namespace lipt::methods
