// A batch in parts. On a processor every operator runs on one part and one thread: ATen and the libraries
// below it share work out by the threads at hand, and so round by them; how a batch is cut follows from its
// size alone.
#pragma once

#include "../threads.hpp"
#include "memory.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lipt::torch::detail {

/// One tensor a part, in the order of the batch.
using parts = std::vector<at::Tensor>;

/// Images a part of a batch in training: up to four parts of few images, up to eight of at least sixteen
/// images each. A GPU takes a batch as one.
inline std::int64_t training_part(std::int64_t images, const at::Device &device) {
    if (!device.is_cpu()) return images;
    const auto share = [images](std::int64_t count) { return (images + count - 1) / count; };
    return std::max(share(8), std::min<std::int64_t>(16, share(4)));
}

/// Images a part in evaluation: always as many, since a library may round by how many there are.
inline std::int64_t evaluation_part(std::int64_t images, const at::Device &device) {
    return device.is_cpu() ? 16 : images;
}

/// Calls work(part) for each of them: side by side on a processor, one thread each.
template <class Work>
void each_part(std::size_t count, Work work) {
    const auto memory = memory_use::current();
    at::parallel_for(0, static_cast<std::int64_t>(count), 1, [&](std::int64_t begin, std::int64_t end) {
        const thread_budget one_thread(1);
        const memory_use kept(memory);
        const c10::NoGradGuard no_graph;
        for (auto part = begin; part < end; ++part) work(static_cast<std::size_t>(part));
    });
}

} // namespace lipt::torch::detail
