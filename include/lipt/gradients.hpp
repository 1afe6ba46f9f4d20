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
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Gradients of N samples. shapes: residual (N,C), embedding (N,E), label_log (N) or empty
template <tensor_backend Tensor>
struct last_layer_gradients {
    typename Tensor::matrix residual{};
    typename Tensor::matrix embedding{};
    /// log p of every label, for methods that look at probabilities: below p = 3e-8 a residual, -1 + p, has
    /// lost it. Empty: as the residuals have it.
    std::vector<float> label_log{};
};

/// log p of every label: log(1 + d) where the residual holds it, otherwise from the likeliest class t, as
/// log p_t - (z_t - z_label). shapes: logits and residual (N,C), labels and result (N). cost: O(N C), and a
/// copy of 4,096 rows at a time
template <tensor_backend Tensor>
std::vector<float> label_log_probabilities(const Tensor &tensor, const typename Tensor::matrix &logits,
                                           const typename Tensor::matrix &residual,
                                           std::span<const std::int32_t> labels) {
    constexpr std::size_t block = 4096;
    std::vector<float> out;
    out.reserve(labels.size());
    for (std::size_t first = 0; first < labels.size(); first += block) {
        std::vector<std::int64_t> rows(std::min(block, labels.size() - first));
        std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(first));
        const host_matrix d = tensor.to_host(tensor.gather_rows(residual, rows)),
                          z = tensor.to_host(tensor.gather_rows(logits, rows));
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto label = static_cast<std::size_t>(labels[first + i]);
            const float *row = d.data() + i * d.shape(1);
            // The label's own entry is below 0: the largest is another class's probability.
            const auto top = static_cast<std::size_t>(std::max_element(row, row + d.shape(1)) - row);
            out.push_back(row[label] > -0.5f ? std::log1p(row[label])
                                             : std::log(row[top]) - (z(i, top) - z(i, label)));
        }
    }
    return out;
}

/// One vector in the space of gradients: of the bias, and of the weights. shapes: bias (1,C), weight (C,E)
template <tensor_backend Tensor>
struct gradient_direction {
    typename Tensor::matrix bias{};
    typename Tensor::matrix weight{};
};

/// Gradients from a network's outputs, with label_log. shapes: logits (N,C), embeddings (N,E), labels (N)
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
    gradients.label_log = label_log_probabilities(tensor, logits, gradients.residual, labels);
    return gradients;
}

/// The gradients of some samples, in that order. cost: O(n (C+E))
template <tensor_backend Tensor>
last_layer_gradients<Tensor> gather(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                                    std::span<const std::int64_t> indices) {
    last_layer_gradients<Tensor> some{.residual = tensor.gather_rows(gradients.residual, indices),
                                      .embedding = tensor.gather_rows(gradients.embedding, indices)};
    if (gradients.label_log.empty()) return some;
    for (const auto i : indices) some.label_log.push_back(gradients.label_log[static_cast<std::size_t>(i)]);
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
