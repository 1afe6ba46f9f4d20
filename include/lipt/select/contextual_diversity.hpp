// Contextual diversity: samples whose predictions differ most from those of all picks.
#pragma once

#include <lipt/select/k_center.hpp>
#include <lipt/select/uncertainty.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lipt::methods {

/// Greedy farthest points by the symmetric Kullback-Leibler divergence 0.5 KL(p_i, p_j) + 0.5 KL(p_j, p_i)
/// of class probabilities, from the sample nearest to the pool's mean prediction (the paper starts from what
/// is labelled). The paper mixes the predictions inside an image by class before it compares images; one
/// prediction an image is its own mixture, so nothing is left to mix for classification. Scores are minus the
/// divergence from the mean prediction. Exactly the quota, in the order of picking. cost: 4 n C flops a pick,
/// 5 n C memory. source: [Agarwal2020]
struct contextual_diversity {
    static constexpr method_info info{.name = "contextual-diversity",
                                      .summary = "predictions farthest from those of all picks before",
                                      .gradients = true,
                                      .residual = true,
                                      .logarithms = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool, const select_options &) {
        // 2 divergence = (p_i . log p_i) + (p_j . log p_j) - (p_i . log p_j) - (log p_i . p_j)
        const lipt::detail::class_probabilities p(tensor, pool);
        const std::size_t n = p.samples(), classes = p.classes();
        host_matrix left = host_matrix::from_shape({n, 2 * classes}), right = left;
        std::vector<double> mean(classes);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t c = 0; c < classes; ++c) {
                left(i, c) = right(i, classes + c) = static_cast<float>(p.of(i, c));
                left(i, classes + c) = right(i, c) = static_cast<float>(p.log_of(i, c));
                mean[c] += p.of(i, c) / static_cast<double>(n);
            }
        }
        bilinear_distance<Tensor> distance{.left = tensor.from_host(std::move(left)),
                                           .right = tensor.from_host(std::move(right)),
                                           .own = tensor.make(0, 0)};
        distance.own = tensor.row_dots(distance.left, distance.right);
        tensor.combine(0.5f, distance.own, 0.0f, distance.own);
        pool_picks picks{.scores = from_mean(p, mean)};
        picks.order = lipt::detail::farthest_first(tensor, distance, highest(picks.scores, 1)[0], pool.quota);
        return picks;
    }

  private:
    /// Minus the divergence of every sample from the mean prediction.
    static std::vector<float> from_mean(const lipt::detail::class_probabilities &p,
                                        const std::vector<double> &mean) {
        std::vector<float> out(p.samples());
        for (std::size_t i = 0; i < out.size(); ++i) {
            double sum = 0;
            for (std::size_t c = 0; c < mean.size(); ++c) {
                const double log_mean = std::log(std::max(mean[c], 1e-300));
                sum += (p.of(i, c) - mean[c]) * (p.log_of(i, c) - log_mean);
            }
            out[i] = static_cast<float>(-0.5 * sum);
        }
        return out;
    }
};

} // namespace lipt::methods
