// Nearest neighbours by embedding, found a block of distances at a time: n k of them are kept, never n^2.
#pragma once

#include <lipt/select/similarity.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lipt {

/// One neighbour of a sample.
struct neighbour {
    std::int64_t index;
    float distance;
};

namespace detail {

/// The `count` nearest of a row of negative distances but the sample itself, nearest first; ties go to the
/// lowest index.
inline std::vector<neighbour> nearest_of(const float *row, std::size_t size, std::size_t self,
                                         std::size_t count) {
    std::vector<neighbour> out;
    const auto nearer = [](const neighbour &a, const neighbour &b) { return a.distance < b.distance; };
    for (std::size_t j = 0; j < size; ++j) {
        const float distance = -row[j];
        if (j == self || (out.size() == count && !(distance < out.back().distance))) continue;
        if (out.size() == count) out.pop_back();
        const neighbour found{static_cast<std::int64_t>(j), distance};
        out.insert(std::upper_bound(out.begin(), out.end(), found, nearer), found);
    }
    return out;
}

} // namespace detail

/// The `count` nearest others of every sample, nearest first; fewer where there are no more.
/// shapes: embeddings of the gradients (n,E), result n lists. cost: 2 n^2 E flops and O(n count) memory
template <tensor_backend Tensor>
std::vector<std::vector<neighbour>>
nearest_neighbours(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients, std::size_t count) {
    std::vector<std::vector<neighbour>> out;
    similarity_rows<Tensor> rows(tensor, gradients, similarity_space::embeddings,
                                 similarity_measure::negative_distance, 0);
    const std::size_t most = std::min(count, rows.size() - 1);
    rows.for_each_block([&](std::size_t first, const auto &block) {
        const host_matrix host = tensor.to_host(block);
        for (std::size_t i = 0; i < host.shape(0); ++i) {
            out.push_back(most == 0 ? std::vector<neighbour>{}
                                    : detail::nearest_of(host.data() + i * host.shape(1), host.shape(1),
                                                         first + i, most));
        }
    });
    return out;
}

} // namespace lipt
