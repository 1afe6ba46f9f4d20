#include "convolution.hpp"

#include <utility>

namespace lipt::torch::detail {
at::Tensor convolve(const layer &at, const at::Tensor &input, const at::Tensor &weights,
                    at::MemoryFormat format) {
    return at::conv2d(input, weights, {}, pair_of(at.stride), pair_of(at.padding)).contiguous(format);
}

convolution_gradients differentiate_convolution(const layer &at, const at::Tensor &input,
                                                const at::Tensor &weights, const at::Tensor &from, bool image,
                                                at::MemoryFormat format) {
    auto [to_image, to_weights, to_bias] = at::convolution_backward(
        from, input, weights, {}, pair_of(at.stride), pair_of(at.padding), pair_of(1),
        /*transposed=*/false, pair_of(0), /*groups=*/1, {image, true, false});
    if (image) to_image = to_image.contiguous(format);
    return {std::move(to_image), std::move(to_weights)};
}

} // namespace lipt::torch::detail
