// Weights of samples in the loss, brought to a scale that changes no step's size.
#pragma once

#include <cmath>
#include <span>

namespace lipt {

/// Scales weights so that their magnitudes have mean 1; false, and nothing done, where all are 0. In double
/// throughout: neither a sum nor a factor overflows, however small the weights are.
inline bool to_mean_one(std::span<float> weights) {
    double sum = 0;
    for (const float weight : weights) sum += std::abs(static_cast<double>(weight));
    if (!(sum > 0)) return false;
    const double scale = static_cast<double>(weights.size()) / sum;
    for (float &weight : weights) weight = static_cast<float>(weight * scale);
    return true;
}

} // namespace lipt
