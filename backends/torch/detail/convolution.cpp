#include "convolution.hpp"

#include "../threads.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace lipt::torch::detail {
namespace {

std::pair<at::Tensor, at::Tensor> backward(const layer &at, const at::Tensor &input,
                                           const at::Tensor &weights, const at::Tensor &from, bool image) {
    const auto pair_of = [](std::size_t size) {
        return std::vector<std::int64_t>(2, static_cast<std::int64_t>(size));
    };
    auto [to_image, to_weights, to_bias] = at::convolution_backward(
        from, input, weights, c10::nullopt, pair_of(at.stride), pair_of(at.padding), pair_of(1),
        /*transposed=*/false, pair_of(0), /*groups=*/1, {image, !image, false});
    return {std::move(to_image), std::move(to_weights)};
}

} // namespace

at::Tensor convolve(const layer &at, const at::Tensor &input, const at::Tensor &weights) {
    const auto stride = static_cast<std::int64_t>(at.stride), padding = static_cast<std::int64_t>(at.padding);
    return at::conv2d(input, weights, {}, {stride, stride}, {padding, padding});
}

at::Tensor image_gradient(const layer &at, const at::Tensor &input, const at::Tensor &weights,
                          const at::Tensor &from) {
    return backward(at, input, weights, from, true).first;
}

at::Tensor weight_gradient(const layer &at, const at::Tensor &input, const at::Tensor &weights,
                           const at::Tensor &from) {
    if (!input.device().is_cpu()) return backward(at, input, weights, from, false).second;
    // Four parts share out evenly among two and four threads.
    constexpr std::int64_t most = 4;
    const auto count = input.size(0), length = (count + most - 1) / most;
    std::array<at::Tensor, most> parts;
    at::parallel_for(0, (count + length - 1) / length, 1, [&](std::int64_t begin, std::int64_t end) {
        const thread_budget one_thread(1);
        const at::NoGradGuard no_graph;
        for (auto p = begin; p < end; ++p) {
            const auto first = p * length, size = std::min(length, count - first);
            parts[static_cast<std::size_t>(p)] =
                backward(at, input.narrow(0, first, size), weights, from.narrow(0, first, size), false)
                    .second;
        }
    });
    for (std::size_t p = 1; p < parts.size() && parts[p].defined(); ++p) parts[0].add_(parts[p]);
    return parts[0];
}

} // namespace lipt::torch::detail
