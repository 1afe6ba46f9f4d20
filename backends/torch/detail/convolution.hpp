// One convolution layer as ATen computes it, with the same bits at any number of threads: where the libraries
// below would share it out by the threads at hand, the batch is cut into a fixed number of parts, one thread
// each.
#pragma once

#include <lipt/network.hpp>

#include <ATen/ATen.h>

namespace lipt::torch::detail {

/// shapes: input (B,in,h,w), weights (out,in,k,k), result (B,out,h',w')
at::Tensor convolve(const layer &at, const at::Tensor &input, const at::Tensor &weights);

/// The gradient at the input. shapes: from (B,out,h',w'), result as input
at::Tensor image_gradient(const layer &at, const at::Tensor &input, const at::Tensor &weights,
                          const at::Tensor &from);

/// The gradient of the weights: the sum of the parts', in order. shapes: result as weights
at::Tensor weight_gradient(const layer &at, const at::Tensor &input, const at::Tensor &weights,
                           const at::Tensor &from);

} // namespace lipt::torch::detail
