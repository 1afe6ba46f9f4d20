#include "norms.hpp"

#include <algorithm>
#include <cmath>

namespace lipt::onednn::detail {
namespace {
enum : std::size_t { mean, factor, shift, slope, constant, columns };
enum : std::size_t { scale_weight, shift_weight, mean_weight, variance_weight };
} // namespace

norms::norms(const network_spec &spec) : spec_(&spec), layers_(spec.layers.size()) {
    std::size_t total = 0;
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
        if (spec.layers[i].kind != layer_kind::batch_norm) continue;
        layers_[i] = {.offset = total, .channels = spec.layers[i].out.channels};
        total += layers_[i].channels;
    }
    deviation_.resize(total);
    values_.reserve(total * columns);
    std::fill_n(values_.data(), total * columns, 0.0f);
}

float *norms::column(std::size_t layer, std::size_t which) const {
    return values_.data() + layers_[layer].offset * columns + which * layers_[layer].channels;
}
std::size_t norms::offset_of(std::size_t layer, std::size_t which) const {
    return spec_->weights[spec_->layers[layer].weights + which].offset;
}
affine norms::forward(std::size_t layer) const {
    return {column(layer, mean), column(layer, factor), column(layer, shift)};
}
affine_gradient norms::backward(std::size_t layer) const {
    return {column(layer, mean), column(layer, factor), column(layer, slope), column(layer, constant)};
}

void norms::use_running(std::size_t layer, const float *state) {
    for (std::size_t c = 0; c < layers_[layer].channels; ++c) {
        const float variance = state[offset_of(layer, variance_weight) + c];
        column(layer, mean)[c] = state[offset_of(layer, mean_weight) + c];
        column(layer, factor)[c] =
            state[offset_of(layer, scale_weight) + c] / std::sqrt(variance + batch_norm_epsilon);
        column(layer, shift)[c] = state[offset_of(layer, shift_weight) + c];
    }
}

void norms::join_statistics(std::size_t layer, std::span<const double> means,
                            std::span<const double> deviations, std::span<const double> counts, float share,
                            float *state) {
    auto &self = layers_[layer];
    for (std::size_t c = 0; c < self.channels; ++c) {
        double count = 0, average = 0, squares = 0;
        for (std::size_t p = 0; p < counts.size(); ++p) {
            const double distance = means[p * self.channels + c] - average;
            const double joined = count + counts[p];
            average += distance * counts[p] / joined;
            squares += deviations[p * self.channels + c] + distance * distance * count * counts[p] / joined;
            count = joined;
        }
        const double inverse = 1.0 / std::sqrt(squares / count + static_cast<double>(batch_norm_epsilon));
        self.count = count;
        deviation_[self.offset + c] = inverse;
        column(layer, mean)[c] = static_cast<float>(average);
        column(layer, factor)[c] =
            static_cast<float>(static_cast<double>(state[offset_of(layer, scale_weight) + c]) * inverse);
        column(layer, shift)[c] = state[offset_of(layer, shift_weight) + c];
        if (share == 0) continue;
        const auto unbiased = static_cast<float>(squares / std::max(count - 1, 1.0));
        auto &running_mean = state[offset_of(layer, mean_weight) + c];
        auto &running_variance = state[offset_of(layer, variance_weight) + c];
        running_mean = (1 - share) * running_mean + share * static_cast<float>(average);
        running_variance = (1 - share) * running_variance + share * unbiased;
    }
}

void norms::join_gradients(std::size_t layer, std::span<const double> sums, std::span<const double> products,
                           float *gradient) {
    const auto &self = layers_[layer];
    for (std::size_t c = 0; c < self.channels; ++c) {
        double sum = 0, product = 0;
        for (std::size_t i = c; i < sums.size(); i += self.channels) {
            sum += sums[i];
            product += products[i];
        }
        const double inverse = deviation_[self.offset + c];
        const auto applied = static_cast<double>(column(layer, factor)[c]);
        gradient[offset_of(layer, scale_weight) + c] = static_cast<float>(product * inverse);
        gradient[offset_of(layer, shift_weight) + c] = static_cast<float>(sum);
        column(layer, slope)[c] = static_cast<float>(-applied * inverse * inverse * product / self.count);
        column(layer, constant)[c] = static_cast<float>(-applied * sum / self.count);
    }
}

} // namespace lipt::onednn::detail
