// Scorers rate every sample by itself; samplers turn ratings into a subset. They are kept apart, since many
// methods wrap any score.
#pragma once

#include <lipt/select/pools.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Norm of the last-layer gradient; higher is more informative. source: [Paul2021] Equation 3 (GraNd)
struct grand_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients) {
        return norms(tensor, gradients);
    }
};

/// Norm of the error vector softmax - onehot; higher is more informative. source: [Paul2021] Definition 2.3
/// (EL2N)
struct el2n_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients) {
        return residual_norms(tensor, gradients);
    }
};

/// The samples with the highest scores, highest first; ties go to the lowest index.
struct top_k {
    static std::vector<std::int64_t> sample(std::span<const float> scores, std::size_t quota,
                                            const select_options &) {
        return highest(scores, quota);
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

namespace methods {

namespace detail {

/// A method made of a scorer and a sampler; scores given with the problem stand in for the scorer's own.
template <class Scorer, class Sampler, tensor_backend Tensor>
pool_picks pick_by_score(const Tensor &tensor, const selection_pool<Tensor> &pool,
                         const select_options &options) {
    pool_picks picks{.scores = pool.scores.empty() ? Scorer::rate(tensor, pool.gradients) : pool.scores};
    picks.order = Sampler::sample(picks.scores, pool.quota, options);
    return picks;
}

} // namespace detail

/// The samples with the longest last-layer gradients. cost: O(N (C+E)). source: [Paul2021]
struct grand {
    static constexpr method_info info{.name = "grand",
                                      .summary = "longest last-layer gradients (GraNd)",
                                      .gradients = true,
                                      .scorer = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        return detail::pick_by_score<grand_score, top_k>(tensor, pool, options);
    }
};

/// The samples with the longest error vectors. cost: O(N C). source: [Paul2021]
struct el2n {
    static constexpr method_info info{
        .name = "el2n", .summary = "longest error vectors (EL2N)", .gradients = true, .scorer = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        return detail::pick_by_score<el2n_score, top_k>(tensor, pool, options);
    }
};

} // namespace methods
} // namespace lipt
