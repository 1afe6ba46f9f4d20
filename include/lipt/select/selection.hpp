// The contract of selection: what a method is given, what it returns, and what always holds of the result. A
// method sees one pool of candidates at a time (a class, or everything) and never the whole problem, so data
// larger than memory can be selected from pool by pool.
#pragma once

#include <lipt/data.hpp>
#include <lipt/error.hpp>
#include <lipt/gradients.hpp>
#include <lipt/random.hpp>
#include <lipt/select/epoch_turns.hpp>
#include <lipt/select/options.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lipt {

/// The samples chosen. Indices are in class order, then in the order in which the method picked them.
/// shapes: indices (k), weights (k) or empty, scores (N) or empty
struct selection {
    std::vector<std::int64_t> indices{};
    /// For the loss; empty for methods that give none. Of mean 1 (of mean magnitude 1 where ridge weights are
    /// negative), so that a weighted loss has the scale of a plain one; with select_options::raw_weights the
    /// method's own: CRAIG's sum to N, GradMatch's to about 1 a class. A pick may weigh 0, and all do where
    /// every gradient is 0.
    std::vector<float> weights{};
    std::vector<float> scores{}; ///< how the method rates every sample before any pick; higher is better;
                                 ///< NaN where it rates none, in a class of which nothing is kept
    std::vector<std::size_t> lost_classes{}; ///< that have samples, of which none is kept
};

/// Yields the gradients of the samples asked for, in that order: from memory, or read from a file when
/// called.
template <tensor_backend Tensor>
using gradient_source = std::function<last_layer_gradients<Tensor>(std::span<const std::int64_t> indices)>;

/// Samples whose loss the selection should lower. shapes: logits (V,C), embeddings (V,E), labels (V)
template <tensor_backend Tensor>
struct validation_set {
    typename Tensor::matrix logits{};
    typename Tensor::matrix embeddings{};
    std::vector<std::int32_t> labels{};
};

/// What to select from; a view. shapes: labels (N) in 0..classes-1, scores (N) or empty
template <tensor_backend Tensor>
struct selection_problem {
    std::span<const std::int32_t> labels{};
    std::size_t classes = 0;
    double fraction = 0.1;     ///< of the samples to keep, above 0 and at most 1
    bool balanced = true;      ///< class by class with quotas, or one pool of all
    bool at_least_one = false; ///< class by class: keep one of each at least; RS2 comes to each in its turn
    gradient_source<Tensor> gradients{};                ///< for methods that need gradients
    const validation_set<Tensor> *validation = nullptr; ///< for methods that need validation
    std::span<const float> scores{}; ///< replace a scorer's own, e.g. averaged over several models
    /// For deepfool: the network's last weights (C,E), so that distances are those in embedding space.
    const typename Tensor::matrix *last_layer = nullptr;
};

/// Candidates of one class (or all), and what one method needs to choose among them.
template <tensor_backend Tensor>
struct selection_pool {
    std::size_t number = 0;                   ///< of the pool: the class, or 0
    std::span<const std::int64_t> members{};  ///< indices in the problem, ascending (n)
    std::size_t quota = 0;                    ///< picks wanted, from 1 to n
    pool_turn turn{};                         ///< of this epoch, for methods that are resampled
    last_layer_gradients<Tensor> gradients{}; ///< of the members; 0 rows where the method needs none
    validation_set<Tensor> validation{};      ///< of the same class; 0 rows where the method needs none
    std::vector<float> scores{};              ///< of the members where the problem gives them (n) or empty
    std::vector<std::int32_t> labels{};       ///< of the members (n)
    const typename Tensor::matrix *last_layer = nullptr; ///< as the problem gives it
};

/// A pool's outcome, by position in the pool. shapes: order (quota), weights (quota) or empty, scores (n) or
/// empty
struct pool_picks {
    std::vector<std::int64_t> order{};
    std::vector<float> weights{};
    std::vector<float> scores{};
};

/// Gradients held in memory as a source; refers to them, so they must outlive it.
template <tensor_backend Tensor>
gradient_source<Tensor> from_memory(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients) {
    return [&tensor, &gradients](std::span<const std::int64_t> indices) {
        return gather(tensor, gradients, indices);
    };
}

/// Positions of the `count` highest scores, highest first; ties go to the lowest position, NaN counts as
/// lowest. cost: O(n + count log count)
inline std::vector<std::int64_t> highest(std::span<const float> scores, std::size_t count) {
    std::vector<std::int64_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    const auto before = [&](std::int64_t a, std::int64_t b) {
        const float x = scores[static_cast<std::size_t>(a)], y = scores[static_cast<std::size_t>(b)];
        if (std::isnan(x) || std::isnan(y)) return std::isnan(x) == std::isnan(y) ? a < b : std::isnan(y);
        return x > y || (x == y && a < b);
    };
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
    std::nth_element(order.begin(), end, order.end(), before);
    order.erase(end, order.end());
    std::sort(order.begin(), order.end(), before);
    return order;
}

} // namespace lipt
