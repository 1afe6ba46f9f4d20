#include "convolution.hpp"

#include "../threads.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
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

/// work(part of first, part of second) for a fixed number of parts of the batch, each on one thread: ATen and
/// the libraries below it share a convolution out by the threads at hand, and so round by them. Four parts
/// share out evenly among two and four threads.
template <class Work>
std::vector<at::Tensor> by_parts(const at::Tensor &first, const at::Tensor &second, Work work) {
    constexpr std::int64_t most = 4;
    const auto count = first.size(0), length = (count + most - 1) / most;
    std::vector<at::Tensor> parts(static_cast<std::size_t>((count + length - 1) / length));
    at::parallel_for(0, static_cast<std::int64_t>(parts.size()), 1,
                     [&](std::int64_t begin, std::int64_t end) {
                         const thread_budget one_thread(1);
                         const at::NoGradGuard no_graph;
                         for (auto p = begin; p < end; ++p) {
                             const auto from = p * length, size = std::min(length, count - from);
                             parts[static_cast<std::size_t>(p)] =
                                 work(first.narrow(0, from, size), second.narrow(0, from, size));
                         }
                     });
    return parts;
}

/// Outputs and image gradients of 3x3 kernels have the same bits at any number of threads as they are
/// (oneDNN 2.6 with AVX2), those of 1x1 and 7x7 kernels have not. Cutting all of them would cost a tenth of a
/// step.
bool needs_parts(const layer &at, const at::Tensor &input) {
    return input.device().is_cpu() && at.kernel != 3;
}

} // namespace

at::Tensor convolve(const layer &at, const at::Tensor &input, const at::Tensor &weights) {
    const auto stride = static_cast<std::int64_t>(at.stride), padding = static_cast<std::int64_t>(at.padding);
    const auto compute = [&](const at::Tensor &part, const at::Tensor &) {
        return at::conv2d(part, weights, {}, {stride, stride}, {padding, padding});
    };
    if (!needs_parts(at, input)) return compute(input, input);
    return at::cat(by_parts(input, input, compute));
}

at::Tensor image_gradient(const layer &at, const at::Tensor &input, const at::Tensor &weights,
                          const at::Tensor &from) {
    const auto compute = [&](const at::Tensor &to, const at::Tensor &part) {
        return backward(at, to, weights, part, true).first;
    };
    if (!needs_parts(at, input)) return compute(input, from);
    return at::cat(by_parts(input, from, compute));
}

at::Tensor weight_gradient(const layer &at, const at::Tensor &input, const at::Tensor &weights,
                           const at::Tensor &from) {
    const auto compute = [&](const at::Tensor &to, const at::Tensor &part) {
        return backward(at, to, weights, part, false).second;
    };
    if (!input.device().is_cpu()) return compute(input, from);
    auto parts = by_parts(input, from, compute);
    for (std::size_t p = 1; p < parts.size(); ++p) parts[0].add_(parts[p]);
    return parts[0];
}

} // namespace lipt::torch::detail
