// Scorers rate every sample of a pool; samplers turn ratings into a subset. They are kept apart, since any
// sampler wraps any score.
#pragma once

#include <lipt/select/message_passing.hpp>
#include <lipt/select/pools.hpp>
#include <lipt/select/samplers.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Norm of the last-layer gradient; higher is more informative. source: [Paul2021] Definition 2.1 (GraNd)
struct grand_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &) {
        return norms(tensor, pool.gradients);
    }
};

/// Norm of the error vector softmax - onehot; higher is more informative. source: [Paul2021] Definition 2.3
/// (EL2N)
struct el2n_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &) {
        return residual_norms(tensor, pool.gradients);
    }
};

/// Averages the scores of several models, as the conventional GraNd does over ten runs: hand the mean to
/// selection_problem::scores.
class score_mean {
  public:
    /// Adds one model's scores. shapes: scores (N). errors: C10 another number than before
    void add(std::span<const float> scores) {
        require(models_ == 0 || scores.size() == sums_.size(), "C10", "scores: ", scores.size(),
                " values, expected ", sums_.size(), " as the models before gave");
        sums_.resize(scores.size());
        for (std::size_t i = 0; i < scores.size(); ++i) sums_[i] += static_cast<double>(scores[i]);
        ++models_;
    }
    /// The mean so far. shapes: result (N), empty before the first model
    std::vector<float> mean() const {
        std::vector<float> out(sums_.size());
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = static_cast<float>(sums_[i] / static_cast<double>(models_));
        return out;
    }

  private:
    std::vector<double> sums_;
    std::size_t models_ = 0;
};

/// The subset that the sampler asked for makes of a pool's scores. shapes: scores (n), result (quota)
/// errors: C17 a setting of the sampler. cost: O(n log n), and as d2 says
template <tensor_backend Tensor>
std::vector<std::int64_t> sample_scores(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                        std::span<const float> scores, const select_options &options) {
    switch (options.sampler.kind) {
    case sampler_kind::ccs:
        return ccs::sample(scores, pool.quota, options, pool.number);
    case sampler_kind::d2:
        return d2::sample(tensor, pool, scores, options);
    case sampler_kind::beta:
        return beta_sampler::sample(scores, pool.quota, options, pool.number);
    case sampler_kind::top_k:
        break;
    }
    return top_k::sample(scores, pool.quota);
}

namespace methods {

namespace detail {

/// A method made of a scorer and the sampler asked for; scores given with the problem stand in for the
/// scorer's own.
template <class Scorer>
struct scored {
    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        pool_picks picks{.scores = pool.scores.empty() ? Scorer::rate(tensor, pool, options) : pool.scores};
        picks.order = sample_scores(tensor, pool, picks.scores, options);
        return picks;
    }
};

} // namespace detail

/// The samples with the longest last-layer gradients. cost: O(N (C+E)). source: [Paul2021]
struct grand : detail::scored<grand_score> {
    static constexpr method_info info{.name = "grand",
                                      .summary = "longest last-layer gradients (GraNd)",
                                      .gradients = true,
                                      .labels = true,
                                      .scorer = true};
};

/// The samples with the longest error vectors. cost: O(N C). source: [Paul2021]
struct el2n : detail::scored<el2n_score> {
    static constexpr method_info info{.name = "el2n",
                                      .summary = "longest error vectors (EL2N)",
                                      .gradients = true,
                                      .residual = true,
                                      .labels = true,
                                      .scorer = true};
};

} // namespace methods
} // namespace lipt
