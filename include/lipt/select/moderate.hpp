// Moderate: samples at the median distance from the centre of their class.
#pragma once

#include <lipt/host_kernels.hpp>
#include <lipt/select/score.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace lipt {

/// Minus the difference between a sample's distance to the mean embedding of its class and the median of
/// those distances in that class; higher is nearer to the median. Of an even number the median is the mean of
/// the two in the middle. Classes are taken one by one even where the pool holds them all. cost: O(n E).
/// source: [Xia2023] Section 3
struct moderate_score {
    template <tensor_backend Tensor>
    static std::vector<float> rate(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                   const select_options &) {
        const host_matrix embeddings = tensor.to_host(pool.gradients.embedding);
        std::vector<float> out(pool.labels.size());
        std::vector<std::size_t> order(out.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](auto a, auto b) { return pool.labels[a] < pool.labels[b]; });
        for (std::size_t first = 0; first < order.size();) {
            std::size_t last = first;
            while (last < order.size() && pool.labels[order[last]] == pool.labels[order[first]]) ++last;
            rate_class(embeddings, std::span<const std::size_t>(order).subspan(first, last - first), out);
            first = last;
        }
        return out;
    }

  private:
    static void rate_class(const host_matrix &embeddings, std::span<const std::size_t> members,
                           std::vector<float> &out) {
        std::vector<double> mean(embeddings.shape(1)), distances;
        for (const auto i : members) {
            for (std::size_t e = 0; e < mean.size(); ++e) mean[e] += embeddings(i, e);
        }
        for (auto &value : mean) value /= static_cast<double>(members.size());
        for (const auto i : members) {
            distances.push_back(std::sqrt(host_kernels::sum<double>(mean.size(), [&](std::size_t e) {
                const double apart = embeddings(i, e) - mean[e];
                return apart * apart;
            })));
        }
        const double middle = median(distances);
        for (std::size_t i = 0; i < members.size(); ++i)
            out[members[i]] = static_cast<float>(-std::abs(distances[i] - middle));
    }

    static double median(std::vector<double> values) {
        const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
        std::nth_element(values.begin(), half, values.end());
        return values.size() % 2 == 1 ? *half : (*half + *std::max_element(values.begin(), half)) / 2;
    }
};

namespace methods {

/// The samples nearest to the median distance from their class's centre. source: [Xia2023]
struct moderate : detail::scored<moderate_score> {
    static constexpr method_info info{.name = "moderate",
                                      .summary = "embeddings at the median distance from the class centre",
                                      .gradients = true,
                                      .embedding = true,
                                      .scorer = true};
};

} // namespace methods
} // namespace lipt
