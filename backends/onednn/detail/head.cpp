#include "head.hpp"

#include <algorithm>
#include <cmath>

namespace lipt::onednn::detail {

void logits_of(const linear_head &head, const float *embedding, float *logits) {
    for (std::size_t c = 0; c < head.classes; ++c) {
        logits[c] = dot(head.width, head.weights + c * head.width, embedding) + head.bias[c];
    }
}

double loss_of(std::size_t classes, float *logits, std::int32_t label, float weight, std::size_t batch) {
    const auto highest = static_cast<double>(*std::max_element(logits, logits + classes));
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(logits[c]) - highest);
    const auto chosen = static_cast<std::size_t>(label);
    const double loss = std::log(sum) + highest - static_cast<double>(logits[chosen]);
    const double share = static_cast<double>(weight) / static_cast<double>(batch);
    for (std::size_t c = 0; c < classes; ++c) {
        const double probability = std::exp(static_cast<double>(logits[c]) - highest) / sum;
        logits[c] = static_cast<float>(share * (probability - (c == chosen ? 1.0 : 0.0)));
    }
    return static_cast<double>(weight) * loss;
}

void embedding_gradient(const linear_head &head, const float *residual, float *embedding_gradient) {
    std::fill_n(embedding_gradient, head.width, 0.0f);
    for (std::size_t c = 0; c < head.classes; ++c) {
        axpy(head.width, residual[c], head.weights + c * head.width, embedding_gradient);
    }
}

void head_gradient(const linear_head &head, std::size_t batch, const float *embeddings,
                   const float *residuals, float *weights, float *bias) {
    std::fill_n(weights, head.classes * head.width, 0.0f);
    std::fill_n(bias, head.classes, 0.0f);
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t c = 0; c < head.classes; ++c) {
            const float residual = residuals[b * head.classes + c];
            bias[c] += residual;
            axpy(head.width, residual, embeddings + b * head.width, weights + c * head.width);
        }
    }
}

} // namespace lipt::onednn::detail
