// How good a network is on a set of images, and the batch-norm statistics that it needs before that can be
// asked.
#pragma once

#include <lipt/data.hpp>
#include <lipt/training.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lipt {

/// The share of images whose largest logit is their label's; of equal logits the lowest class counts.
/// shapes: logits (N,C), labels (N)
inline double accuracy(const host_matrix &logits, std::span<const std::int32_t> labels) {
    std::size_t correct = 0;
    const std::size_t classes = logits.shape(1);
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const float *row = logits.data() + i * classes;
        correct += static_cast<std::size_t>(std::max_element(row, row + classes) - row) ==
                   static_cast<std::size_t>(labels[i]);
    }
    return labels.empty() ? 0.0 : static_cast<double>(correct) / static_cast<double>(labels.size());
}

/// Re-estimates batch-norm statistics for the backend's present weights on the first `count` images of a set,
/// in batches, as the plain mean over the batches: afterwards nothing is left of the statistics that were
/// loaded. cost: `count` images forward. source: [Izmailov2018] Section 3.2
template <training_backend Backend>
void reestimate_statistics(Backend &backend, const image_set &set, std::size_t count,
                           std::size_t batch_size) {
    const std::size_t used = std::min(count, set.size()), bytes = set.shape.size();
    std::size_t batches = 0;
    for (std::size_t first = 0; first < used; first += batch_size) {
        const std::size_t size = std::min(batch_size, used - first);
        // A short rest would weigh as much as a full batch and is noisier; it is left out unless it is all
        // there is.
        if (batches > 0 && size < batch_size / 2) break;
        ++batches;
        backend.observe(set.pixels.subspan(first * bytes, size * bytes), size,
                        1.0f / static_cast<float>(batches));
    }
}

} // namespace lipt
