// One convolution layer on one part of a batch, as ATen computes it; images and their gradients in one
// format.
#pragma once

#include <lipt/network/network.hpp>

#include <ATen/ATen.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace lipt::torch::detail {

/// The same extent in both directions, as ATen takes it.
inline std::array<std::int64_t, 2> pair_of(std::size_t extent) {
    return {static_cast<std::int64_t>(extent), static_cast<std::int64_t>(extent)};
}

/// shapes: input (B,in,h,w), weights (out,in,k,k), result (B,out,h',w')
at::Tensor convolve(const layer &at, const at::Tensor &input, const at::Tensor &weights,
                    at::MemoryFormat format);

/// Gradients at the input and at the weights.
struct convolution_gradients {
    at::Tensor input, weights;
};

/// shapes: from (B,out,h',w'), others as above. `image`: whether the input's is wanted
convolution_gradients differentiate_convolution(const layer &at, const at::Tensor &input,
                                                const at::Tensor &weights, const at::Tensor &from, bool image,
                                                at::MemoryFormat format);

} // namespace lipt::torch::detail
