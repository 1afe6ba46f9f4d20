// Last-layer gradients of the cross-entropy, kept factored. With d = softmax(logits) - onehot(label) and h
// the embedding, a sample's gradient is g = [d ; d h^T]: it has rank one, so every method works on residual
// (N,C) and embedding (N,E), never on the N x C(E+1) numbers they stand for.
#pragma once

#include <lipt/error.hpp>
#include <lipt/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Gradients of N samples. shapes: residual (N,C), embedding (N,E), the others (N) or empty
template <tensor_backend Tensor>
struct last_layer_gradients {
    typename Tensor::matrix residual{};
    typename Tensor::matrix embedding{};
    /// log p of every label, for methods that look at probabilities: below p = 3e-8 a residual, -1 + p, has
    /// lost it. Empty: as the residuals have it.
    std::vector<float> label_log{};
    /// log p - log(1 - p) of every sample's likeliest class, and of what it is ahead of the next likely, for
    /// least-confidence and margin. Empty: as the residuals have it, which end at a gap of 87 between logits.
    std::vector<float> confidence_log_odds{}, margin_log_odds{};
};

namespace detail {

/// What a row of logits says of its likeliest class t and the next likely s, without a probability, which
/// would be 1 or 0 in float long before logits end. shapes: logits (C), all finite
struct likeliest {
    std::size_t first{}; ///< t, of equal logits the lowest
    double gap{};        ///< z_t - z_s; infinite of one class
    double others = 0;   ///< log of sum_{c != t} exp(z_c - z_s), 0 or more

    likeliest(const float *logits, std::size_t classes)
        : first(static_cast<std::size_t>(std::max_element(logits, logits + classes) - logits)) {
        double second = -std::numeric_limits<double>::infinity(), sum = 0;
        for (std::size_t c = 0; c < classes; ++c) {
            if (c != first) second = std::max<double>(second, logits[c]);
        }
        for (std::size_t c = 0; c < classes; ++c) {
            if (c != first) sum += std::exp(static_cast<double>(logits[c]) - second);
        }
        gap = logits[first] - second;
        if (classes > 1) others = std::log(sum);
    }

    /// log p_t
    double log_first() const { return -std::log1p(std::exp(others - gap)); }
    /// log p_t - log(1 - p_t)
    double confidence() const { return gap - others; }
    /// log m - log(1 - m) of m = p_t - p_s; two equal logits count as 2^-150 apart, below what floats are.
    double margin() const {
        constexpr double least = -104;
        const double apart = gap > 0 ? std::max(std::log(-std::expm1(-gap)), least) : least;
        return gap + apart - std::log1p(std::exp(others));
    }
};

/// A double as the nearest float, infinity as the largest.
inline float to_finite_float(double value) {
    constexpr double most = std::numeric_limits<float>::max();
    return static_cast<float>(std::clamp(value, -most, most));
}

} // namespace detail

/// Fills in what residuals have lost of predictions, from the logits. shapes: logits (N,C), labels (N)
/// cost: O(N C), and a copy of 4,096 rows at a time
template <tensor_backend Tensor>
void add_logarithms(const Tensor &tensor, const typename Tensor::matrix &logits,
                    std::span<const std::int32_t> labels, last_layer_gradients<Tensor> &gradients) {
    constexpr std::size_t block = 4096;
    for (auto *values : {&gradients.label_log, &gradients.confidence_log_odds, &gradients.margin_log_odds}) {
        values->clear();
        values->reserve(labels.size());
    }
    for (std::size_t first = 0; first < labels.size(); first += block) {
        std::vector<std::int64_t> rows(std::min(block, labels.size() - first));
        std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(first));
        const host_matrix z = tensor.to_host(tensor.gather_rows(logits, rows));
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const float *row = z.data() + i * z.shape(1);
            const detail::likeliest top(row, z.shape(1));
            const double behind = static_cast<double>(row[labels[first + i]]) - row[top.first];
            gradients.label_log.push_back(detail::to_finite_float(behind + top.log_first()));
            gradients.confidence_log_odds.push_back(detail::to_finite_float(top.confidence()));
            gradients.margin_log_odds.push_back(detail::to_finite_float(top.margin()));
        }
    }
}

/// One vector in the space of gradients: of the bias, and of the weights. shapes: bias (1,C), weight (C,E)
template <tensor_backend Tensor>
struct gradient_direction {
    typename Tensor::matrix bias{};
    typename Tensor::matrix weight{};
};

/// Gradients from a network's outputs, with logarithms. shapes: logits (N,C), embeddings (N,E), labels (N)
/// errors: G01 rows differ, B02 label out of range. cost: O(N C) and a copy
template <tensor_backend Tensor>
last_layer_gradients<Tensor> make_gradients(const Tensor &tensor, const typename Tensor::matrix &logits,
                                            typename Tensor::matrix embeddings,
                                            std::span<const std::int32_t> labels) {
    require(tensor.rows(logits) == labels.size() && tensor.rows(embeddings) == labels.size(), "G01",
            "gradients: ", tensor.rows(logits), " rows of logits and ", tensor.rows(embeddings),
            " of embeddings for ", labels.size(),
            " labels: give one row of each a sample, in the same order");
    last_layer_gradients<Tensor> gradients{.residual = tensor.softmax_residual(logits, labels),
                                           .embedding = std::move(embeddings)};
    add_logarithms(tensor, logits, labels, gradients);
    return gradients;
}

/// The gradients of some samples, in that order. cost: O(n (C+E))
template <tensor_backend Tensor>
last_layer_gradients<Tensor> gather(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                                    std::span<const std::int64_t> indices) {
    last_layer_gradients<Tensor> some{.residual = tensor.gather_rows(gradients.residual, indices),
                                      .embedding = tensor.gather_rows(gradients.embedding, indices)};
    const auto take = [&](const std::vector<float> &from, std::vector<float> &to) {
        if (from.empty()) return;
        for (const auto i : indices) to.push_back(from[static_cast<std::size_t>(i)]);
    };
    take(gradients.label_log, some.label_log);
    take(gradients.confidence_log_odds, some.confidence_log_odds);
    take(gradients.margin_log_odds, some.margin_log_odds);
    return some;
}

/// |g_i| = |d_i| sqrt(1 + |h_i|^2). shapes: result (N). cost: O(N (C+E))
template <tensor_backend Tensor>
std::vector<float> norms(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients) {
    const host_matrix d = tensor.to_host(tensor.row_dots(gradients.residual, gradients.residual));
    const host_matrix h = tensor.to_host(tensor.row_dots(gradients.embedding, gradients.embedding));
    std::vector<float> out(d.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<float>(std::sqrt(static_cast<double>(d.data()[i]) * (1.0 + h.data()[i])));
    }
    return out;
}

/// |d_i|, the norm of the error vector. shapes: result (N). cost: O(N C)
template <tensor_backend Tensor>
std::vector<float> residual_norms(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients) {
    const host_matrix d = tensor.to_host(tensor.row_dots(gradients.residual, gradients.residual));
    std::vector<float> out(d.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::sqrt(d.data()[i]);
    return out;
}

/// <g_i, v> for every sample, = d_i . (v.bias + v.weight h_i). shapes: result (N,1). cost: 2 N C E flops
template <tensor_backend Tensor>
typename Tensor::matrix projections(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                                    const gradient_direction<Tensor> &direction) {
    typename Tensor::matrix turned = tensor.make(0, 0), bias = tensor.make(0, 0);
    tensor.gemm(gradients.embedding, direction.weight, turned, {.transpose_b = true});
    tensor.gemm(gradients.residual, direction.bias, bias, {.transpose_b = true});
    auto out = tensor.row_dots(gradients.residual, turned);
    tensor.combine(1.0f, bias, 1.0f, out);
    return out;
}

/// sum_i w_i g_i * scale. shapes: weights (N,1). cost: 2 N C E flops
template <tensor_backend Tensor>
gradient_direction<Tensor> weighted_sum(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                                        const typename Tensor::matrix &weights, float scale = 1.0f) {
    gradient_direction<Tensor> sum{.bias = tensor.make(0, 0), .weight = tensor.make(0, 0)};
    auto scaled = gradients.residual;
    tensor.multiply(weights, scaled);
    tensor.gemm(weights, gradients.residual, sum.bias, {.transpose_a = true, .alpha = scale});
    tensor.gemm(scaled, gradients.embedding, sum.weight, {.transpose_a = true, .alpha = scale});
    return sum;
}

/// The mean of all gradients. shapes: N at least 1. errors: G02 no sample. cost: 2 N C E flops
template <tensor_backend Tensor>
gradient_direction<Tensor> mean_gradient(const Tensor &tensor,
                                         const last_layer_gradients<Tensor> &gradients) {
    const std::size_t count = tensor.rows(gradients.residual);
    require(count > 0, "G02", "gradients: the mean of no samples: give at least one");
    gradient_direction<Tensor> mean{.bias = tensor.column_means(gradients.residual),
                                    .weight = tensor.make(0, 0)};
    tensor.gemm(gradients.residual, gradients.embedding, mean.weight,
                {.transpose_a = true, .alpha = 1.0f / static_cast<float>(count)});
    return mean;
}

/// <a_i, b_j> = (d_i . d_j)(1 + h_i . h_j): similarity columns of a few picks, or a block of the Gram matrix.
/// shapes: result (rows of a, rows of b). cost: 2 rows_a rows_b (C+E) flops
template <tensor_backend Tensor>
typename Tensor::matrix inner_products(const Tensor &tensor, const last_layer_gradients<Tensor> &a,
                                       const last_layer_gradients<Tensor> &b) {
    typename Tensor::matrix residuals = tensor.make(0, 0), out = tensor.make(0, 0);
    tensor.gemm(a.residual, b.residual, residuals, {.transpose_b = true});
    tensor.gemm(a.embedding, b.embedding, out, {.transpose_b = true});
    tensor.multiply(residuals, out);
    tensor.combine(1.0f, residuals, 1.0f, out);
    return out;
}

} // namespace lipt
