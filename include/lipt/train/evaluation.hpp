// How good a network is on a set of images, and the batch-norm statistics that it needs before that can be
// asked.
#pragma once

#include <lipt/image_part.hpp>
#include <lipt/training.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace lipt {

/// The class of the largest logit, of equal ones the lowest; `classes`, which no label is, where one is NaN.
/// shapes: logits (C)
inline std::size_t predicted_class(const float *logits, std::size_t classes) {
    std::size_t best = 0;
    for (std::size_t c = 0; c < classes; ++c) {
        if (std::isnan(logits[c])) return classes;
        if (logits[c] > logits[best]) best = c;
    }
    return best;
}

/// How many images have their label's logit as the largest; of equal logits the lowest class counts, and an
/// image with a NaN among its logits is not right. shapes: logits (N,C), labels (N)
inline std::size_t count_correct(const host_matrix &logits, std::span<const std::int32_t> labels) {
    std::size_t correct = 0;
    const std::size_t classes = logits.shape(1);
    for (std::size_t i = 0; i < labels.size(); ++i) {
        correct +=
            predicted_class(logits.data() + i * classes, classes) == static_cast<std::size_t>(labels[i]);
    }
    return correct;
}

/// The share of images whose largest logit is their label's. shapes: logits (N,C), labels (N)
inline double accuracy(const host_matrix &logits, std::span<const std::int32_t> labels) {
    return labels.empty()
               ? 0.0
               : static_cast<double>(count_correct(logits, labels)) / static_cast<double>(labels.size());
}

/// The backend's accuracy on a set. cost: N images forward; with a reader they are decoded, `block` bytes at
/// a time
template <training_backend Backend>
double accuracy_on(Backend &backend, const image_set &set, std::size_t block = block_bytes) {
    std::size_t correct = 0;
    for_each_block(
        set,
        [&](std::span<const std::uint8_t> pixels, std::size_t first, std::size_t count) {
            correct += count_correct(backend.forward(pixels, count).logits, set.labels.subspan(first, count));
        },
        block);
    return set.size() == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(set.size());
}

/// The backend's outputs on a set, in its order. shapes: logits (N,C), embeddings (N,E)
/// cost: as accuracy_on, and the outputs
template <training_backend Backend>
network_output outputs_on(Backend &backend, const image_set &set, std::size_t block = block_bytes) {
    if (set.reader == nullptr) return backend.forward(set.pixels, set.size());
    const std::size_t classes = backend.spec().classes, width = backend.spec().embedding_size();
    network_output all;
    all.logits.resize({set.size(), classes});
    all.embeddings.resize({set.size(), width});
    for_each_block(
        set,
        [&](std::span<const std::uint8_t> pixels, std::size_t first, std::size_t count) {
            const auto some = backend.forward(pixels, count);
            std::copy_n(some.logits.data(), count * classes, all.logits.data() + first * classes);
            std::copy_n(some.embeddings.data(), count * width, all.embeddings.data() + first * width);
        },
        block);
    return all;
}

/// Re-estimates batch-norm statistics for the backend's present weights on the first `count` images of a set,
/// in batches, as the plain mean over the batches: afterwards nothing is left of the statistics that were
/// loaded. cost: `count` images forward. source: [Izmailov2018] Section 3.2
template <training_backend Backend>
void reestimate_statistics(Backend &backend, const image_set &set, std::size_t count,
                           std::size_t batch_size) {
    const std::size_t used = std::min(count, set.size()), bytes = set.shape.size();
    std::size_t batches = 0;
    image_batch read;
    for (std::size_t first = 0; first < used; first += batch_size) {
        const std::size_t size = std::min(batch_size, used - first);
        // A short rest would weigh as much as a full batch and is noisier; it is left out unless it is all
        // there is.
        if (batches > 0 && size < batch_size / 2) break;
        ++batches;
        const float share = 1.0f / static_cast<float>(batches);
        if (set.reader == nullptr) {
            backend.observe(set.pixels.subspan(first * bytes, size * bytes), size, share);
        } else {
            std::vector<std::int64_t> indices(size);
            std::iota(indices.begin(), indices.end(), static_cast<std::int64_t>(first));
            gather(set, indices, read);
            backend.observe(read.pixels, size, share);
        }
    }
}

} // namespace lipt
