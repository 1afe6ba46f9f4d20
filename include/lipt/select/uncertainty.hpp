// How unsure a network is of a sample: entropy, margin and least confidence of its class probabilities, which
// are read from the error vectors, since p = d + onehot(label).
#pragma once

#include <lipt/select/score.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace lipt {

namespace detail {

/// Class probabilities of a pool, with the digits that the error vectors have: log p of a class near 1 from
/// what it lacks to that, which for the label is its residual, else the sum of the others; and of a small
/// label from label_log. Without that, a label's probability below 3e-8 (a mistake with a gap of 17 between
/// the logits, or more), which float's -1 + p has lost, counts as 3e-8. shapes: rows of C
class class_probabilities {
  public:
    template <tensor_backend Tensor>
    class_probabilities(const Tensor &tensor, const selection_pool<Tensor> &pool)
        : residual_(tensor.to_host(pool.gradients.residual)), labels_(pool.labels),
          label_log_(pool.gradients.label_log) {}

    std::size_t samples() const { return residual_.shape(0); }
    std::size_t classes() const { return residual_.shape(1); }

    double of(std::size_t sample, std::size_t c) const {
        const double d = residual_(sample, c);
        if (!is_label(sample, c)) return d;
        return d > -0.5 || label_log_.empty() ? 1.0 + d : std::exp(static_cast<double>(label_log_[sample]));
    }
    /// The sum over all other classes: 1 less that of the class, however near it is to 1.
    double others(std::size_t sample, std::size_t c) const {
        if (is_label(sample, c)) return -static_cast<double>(residual_(sample, c));
        double sum = 0;
        for (std::size_t other = 0; other < classes(); ++other) {
            if (other != c) sum += of(sample, other);
        }
        return sum;
    }
    /// Finite: a probability below the smallest of float counts as that.
    double log_of(std::size_t sample, std::size_t c) const {
        constexpr double least = std::numeric_limits<float>::min();
        const double d = residual_(sample, c);
        if (!is_label(sample, c))
            return d > 0.5 ? std::log1p(-others(sample, c)) : std::log(std::max(d, least));
        if (!label_log_.empty()) return std::max<double>(label_log_[sample], std::log(least));
        constexpr double lost = std::numeric_limits<float>::epsilon() / 4; // half of float's steps above -1
        return d > -0.5 ? std::log1p(d) : std::log(std::max(1.0 + d, lost));
    }

  private:
    bool is_label(std::size_t sample, std::size_t c) const {
        return static_cast<std::size_t>(labels_[sample]) == c;
    }

    host_matrix residual_;
    std::span<const std::int32_t> labels_;
    std::span<const float> label_log_;
};

/// Rates every sample of a pool by a function of its probabilities.
template <tensor_backend Tensor, class Rate>
std::vector<float> rate_probabilities(const Tensor &tensor, const selection_pool<Tensor> &pool, Rate &&rate) {
    const class_probabilities p(tensor, pool);
    std::vector<float> out(p.samples());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(rate(p, i));
    return out;
}

/// The two largest probabilities of a sample, the second 0 where there is but one class, and what all but the
/// largest come to.
struct two_largest {
    double first = -1, second = 0, others = 0;

    two_largest(const class_probabilities &p, std::size_t sample) {
        std::size_t best = 0;
        for (std::size_t c = 0; c < p.classes(); ++c) {
            const double value = p.of(sample, c);
            if (value > first) {
                second = std::max(first, 0.0);
                first = value;
                best = c;
            } else {
                second = std::max(second, value);
            }
        }
        others = p.others(sample, best);
    }
    /// log share - log rest, each at least the smallest of float, and infinite where there is no rest.
    static double log_odds(double share, double rest) {
        constexpr double least = std::numeric_limits<float>::min();
        return std::log(std::max(share, least)) - std::log(std::max(rest, least));
    }
};

inline std::vector<float> negated(std::vector<float> values) {
    for (float &value : values) value = -value;
    return values;
}

} // namespace detail

/// -sum_c p_c log p_c, in nats, to float's digits down to 1e-36 (a gap of 87 between logits); higher is less
/// sure. cost: O(n C). source: [Settles2009] Section 3.1
struct entropy_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &) {
        return detail::rate_probabilities(tensor, pool, [](const auto &p, std::size_t i) {
            double sum = 0;
            for (std::size_t c = 0; c < p.classes(); ++c) sum -= p.of(i, c) * p.log_of(i, c);
            return sum;
        });
    }
};

/// Minus the log odds of m, the largest less the second largest probability, so that the smallest margin
/// rates highest: m = 1 / (1 + exp(score)). Probabilities themselves would all be 1 from a gap of 17 between
/// the logits on; the odds keep the order as far as float logits have one. cost: O(n C).
/// source: [Settles2009] Section 3.1
struct margin_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &) {
        if (!pool.gradients.margin_log_odds.empty()) return detail::negated(pool.gradients.margin_log_odds);
        return detail::rate_probabilities(tensor, pool, [](const auto &p, std::size_t i) {
            const detail::two_largest top(p, i);
            return -top.log_odds(top.first - top.second, top.others + top.second);
        });
    }
};

/// Minus the log odds of the largest probability p, so that the least confident rates highest: p = 1 / (1 +
/// exp(score)), as for margin. cost: O(n C). source: [Settles2009] Section 3.1
struct least_confidence_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &) {
        if (!pool.gradients.confidence_log_odds.empty())
            return detail::negated(pool.gradients.confidence_log_odds);
        return detail::rate_probabilities(tensor, pool, [](const auto &p, std::size_t i) {
            const detail::two_largest top(p, i);
            return -top.log_odds(top.first, top.others);
        });
    }
};

namespace methods {

/// The samples of highest entropy; the usual reference library takes the lowest. source: [Settles2009]
struct entropy : detail::scored<entropy_score> {
    static constexpr method_info info{.name = "entropy",
                                      .summary = "highest entropy of the prediction",
                                      .gradients = true,
                                      .residual = true,
                                      .logarithms = true,
                                      .scorer = true};
};

/// The samples whose two likeliest classes are nearest to each other. source: [Settles2009]
struct margin : detail::scored<margin_score> {
    static constexpr method_info info{.name = "margin",
                                      .summary = "smallest gap between the two likeliest classes",
                                      .gradients = true,
                                      .residual = true,
                                      .logarithms = true,
                                      .scorer = true};
};

/// The samples whose likeliest class is least likely. source: [Settles2009]
struct least_confidence : detail::scored<least_confidence_score> {
    static constexpr method_info info{.name = "least-confidence",
                                      .summary = "lowest probability of the likeliest class",
                                      .gradients = true,
                                      .residual = true,
                                      .logarithms = true,
                                      .scorer = true};
};

} // namespace methods
} // namespace lipt
