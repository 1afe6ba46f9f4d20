// SemDeDup: one of each group of near duplicates, found inside of clusters.
#pragma once

#include <lipt/select/k_means.hpp>
#include <lipt/select/pools.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace lipt {

namespace detail {

/// Goes through a cluster and says of each sample how similar it is to the most similar one kept before it.
template <tensor_backend Tensor>
class duplicate_search {
  public:
    /// shapes: rows (n,E) of length 1
    duplicate_search(const Tensor &tensor, const host_matrix &rows, double threshold)
        : tensor_(tensor), rows_(rows), threshold_(threshold), error_(product_error(rows.shape(1))) {}

    /// Writes the cosines of the samples `order`, who are kept in that order where it is at most the
    /// threshold; that of the first is -1. shapes: cosines (n)
    void operator()(std::span<const std::size_t> order, std::vector<double> &cosines) {
        std::vector<std::size_t> kept;
        for (std::size_t first = 0; first < order.size(); first += block) {
            const auto part = order.subspan(first, std::min(block, order.size() - first));
            for (std::size_t at = 0; at < kept.size(); at += most)
                compare(part, std::span(kept).subspan(at, std::min(most, kept.size() - at)), cosines);
            const host_matrix inside = products(part, part);
            std::vector<std::size_t> fresh;
            for (std::size_t i = 0; i < part.size(); ++i) {
                for (const auto j : fresh) raise(part[i], part[j], inside(i, j), cosines);
                if (cosines[part[i]] <= threshold_) fresh.push_back(i);
            }
            for (const auto j : fresh) kept.push_back(part[j]);
        }
    }

  private:
    static constexpr std::size_t block = 256, most = 2048;

    void compare(std::span<const std::size_t> part, std::span<const std::size_t> kept,
                 std::vector<double> &cosines) {
        const host_matrix found = products(part, kept);
        for (std::size_t i = 0; i < part.size(); ++i) {
            for (std::size_t j = 0; j < kept.size(); ++j) raise(part[i], kept[j], found(i, j), cosines);
        }
    }

    /// Takes a product to the last digit where it may be the highest so far.
    void raise(std::size_t sample, std::size_t other, float product, std::vector<double> &cosines) {
        auto &cosine = cosines[sample];
        if (product + error_ < cosine) return;
        const std::size_t width = rows_.shape(1);
        const double exact =
            host_kernels::exact_dot(rows_.data() + sample * width, rows_.data() + other * width, width);
        cosine = std::max(cosine, std::min(exact, 1.0));
    }

    host_matrix products(std::span<const std::size_t> left, std::span<const std::size_t> right) const {
        typename Tensor::matrix out = tensor_.make(0, 0);
        tensor_.gemm(gathered(left), gathered(right), out, {.transpose_b = true});
        return tensor_.to_host(out);
    }
    typename Tensor::matrix gathered(std::span<const std::size_t> samples) const {
        auto out = host_matrix::from_shape({samples.size(), rows_.shape(1)});
        for (std::size_t i = 0; i < samples.size(); ++i)
            std::copy_n(rows_.data() + samples[i] * rows_.shape(1), rows_.shape(1),
                        out.data() + i * rows_.shape(1));
        return tensor_.from_host(out);
    }

    const Tensor &tensor_;
    const host_matrix &rows_;
    double threshold_, error_;
};

/// The samples of each cluster, those least similar to its centre first; ties go to the lowest sample.
inline std::vector<std::vector<std::size_t>> outer_first(const host_matrix &rows, const clustering &found) {
    const std::size_t width = rows.shape(1);
    std::vector<double> similarity;
    std::vector<std::vector<std::size_t>> out(found.centres.shape(0));
    for (std::size_t i = 0; i < rows.shape(0); ++i) {
        similarity.push_back(host_kernels::exact_dot(rows.data() + i * width,
                                                     found.centres.data() + found.cluster[i] * width, width));
        out[found.cluster[i]].push_back(i);
    }
    for (auto &cluster : out)
        std::stable_sort(cluster.begin(), cluster.end(),
                         [&](auto a, auto b) { return similarity[a] < similarity[b]; });
    return out;
}

} // namespace detail

namespace methods {

/// Leaves out near duplicates. Inside each cluster of k-means samples are gone through from the least similar
/// to the centre on, as the source does that keeps the hard ones; one whose cosine to a sample kept before it
/// is above the threshold is a duplicate, the others are kept. The budget is met exactly, the most redundant
/// left out first: by the highest cosine to a sample kept before, so that duplicates are picked only when
/// all others are, the least alike first, and where fewer are wanted than are no duplicates the most alike of
/// those are left out, too. In ascending order of that cosine, ties to the lowest index; scores are minus it,
/// 1 for the first of a cluster. The source has no budget, and compares with removed ones as well. Depends on
/// the seed, and through the seeds of k-means on the order of the samples. An embedding of zero is like
/// nothing, at 0. Duplicates in different clusters are not found. errors: C47, C48. cost: that of k-means,
/// and 2 n^2 E / K flops in blocks where clusters are equal; 8 n E bytes. source: [Abbas2023] Section 3
struct semdedup {
    static constexpr method_info info{.name = "semdedup",
                                      .summary = "one of each group of near duplicates (SemDeDup)",
                                      .gradients = true,
                                      .embedding = true,
                                      .chance = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        const auto &asked = options.semdedup;
        check(asked);
        const host_matrix rows = directions(tensor.to_host(pool.gradients.embedding));
        const auto found =
            k_means_of_directions(tensor, rows, cluster_count(asked.clusters, rows.shape(0)), asked.rounds,
                                  lipt::detail::k_means_draw(options, pool.number));
        std::vector<double> cosines(rows.shape(0), -1.0);
        lipt::detail::duplicate_search<Tensor> search(tensor, rows, asked.threshold);
        for (const auto &cluster : lipt::detail::outer_first(rows, found)) search(cluster, cosines);
        pool_picks picks;
        std::vector<std::int64_t> order(cosines.size());
        std::iota(order.begin(), order.end(), std::int64_t{0});
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
            return cosines[static_cast<std::size_t>(a)] < cosines[static_cast<std::size_t>(b)];
        });
        picks.order.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(pool.quota));
        for (const double cosine : cosines) picks.scores.push_back(static_cast<float>(-cosine));
        return picks;
    }
};

} // namespace methods
} // namespace lipt
