// Prototype distance: how far a sample is from what is typical, found without labels.
#pragma once

#include <lipt/select/k_means.hpp>
#include <lipt/select/score.hpp>

#include <cstddef>
#include <vector>

namespace lipt {

/// Cosine distance, 1 - cos, of an embedding to the nearest prototype; higher is farther, and harder.
/// Prototypes are the centres of k-means of the pool's directions. An embedding of zero is at 1. Taken as
/// half the squared distance of vectors of length 1, so that near ones keep their digits. Depends on the seed
/// and on the order of the samples. errors: C47. cost: 2 n E K flops a round and for the seeds; 8 n E bytes.
/// source: [Sorscher2022] Section 5, self-supervised prototypes
struct prototype_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &options) {
        const auto &asked = options.prototype;
        check(asked);
        const host_matrix rows = directions(tensor.to_host(pool.gradients.embedding));
        const std::size_t width = rows.shape(1);
        const auto found = k_means_of_directions(tensor, rows, cluster_count(asked.prototypes, rows.shape(0)),
                                                 asked.rounds, detail::k_means_draw(options, pool.number));
        std::vector<float> out;
        for (std::size_t i = 0; i < rows.shape(0); ++i) {
            const float *row = rows.data() + i * width,
                        *centre = found.centres.data() + found.cluster[i] * width;
            const bool zero = host_kernels::exact_dot(row, row, width) == 0;
            const double square = zero ? 2.0 : host_kernels::square_between(row, centre, width);
            out.push_back(static_cast<float>(square / 2));
        }
        return out;
    }
};

namespace methods {

/// The samples farthest from every prototype. source: [Sorscher2022]
struct prototype : detail::scored<prototype_score> {
    static constexpr method_info info{.name = "prototype",
                                      .summary = "embeddings farthest from the centres of k-means",
                                      .gradients = true,
                                      .embedding = true,
                                      .scorer = true,
                                      .relative = true,
                                      .chance = true};
};

} // namespace methods
} // namespace lipt
