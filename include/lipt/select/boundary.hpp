// Samples near the decision boundary: those whose neighbours are predicted otherwise (CAL), and those whom a
// small step of the embedding would turn (DeepFool, first order, last layer).
#pragma once

#include <lipt/host_kernels.hpp>
#include <lipt/select/neighbours.hpp>
#include <lipt/select/uncertainty.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace lipt {

/// Mean Kullback-Leibler divergence KL(p_neighbour, p_sample) over a sample's nearest neighbours by
/// embedding; higher is more contrast. The paper seeks the neighbours of an unlabelled sample among the
/// labelled; here all have labels, and they are sought in the pool. errors: C18 no neighbours. cost: 2 n^2 E
/// flops in blocks and O(n C) memory. source: [Margatina2021] Algorithm 1
struct cal_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &options) {
        check(options.cal);
        const auto graph = nearest_neighbours(tensor, pool.gradients, options.cal.neighbours);
        return detail::rate_probabilities(tensor, pool, [&](const auto &p, std::size_t i) {
            double sum = 0;
            for (const auto &[index, distance] : graph[i]) {
                const auto j = static_cast<std::size_t>(index);
                for (std::size_t c = 0; c < p.classes(); ++c)
                    sum += p.of(j, c) * (p.log_of(j, c) - p.log_of(i, c));
            }
            return graph[i].empty() ? 0.0 : sum / static_cast<double>(graph[i].size());
        });
    }
};

/// Minus the distance by which an embedding would have to move for another class to win: min over j of (z_y -
/// z_j) / |w_y - w_j| for the predicted class y. The differences of logits are those of log probabilities;
/// the weights w are selection_problem::last_layer, and where that is not given all norms count as 1, which
/// ranks by the margin of the logits. DeepFool moves the input through the whole network; for the last layer
/// alone, which is linear, its first step is exact. errors: C19 weights of another shape. cost: O(n C),
/// with weights O(C^2 E) more. source: [Ducoffe2018] Section 3, [Moosavi2016] Algorithm 2
struct deepfool_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &) {
        const auto lengths = boundary_normals(tensor, pool);
        return detail::rate_probabilities(tensor, pool, [&](const auto &p, std::size_t i) {
            std::size_t predicted = 0;
            for (std::size_t c = 1; c < p.classes(); ++c) {
                if (p.of(i, c) > p.of(i, predicted)) predicted = c;
            }
            double least = std::numeric_limits<float>::max();
            for (std::size_t c = 0; c < p.classes(); ++c) {
                if (c == predicted) continue;
                const double normal = lengths.size() == 0 ? 1.0 : lengths(predicted, c);
                const double height = p.log_of(i, predicted) - p.log_of(i, c);
                if (normal > 0) least = std::min(least, height / normal);
            }
            return -least;
        });
    }

  private:
    /// |w_i - w_j| of every two classes, or nothing without weights. shapes: result (C,C) or (0,0)
    template <tensor_backend Tensor>
    static host_matrix boundary_normals(const Tensor &tensor, const selection_pool<Tensor> &pool) {
        if (pool.last_layer == nullptr) return host_matrix({0, 0}, 0.0f);
        const auto &weights = *pool.last_layer;
        const std::size_t classes = tensor.columns(pool.gradients.residual);
        const std::size_t width = tensor.columns(pool.gradients.embedding); // 0: they are not there
        require(tensor.rows(weights) == classes && (width == 0 || tensor.columns(weights) == width), "C19",
                "deepfool: last-layer weights of ", tensor.rows(weights), " rows and ",
                tensor.columns(weights), " columns, expected ", classes, " and ", width,
                ": one row a class, as wide as the embeddings");
        const host_matrix host = tensor.to_host(weights);
        host_matrix lengths({classes, classes}, 0.0f);
        for (std::size_t i = 0; i < classes; ++i) {
            for (std::size_t j = 0; j < classes; ++j) {
                lengths(i, j) =
                    static_cast<float>(std::sqrt(host_kernels::sum<double>(host.shape(1), [&](std::size_t e) {
                        const double apart = static_cast<double>(host(i, e)) - host(j, e);
                        return apart * apart;
                    })));
            }
        }
        return lengths;
    }
};

namespace methods {

/// The samples whose predictions differ most from those of their neighbours. source: [Margatina2021]
struct cal : detail::scored<cal_score> {
    static constexpr method_info info{.name = "cal",
                                      .summary = "predictions unlike those of the nearest neighbours (CAL)",
                                      .gradients = true,
                                      .logarithms = true,
                                      .scorer = true,
                                      .relative = true};
};

/// The samples nearest to a boundary of the last layer. source: [Ducoffe2018]
struct deepfool : detail::scored<deepfool_score> {
    static constexpr method_info info{.name = "deepfool",
                                      .summary = "embeddings nearest to a boundary of the last layer",
                                      .gradients = true,
                                      .residual = true,
                                      .logarithms = true,
                                      .scorer = true};
};

} // namespace methods
} // namespace lipt
