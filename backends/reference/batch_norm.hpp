// Batch normalization with what follows it (residual, ReLU), and its derivative. Sums are kept in double.
#pragma once

#include <lipt/network/network.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace lipt::reference {

/// Mean and variance (biased) of one channel over a batch.
struct channel_moments {
    double mean = 0;
    double variance = 0;
};

/// The values of one channel: `count` planes of `plane` values, `stride` apart.
template <class Value>
struct channel_view {
    Value *first = nullptr;
    std::size_t count = 0, plane = 0, stride = 0;

    std::size_t size() const { return count * plane; }
    Value *image(std::size_t index) const { return first + index * stride; }
};

/// The view of one channel in a batch of a layer's shape.
template <class Value>
channel_view<Value> channel_of(Value *batch, std::size_t count, const image_shape &shape,
                               std::size_t channel) {
    const std::size_t plane = shape.height * shape.width;
    return {batch + channel * plane, count, plane, shape.size()};
}

/// Adds term(index) for 0 .. size-1 in double, in eight interleaved sums: fixed order, and no chain of
/// dependent adds.
template <class Term>
double sum_of(std::size_t size, Term term) {
    double sums[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += term(i + lane);
    }
    for (std::size_t lane = 0; i < size; ++i, ++lane) sums[lane] += term(i);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// Mean first, then the squares around it: no cancellation. cost: two passes
inline channel_moments moments_of(channel_view<const float> values) {
    channel_moments result;
    const auto total = static_cast<double>(values.size());
    for (std::size_t n = 0; n < values.count; ++n) {
        const float *x = values.image(n);
        result.mean += sum_of(values.plane, [&](std::size_t i) { return static_cast<double>(x[i]); });
    }
    result.mean /= total;
    for (std::size_t n = 0; n < values.count; ++n) {
        const float *x = values.image(n);
        result.variance += sum_of(values.plane, [&](std::size_t i) {
            const double centred = static_cast<double>(x[i]) - result.mean;
            return centred * centred;
        });
    }
    result.variance /= total;
    return result;
}

/// What a batch_norm layer multiplies with: 1 / sqrt(variance + epsilon).
inline float inverse_deviation(double variance) {
    return static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(batch_norm_epsilon)));
}

/// y = scale*(x - mean)/deviation + shift [+ residual] [then ReLU], one channel. `residual` has y's strides,
/// or is null.
inline void normalize(channel_view<const float> x, const channel_moments &moments, float scale, float shift,
                      const float *residual, bool relu, float *y) {
    const auto mean = static_cast<float>(moments.mean);
    const float factor = scale * inverse_deviation(moments.variance);
    for (std::size_t n = 0; n < x.count; ++n) {
        const float *from = x.image(n);
        float *to = y + n * x.stride;
        for (std::size_t i = 0; i < x.plane; ++i) to[i] = (from[i] - mean) * factor + shift;
        if (residual != nullptr) {
            const float *other = residual + n * x.stride;
            for (std::size_t i = 0; i < x.plane; ++i) to[i] += other[i];
        }
        // Written so that NaN stays NaN: a diverged training must show in its loss.
        if (relu) {
            for (std::size_t i = 0; i < x.plane; ++i) to[i] = to[i] < 0.0f ? 0.0f : to[i];
        }
    }
}

/// Derivatives with respect to one channel's scale and shift.
struct scale_shift_gradient {
    double scale = 0;
    double shift = 0;
};

/// x_gradient += d loss / d x of a batch-norm that used the moments of this batch, given d loss / d y (ReLU
/// and residual already taken off). source: [Ioffe2015] Section 3
inline scale_shift_gradient add_normalize_gradient(channel_view<const float> x,
                                                   const channel_moments &moments, float scale,
                                                   const float *y_gradient, float *x_gradient) {
    const auto mean = static_cast<float>(moments.mean);
    const float inverse = inverse_deviation(moments.variance);
    scale_shift_gradient result;
    for (std::size_t n = 0; n < x.count; ++n) {
        const float *from = x.image(n), *dy = y_gradient + n * x.stride;
        result.shift += sum_of(x.plane, [&](std::size_t i) { return static_cast<double>(dy[i]); });
        result.scale += sum_of(x.plane, [&](std::size_t i) {
            return static_cast<double>(dy[i]) * static_cast<double>((from[i] - mean) * inverse);
        });
    }
    const auto total = static_cast<double>(x.size());
    const auto shift_mean = static_cast<float>(result.shift / total);
    const auto scale_mean = static_cast<float>(result.scale / total);
    const float factor = scale * inverse;
    for (std::size_t n = 0; n < x.count; ++n) {
        const float *from = x.image(n), *dy = y_gradient + n * x.stride;
        float *dx = x_gradient + n * x.stride;
        for (std::size_t i = 0; i < x.plane; ++i) {
            dx[i] += factor * (dy[i] - shift_mean - (from[i] - mean) * inverse * scale_mean);
        }
    }
    return result;
}

} // namespace lipt::reference
