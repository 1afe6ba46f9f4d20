// What goes into a network and comes out of it, on its device.
#pragma once

#include <ATen/ATen.h>

namespace lipt::torch::detail {

/// shapes: images (B,ch,h,w) uint8, labels (B,1) int64, weights (B,1) float32 or undefined for all ones
struct device_batch {
    at::Tensor images, labels, weights;
};

/// shapes: logits (B,C), embeddings (B,E), float32
struct device_output {
    at::Tensor logits, embeddings;
};

} // namespace lipt::torch::detail
