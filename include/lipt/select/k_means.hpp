// k-means on the sphere: samples grouped by the direction of their embeddings. Products in float say which
// centres may be the nearest, sums that every build rounds alike say which is.
#pragma once

#include <lipt/host_kernels.hpp>
#include <lipt/random.hpp>
#include <lipt/select/options.hpp>
#include <lipt/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Clusters of directions. shapes: centres (K,E) of length 1, cluster (n) in 0..K-1
struct clustering {
    host_matrix centres{};
    std::vector<std::size_t> cluster{};
};

/// How many clusters to look for: so many as asked, the square root of the samples for 0, never more than
/// there are samples.
inline std::size_t cluster_count(std::size_t asked, std::size_t samples) {
    const double root = std::sqrt(static_cast<double>(samples));
    const auto wanted = asked > 0 ? asked : static_cast<std::size_t>(std::lround(root));
    return std::clamp<std::size_t>(wanted, 1, samples);
}

namespace detail {

/// Brings a vector to length 1; one of zero stays. The squares are exact in double.
inline void to_length_one(float *values, std::size_t size) {
    const double square = host_kernels::exact_dot(values, values, size);
    if (square == 0) return;
    const double scale = 1 / std::sqrt(square);
    for (std::size_t e = 0; e < size; ++e) values[e] = static_cast<float>(values[e] * scale);
}

/// The draws of the seeds in one pool; a sampler's in the same pool are others.
inline rng k_means_draw(const select_options &options, std::size_t pool) {
    return rng({.seed = options.seed,
                .stage = stream::select,
                .worker = 1,
                .sample = static_cast<std::uint32_t>(pool)});
}

/// What a float product of two vectors of length 1 may be off by.
inline double product_error(std::size_t width) {
    return static_cast<double>(width + 16) * std::numeric_limits<float>::epsilon();
}

/// Uniform in [0, 1), 53 bits: two draws.
inline double long_uniform(rng &draw) {
    const std::uint64_t high = draw(), low = draw();
    return static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
}

/// The seeding and the rounds of k-means over rows of length 1, a block of them at a time.
template <tensor_backend Tensor>
class sphere_clusters {
  public:
    sphere_clusters(const Tensor &tensor, const host_matrix &rows)
        : tensor_(tensor), rows_(rows), on_device_(tensor.from_host(rows)) {}

    /// Centres of k-means++: each new one is drawn with probability proportional to the squared distance
    /// to the nearest before; fewer where no sample is left that is apart from all.
    host_matrix seeds(std::size_t count, rng draw) const {
        std::vector<std::size_t> chosen{draw.below(static_cast<std::uint32_t>(rows_.shape(0)))};
        std::vector<double> nearest(rows_.shape(0), std::numeric_limits<double>::infinity());
        while (true) {
            come_nearer(chosen.back(), nearest);
            double total = 0;
            for (const double square : nearest) total += square;
            if (chosen.size() == count || total == 0) break;
            chosen.push_back(drawn(nearest, long_uniform(draw) * total));
        }
        auto centres = host_matrix::from_shape({chosen.size(), width()});
        for (std::size_t c = 0; c < chosen.size(); ++c) std::copy_n(row(chosen[c]), width(), &centres(c, 0));
        return centres;
    }

    /// The centre of largest product with each row; ties go to the lowest centre.
    std::vector<std::size_t> nearest_of(const host_matrix &centres) const {
        std::vector<std::size_t> cluster;
        const auto right = tensor_.from_host(centres);
        for (std::size_t first = 0; first < rows_.shape(0); first += block) {
            std::vector<std::int64_t> part(std::min(block, rows_.shape(0) - first));
            std::iota(part.begin(), part.end(), static_cast<std::int64_t>(first));
            typename Tensor::matrix products = tensor_.make(0, 0);
            tensor_.gemm(tensor_.gather_rows(on_device_, part), right, products, {.transpose_b = true});
            const host_matrix host = tensor_.to_host(products);
            for (std::size_t i = 0; i < part.size(); ++i)
                cluster.push_back(highest_product(row(first + i), &host(i, 0), centres));
        }
        return cluster;
    }

    /// Moves each centre to the mean direction of its rows; one that has none, or whose rows cancel, stays.
    void move(const std::vector<std::size_t> &cluster, host_matrix &centres) const {
        std::vector<double> sums(centres.size()), counts(centres.shape(0));
        for (std::size_t i = 0; i < cluster.size(); ++i) {
            ++counts[cluster[i]];
            for (std::size_t e = 0; e < width(); ++e) sums[cluster[i] * width() + e] += row(i)[e];
        }
        std::vector<float> mean(width());
        for (std::size_t c = 0; c < centres.shape(0); ++c) {
            if (counts[c] == 0) continue;
            for (std::size_t e = 0; e < width(); ++e)
                mean[e] = static_cast<float>(sums[c * width() + e] / counts[c]);
            to_length_one(mean.data(), width());
            if (std::any_of(mean.begin(), mean.end(), [](float value) { return value != 0; }))
                std::copy(mean.begin(), mean.end(), &centres(c, 0));
        }
    }

  private:
    static constexpr std::size_t block = 2048;

    std::size_t width() const { return rows_.shape(1); }
    const float *row(std::size_t i) const { return rows_.data() + i * width(); }

    /// Lowers the squared distances to the nearest seed by those to a new one, where the products leave that
    /// open.
    void come_nearer(std::size_t seed, std::vector<double> &nearest) const {
        const auto pick = static_cast<std::int64_t>(seed);
        typename Tensor::matrix products = tensor_.make(0, 0);
        tensor_.gemm(on_device_, tensor_.gather_rows(on_device_, std::span(&pick, 1)), products,
                     {.transpose_b = true});
        const host_matrix host = tensor_.to_host(products);
        const double own = host_kernels::exact_dot(row(seed), row(seed), width());
        const double error = 4 * product_error(width());
        for (std::size_t i = 0; i < nearest.size(); ++i) {
            // Rows have length 1 but for those of zero, which are looked at.
            const double least = 1 + own - 2 * static_cast<double>(host(i, 0)) - error;
            if (nearest[i] <= least && host(i, 0) != 0) continue;
            nearest[i] = std::min(nearest[i], host_kernels::square_between(row(i), row(seed), width()));
        }
    }

    /// The first at which the running sum passes the target, which is below the whole sum.
    static std::size_t drawn(const std::vector<double> &weights, double target) {
        double sum = 0;
        std::size_t last = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (weights[i] == 0) continue;
            sum += weights[i];
            last = i;
            if (sum > target) break;
        }
        return last;
    }

    std::size_t highest_product(const float *sample, const float *products,
                                const host_matrix &centres) const {
        const float largest = *std::max_element(products, products + centres.shape(0));
        const double least = largest - 2 * product_error(width());
        std::size_t best = centres.shape(0);
        double product = 0;
        for (std::size_t c = 0; c < centres.shape(0); ++c) {
            if (products[c] < least) continue;
            const double exact = host_kernels::exact_dot(sample, &centres(c, 0), width());
            if (best < centres.shape(0) && exact <= product) continue;
            best = c;
            product = exact;
        }
        return best;
    }

    const Tensor &tensor_;
    const host_matrix &rows_;
    typename Tensor::matrix on_device_;
};

} // namespace detail

/// Every row brought to length 1; rows of zero stay. shapes: rows and result (n,E)
inline host_matrix directions(host_matrix rows) {
    for (std::size_t i = 0; i < rows.shape(0); ++i)
        detail::to_length_one(rows.data() + i * rows.shape(1), rows.shape(1));
    return rows;
}

/// Groups rows of length 1 by k-means of their directions: seeds by k-means++, then rounds until no row
/// changes its centre, or so many as asked. The same in every build. shapes: rows (n,E), 1 <= clusters <= n
/// cost: 2 n E K flops for the seeds and as many a round, 4 n E + 16,384 K bytes. source: [Arthur2007],
/// [Dhillon2001]
template <tensor_backend Tensor>
clustering k_means_of_directions(const Tensor &tensor, const host_matrix &rows, std::size_t clusters,
                                 std::size_t rounds, rng draw) {
    const detail::sphere_clusters<Tensor> found(tensor, rows);
    clustering out{.centres = found.seeds(clusters, draw)};
    out.cluster = found.nearest_of(out.centres);
    for (std::size_t round = 0; round < rounds; ++round) {
        found.move(out.cluster, out.centres);
        auto next = found.nearest_of(out.centres);
        if (next == out.cluster) break;
        out.cluster = std::move(next);
    }
    return out;
}

} // namespace lipt
