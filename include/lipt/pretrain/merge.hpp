// The workers' models into one: the soup scored by held-out accuracy, batch-norm statistics re-estimated for
// every mixture.
#pragma once

#include <lipt/pretrain/soup.hpp>
#include <lipt/run/settings.hpp>
#include <lipt/train/evaluation.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// The images that a soup is scored with. observe: clean images for the statistics; held_out: labelled, never
/// trained on
struct merge_data {
    image_set observe{};
    image_set held_out{};
};

/// Settings of the merge.
struct merge_options {
    soup_options soup{};
    statistics_kind statistics = statistics_kind::reestimated;
    std::size_t batch_size = 256;                   ///< in which the statistics are observed
    std::function<void(std::size_t done)> scored{}; ///< called after each mixture; may be empty
};

/// The merged state, and what was done for it.
template <tensor_backend Tensor>
struct merge_result {
    std::vector<float> weights{}; ///< (S), statistics included
    soup_result<Tensor> soup{};
    double theta_star_accuracy = 0;
    std::size_t forward = 0; ///< images through the network
};

namespace detail {

/// Scores weights on the held-out images, and counts what that costs.
template <training_backend Backend>
class held_out_score {
  public:
    held_out_score(Backend &backend, const merge_data &data, const merge_options &options)
        : backend_(backend), data_(data), options_(options) {}

    double operator()(std::span<const float> weights) {
        prepare(weights);
        forward += data_.held_out.size();
        const double reached = accuracy_on(backend_, data_.held_out);
        if (++scores_; options_.scored) options_.scored(scores_);
        return reached;
    }

    /// Leaves the weights in the backend, with the statistics that belong to them.
    void prepare(std::span<const float> weights) {
        backend_.load(weights, {});
        if (options_.statistics == statistics_kind::averaged) return;
        reestimate_statistics(backend_, data_.observe, data_.observe.size(), options_.batch_size);
        forward += data_.observe.size();
    }

    std::size_t forward = 0;

  private:
    Backend &backend_;
    const merge_data &data_;
    const merge_options &options_;
    std::size_t scores_ = 0;
};

} // namespace detail

/// Merges the workers' states, scored on held-out images; the backend is left with the merged weights.
/// shapes: theta_star (S), workers n of (S), each let go as soon as the backend has it
/// errors: S01, S02 as make_soup; S04 no held-out or no observed images; S08 the soup is not finite
/// cost: (evaluations + 2) x (observe + held_out) images forward; with a soup of the grid that is (n + (n-1)
/// points + 2) of them: more than the local training, unless both sets are small. memory: (n + 5) S
/// source: [Ro2023] Section 3.2, [Izmailov2018] Section 3.2 for the statistics
template <training_backend Backend, tensor_backend Tensor>
merge_result<Tensor> merge_workers(Backend &backend, const Tensor &tensor, std::span<const float> theta_star,
                                   std::vector<std::vector<float>> workers, const merge_data &data,
                                   const merge_options &options) {
    require(data.held_out.size() > 0 &&
                (data.observe.size() > 0 || options.statistics == statistics_kind::averaged),
            "S04", "merge: ", data.held_out.size(), " held-out and ", data.observe.size(),
            " observed images: both are needed (--hold-out, --observe-images)");
    std::vector<typename Tensor::matrix> ingredients;
    for (auto &state : workers) {
        const auto weights = std::exchange(state, {});
        host_matrix row = xt::empty<float>({std::size_t{1}, weights.size()});
        std::copy(weights.begin(), weights.end(), row.data());
        ingredients.push_back(tensor.from_host(row));
    }
    detail::held_out_score<Backend> score(backend, data, options);
    merge_result<Tensor> result{.theta_star_accuracy = score(theta_star)};
    result.soup = make_soup(
        tensor, std::span<const typename Tensor::matrix>(ingredients),
        [&](const typename Tensor::matrix &weights) {
            const host_matrix host = tensor.to_host(weights);
            return score(std::span(host.data(), host.size()));
        },
        options.soup);
    const host_matrix merged = tensor.to_host(result.soup.weights);
    score.prepare(std::span(merged.data(), merged.size()));
    result.weights = backend.read().weights;
    require(
        std::all_of(result.weights.begin(), result.weights.end(), [](float w) { return std::isfinite(w); }),
        "S08", "merge: no mixture of the workers' models has finite weights and statistics: their training ",
        "diverged. Lower --local-learning-rate");
    result.forward = score.forward;
    return result;
}

} // namespace lipt
