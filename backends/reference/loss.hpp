// The weighted cross-entropy of a batch and its derivative, in double.
#pragma once

#include <lipt/training.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace lipt::reference {

/// (1/B) sum_i weight_i * cross_entropy_i; writes its derivative. NaN in the logits or weights is NaN in the
/// loss. shapes: logits and logits_gradient (B,C)
inline double cross_entropy(const std::vector<float> &logits, std::size_t classes, const batch_view &batch,
                            std::vector<float> &logits_gradient) {
    logits_gradient.resize(logits.size());
    const auto size = static_cast<double>(batch.size());
    double loss = 0;
    for (std::size_t b = 0; b < batch.size(); ++b) {
        const float *row = logits.data() + b * classes;
        double largest = static_cast<double>(row[0]), sum = 0;
        for (std::size_t c = 1; c < classes; ++c) largest = std::fmax(largest, static_cast<double>(row[c]));
        for (std::size_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(row[c]) - largest);
        const auto label = static_cast<std::size_t>(batch.labels[b]);
        const double weight = batch.weights.empty() ? 1.0 : static_cast<double>(batch.weights[b]);
        loss += weight * (std::log(sum) + largest - static_cast<double>(row[label])) / size;
        for (std::size_t c = 0; c < classes; ++c) {
            const double probability = std::exp(static_cast<double>(row[c]) - largest) / sum;
            const double residual = probability - (c == label ? 1.0 : 0.0);
            logits_gradient[b * classes + c] = static_cast<float>(weight * residual / size);
        }
    }
    return loss;
}

} // namespace lipt::reference
