// Scorers rate every sample by itself; samplers turn ratings into a subset. They are kept apart, since many
// methods wrap any score.
#pragma once

#include <lipt/select/pools.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// The samples with the highest scores, highest first; ties go to the lowest index.
struct top_k {
    static std::vector<std::int64_t> sample(std::span<const float> scores, std::size_t quota,
                                            const select_options &) {
        return highest(scores, quota);
    }
};

namespace methods {

namespace detail {

/// Picks by a scorer and a sampler; scores given with the problem stand in for the scorer's own.
template <class Scorer, class Sampler, tensor_backend Tensor>
pool_picks pick_by_score(const Tensor &tensor, const selection_pool<Tensor> &pool,
                         const select_options &options) {
    pool_picks picks{.scores = pool.scores.empty() ? Scorer::rate(tensor, pool.gradients) : pool.scores};
    picks.order = Sampler::sample(picks.scores, pool.quota, options);
    return picks;
}

} // namespace detail

/// The samples with the longest last-layer gradients. cost: O(N (C+E)). source: [Paul2021] Equation 3
struct grand {
    static constexpr method_info info{.name = "grand",
                                      .summary = "longest last-layer gradients (GraNd)",
                                      .needs = method_needs::gradients,
                                      .scorer = true};

    /// One score a sample; higher is more informative. shapes: result (N)
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients) {
        return norms(tensor, gradients);
    }

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        return detail::pick_by_score<grand, top_k>(tensor, pool, options);
    }
};

/// The samples with the longest error vectors. cost: O(N C). source: [Paul2021] Definition 2.3
struct el2n {
    static constexpr method_info info{.name = "el2n",
                                      .summary = "longest error vectors (EL2N)",
                                      .needs = method_needs::gradients,
                                      .scorer = true};

    /// One score a sample; higher is more informative. shapes: result (N)
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients) {
        return residual_norms(tensor, gradients);
    }

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        return detail::pick_by_score<el2n, top_k>(tensor, pool, options);
    }
};

} // namespace methods
} // namespace lipt
