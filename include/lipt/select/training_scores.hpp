// Scores that a training run gives of its samples as it goes: forgetting events, the area under the margin
// and the norm of the error. Fed by one's own training loop, batch by batch; the result goes to
// selection_problem::scores, which every scorer takes in place of its own. They are no methods of
// all_methods: one model's outputs have no history.
#pragma once

#include <lipt/error.hpp>
#include <lipt/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace lipt {

namespace detail {

/// Checks one batch of a training loop. errors: C21 sizes differ, a sample or a label out of range
inline void check_presentation(std::span<const std::int64_t> samples, std::span<const std::int32_t> labels,
                               const host_matrix &logits, std::size_t count) {
    require(samples.size() == labels.size() && samples.size() == logits.shape(0), "C21",
            "training scores: ", samples.size(), " samples, ", labels.size(), " labels and ", logits.shape(0),
            " rows of logits: give one of each a sample");
    for (std::size_t i = 0; i < samples.size(); ++i) {
        require(samples[i] >= 0 && static_cast<std::size_t>(samples[i]) < count && labels[i] >= 0 &&
                    static_cast<std::size_t>(labels[i]) < logits.shape(1),
                "C21", "training scores: sample ", samples[i], " with label ", labels[i], ", expected 0 to ",
                count, " and 0 to ", logits.shape(1), ", ends excluded");
    }
}

/// The label's logit less the largest of the others. shapes: logits (C)
inline float logit_margin(const float *logits, std::size_t classes, std::size_t label) {
    float largest = -std::numeric_limits<float>::infinity();
    for (std::size_t c = 0; c < classes; ++c) {
        if (c != label) largest = std::max(largest, logits[c]);
    }
    return logits[label] - largest;
}

/// The norm of softmax - onehot. What the label's probability lacks to 1 is the sum of the others, so that
/// nothing is lost where it is near 1. shapes: logits (C), finite
inline double error_norm(const float *logits, std::size_t classes, std::size_t label) {
    const double largest = *std::max_element(logits, logits + classes);
    double sum = 0, others = 0, squares = 0;
    for (std::size_t c = 0; c < classes; ++c) {
        const double part = std::exp(static_cast<double>(logits[c]) - largest);
        sum += part;
        if (c == label) continue;
        others += part;
        squares += part * part;
    }
    return std::sqrt(squares + others * others) / sum;
}

} // namespace detail

/// How often a sample was right at one presentation and wrong at the next. One that was shown and never right
/// stands above all that were learned, by its number of presentations; the usual reference library counts it
/// as never forgotten. One that was never shown has 0. Higher is harder. source: [Toneva2019] Section 3,
/// Algorithm 1
class forgetting_events {
  public:
    explicit forgetting_events(std::size_t samples)
        : right_(samples), ever_right_(samples), events_(samples), presentations_(samples) {}

    /// Adds a batch as the network saw it, before its step. shapes: samples (B) below N, labels (B), logits
    /// (B,C). errors: C21. cost: O(B C)
    void add(std::span<const std::int64_t> samples, std::span<const std::int32_t> labels,
             const host_matrix &logits) {
        detail::check_presentation(samples, labels, logits, events_.size());
        for (std::size_t b = 0; b < samples.size(); ++b) {
            const auto i = static_cast<std::size_t>(samples[b]);
            const bool right = detail::logit_margin(logits.data() + b * logits.shape(1), logits.shape(1),
                                                    static_cast<std::size_t>(labels[b])) > 0;
            if (right_[i] && !right) ++events_[i];
            right_[i] = right;
            ever_right_[i] = ever_right_[i] || right;
            ++presentations_[i];
        }
    }

    /// shapes: result (N)
    std::vector<float> scores() const {
        const auto most = events_.empty() ? 0 : *std::max_element(events_.begin(), events_.end());
        std::vector<float> out(events_.size());
        for (std::size_t i = 0; i < out.size(); ++i) {
            const bool never_learned = presentations_[i] > 0 && !ever_right_[i];
            out[i] = static_cast<float>(never_learned ? most + presentations_[i] : events_[i]);
        }
        return out;
    }

  private:
    std::vector<bool> right_, ever_right_;
    std::vector<std::uint32_t> events_, presentations_;
};

/// The label's logit less the largest of the others, averaged over all presentations, and negated: higher is
/// harder, or mislabelled. A sample never shown has 0. source: [Pleiss2020] Equation 2 (AUM)
class area_under_margin {
  public:
    explicit area_under_margin(std::size_t samples) : sums_(samples), presentations_(samples) {}

    /// Adds a batch as the network saw it. shapes: samples (B) below N, labels (B), logits (B,C), C at least
    /// 2. errors: C21. cost: O(B C)
    void add(std::span<const std::int64_t> samples, std::span<const std::int32_t> labels,
             const host_matrix &logits) {
        detail::check_presentation(samples, labels, logits, sums_.size());
        require(samples.empty() || logits.shape(1) > 1, "C21",
                "training scores: logits of one class have no margin, expected at least 2 columns");
        for (std::size_t b = 0; b < samples.size(); ++b) {
            const auto i = static_cast<std::size_t>(samples[b]);
            sums_[i] += static_cast<double>(detail::logit_margin(
                logits.data() + b * logits.shape(1), logits.shape(1), static_cast<std::size_t>(labels[b])));
            ++presentations_[i];
        }
    }

    /// shapes: result (N)
    std::vector<float> scores() const {
        std::vector<float> out(sums_.size());
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = static_cast<float>(-sums_[i] / std::max<double>(1, presentations_[i]));
        return out;
    }

  private:
    std::vector<double> sums_;
    std::vector<std::uint32_t> presentations_;
};

/// The norm of the error vector softmax - onehot, averaged over all presentations: EL2N over epochs. Higher
/// is harder. A sample never shown has 0. source: [Paul2021] Definition 2.3 (EL2N), which averages over
/// networks
class error_norms {
  public:
    explicit error_norms(std::size_t samples) : sums_(samples), presentations_(samples) {}

    /// Adds a batch as the network saw it. shapes: samples (B) below N, labels (B), logits (B,C). errors:
    /// C21, also for a logit that is not finite; nothing is added then. cost: O(B C)
    void add(std::span<const std::int64_t> samples, std::span<const std::int32_t> labels,
             const host_matrix &logits) {
        detail::check_presentation(samples, labels, logits, sums_.size());
        const std::size_t classes = logits.shape(1);
        for (std::size_t b = 0; b < samples.size(); ++b) {
            for (std::size_t c = 0; c < classes; ++c) {
                require(std::isfinite(logits(b, c)), "C21", "training scores: a logit of sample ", samples[b],
                        " is ", logits(b, c), ", expected a finite value: the training diverged");
            }
        }
        for (std::size_t b = 0; b < samples.size(); ++b) {
            const auto i = static_cast<std::size_t>(samples[b]);
            sums_[i] +=
                detail::error_norm(logits.data() + b * classes, classes, static_cast<std::size_t>(labels[b]));
            ++presentations_[i];
        }
    }

    /// shapes: result (N)
    std::vector<float> scores() const {
        std::vector<float> out(sums_.size());
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = static_cast<float>(sums_[i] / std::max<double>(1, presentations_[i]));
        return out;
    }

  private:
    std::vector<double> sums_;
    std::vector<std::uint32_t> presentations_;
};

} // namespace lipt
