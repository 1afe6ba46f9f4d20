// Herding: samples whose running mean stays as close to the pool's mean as can be.
#pragma once

#include <lipt/select/pools.hpp>
#include <lipt/select/similarity.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt::methods {

/// Each pick is the sample that, added to those before, brings their mean nearest to the mean of the pool's
/// embeddings; the usual reference library takes the farthest. Scores are minus the squared distances to the
/// mean. Exactly the quota, in the order of picking. cost: 2 n E flops a pick, n E memory.
/// source: [Welling2009] herding; [Rebuffi2017] Algorithm 4, whose rule this is
struct herding {
    static constexpr method_info info{.name = "herding",
                                      .summary = "samples whose running mean follows the class mean",
                                      .gradients = true,
                                      .embedding = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool, const select_options &) {
        // With centred embeddings e_i and r the sum of the picks: |r + e_i|^2 = |r|^2 + 2 r . e_i + |e_i|^2.
        const auto embeddings = centred(tensor, pool.gradients.embedding);
        auto nearness = tensor.row_dots(embeddings, embeddings);
        tensor.combine(-1.0f, nearness, 0.0f, nearness);
        const host_matrix scores = tensor.to_host(nearness);
        pool_picks picks{.scores = std::vector<float>(scores.begin(), scores.end())};
        auto excluded = tensor.make(pool.members.size(), 1);
        auto sum = tensor.make(1, tensor.columns(embeddings));
        auto column = nearness;
        while (true) {
            const std::int64_t pick = tensor.arg_max(column, excluded);
            tensor.set(excluded, static_cast<std::size_t>(pick), 0, 1.0f);
            picks.order.push_back(pick);
            if (picks.order.size() == pool.quota) return picks;
            tensor.combine(1.0f, tensor.gather_rows(embeddings, std::span(&pick, 1)), 1.0f, sum);
            column = nearness;
            tensor.gemm(embeddings, sum, column, {.transpose_b = true, .alpha = -2.0f, .beta = 1.0f});
        }
    }
};

} // namespace lipt::methods
