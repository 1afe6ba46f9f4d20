// The end of every network: pooling, the linear layer, the loss, and their gradients.
#pragma once

#include "kernels.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lipt::onednn::detail {

/// Pooling and the linear layer of a network. shapes: weights (classes,width), bias (classes)
struct linear_head {
    std::size_t width = 0, classes = 0;
    const float *weights = nullptr, *bias = nullptr;
};

/// Logits of one embedding. shapes: embedding (width), logits (classes)
void logits_of(const linear_head &head, const float *embedding, float *logits);

/// Cross entropy of one sample; turns its logits into the gradient weight/B * (softmax - onehot).
double loss_of(std::size_t classes, float *logits, std::int32_t label, float weight, std::size_t batch);

/// Gradient at one embedding. shapes: residual (classes), embedding_gradient (width)
void embedding_gradient(const linear_head &head, const float *residual, float *embedding_gradient);

/// Gradient of weights and bias over a batch. shapes: embeddings (batch,width), residuals (batch,classes)
void head_gradient(const linear_head &head, std::size_t batch, const float *embeddings,
                   const float *residuals, float *weights, float *bias);

} // namespace lipt::onednn::detail
