// Nearest neighbours by embedding, found a block of distances at a time: n k of them are kept, never n^2.
#pragma once

#include <lipt/host_kernels.hpp>
#include <lipt/select/similarity.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace lipt {

/// One neighbour of a sample.
struct neighbour {
    std::int64_t index{};
    float distance{};
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

/// The nearest others of each sample: products of all in float say which may be among them, differences in
/// double which are. What products round off is as large as a sample is far from the mean, so that in a
/// tight heap far out they tell nothing apart, and all of it is looked at.
class neighbour_search {
  public:
    /// shapes: embeddings (n,E), as they are; squares (n), of the lengths of the centred ones
    neighbour_search(host_matrix embeddings, std::vector<float> squares, std::size_t count)
        : embeddings_(std::move(embeddings)), squares_(std::move(squares)), most_(squares_.size()),
          count_(count) {}

    /// Nearest first; ties go to the lowest index. shapes: row (n), negative distances from products
    std::vector<neighbour> operator()(const float *row, std::size_t self) {
        for (std::size_t j = 0; j < most_.size(); ++j)
            most_[j] = row[j] * row[j] + error_of(self, j); // not above what a nearest one is
        most_[self] = std::numeric_limits<float>::infinity();
        auto sorted = most_;
        const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(count_ - 1);
        std::nth_element(sorted.begin(), last, sorted.end());
        found_.clear();
        for (std::size_t j = 0; j < most_.size(); ++j) {
            if (j != self && row[j] * row[j] - error_of(self, j) <= *last)
                found_.emplace_back(square_between(self, j), static_cast<std::int64_t>(j));
        }
        std::partial_sort(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(count_), found_.end());
        std::vector<neighbour> out;
        for (std::size_t k = 0; k < count_; ++k)
            out.push_back({found_[k].second, static_cast<float>(std::sqrt(found_[k].first))});
        return out;
    }

  private:
    /// What the square of a distance from products may be off by: E roundings of the product, of the squares
    /// and of the centred values.
    float error_of(std::size_t i, std::size_t j) const {
        constexpr float unit = std::numeric_limits<float>::epsilon();
        return static_cast<float>(embeddings_.shape(1) + 16) * unit * (squares_[i] + squares_[j]);
    }
    double square_between(std::size_t i, std::size_t j) const {
        const std::size_t width = embeddings_.shape(1);
        const float *a = embeddings_.data() + i * width, *b = embeddings_.data() + j * width;
        return host_kernels::sum<double>(width, [=](std::size_t e) {
            const double apart = static_cast<double>(a[e]) - b[e];
            return apart * apart;
        });
    }

    host_matrix embeddings_;
    std::vector<float> squares_;
    std::vector<float> most_;
    std::size_t count_;
    std::vector<std::pair<double, std::int64_t>> found_;
};

} // namespace detail

/// The `count` nearest others of every sample, nearest first; fewer where there are no more. Distances are of
/// differences in double, so neither an offset of all nor a heap far from the others costs digits.
/// shapes: embeddings of the gradients (n,E), result n lists. cost: 2 n^2 E flops, 3 n E for every candidate
/// that products cannot tell from the nearest (few, but in tight heaps), O(n (E + count)) memory
template <tensor_backend Tensor>
std::vector<std::vector<neighbour>>
nearest_neighbours(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients, std::size_t count) {
    std::vector<std::vector<neighbour>> out;
    similarity_rows<Tensor> rows(tensor, gradients, similarity_space::embeddings,
                                 similarity_measure::negative_distance, 0);
    const std::size_t most = std::min(count, rows.size() - 1);
    if (most == 0) return std::vector<std::vector<neighbour>>(rows.size());
    detail::neighbour_search search(tensor.to_host(gradients.embedding), rows.squares(), most);
    rows.for_each_block([&](std::size_t first, const auto &block) {
        const host_matrix host = tensor.to_host(block);
        for (std::size_t i = 0; i < host.shape(0); ++i)
            out.push_back(search(host.data() + i * host.shape(1), first + i));
    });
    return out;
}

} // namespace lipt
