// k-means of directions written out in double, with the draws of the library's.
#pragma once

#include <lipt/random.hpp>
#include <lipt/xtensor.hpp>

#include <support/naive_selection.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lipt_test {

/// As lipt::clustering, in double. shapes: rows (n,E) of length 1, centres (K,E), cluster (n)
struct naive_clustering {
    vectors rows{}, centres{};
    std::vector<std::size_t> cluster{};
};

/// Brought to length 1; zero stays.
inline std::vector<double> naive_direction(std::vector<double> row) {
    const double length = std::sqrt(dot(row, row));
    for (auto &value : row) value = length > 0 ? value / length : 0;
    return row;
}

inline std::vector<std::size_t> naive_nearest(const vectors &rows, const vectors &centres) {
    std::vector<std::size_t> out;
    for (const auto &row : rows) {
        std::size_t best = 0;
        for (std::size_t c = 1; c < centres.size(); ++c) {
            if (dot(row, centres[c]) > dot(row, centres[best])) best = c;
        }
        out.push_back(best);
    }
    return out;
}

inline vectors naive_seeds(const vectors &rows, std::size_t clusters, lipt::rng draw) {
    vectors centres{rows[draw.below(static_cast<std::uint32_t>(rows.size()))]};
    while (centres.size() < clusters) {
        std::vector<double> squares;
        double total = 0;
        for (const auto &row : rows) {
            double least = 1e300;
            for (const auto &centre : centres) least = std::min(least, std::pow(distance(row, centre), 2));
            squares.push_back(least);
            total += least;
        }
        if (total == 0) break;
        const std::uint64_t high = draw(), low = draw();
        double left = std::ldexp(static_cast<double>((high << 32 | low) >> 11), -53) * total;
        std::size_t i = 0;
        while (i + 1 < rows.size() && left >= squares[i]) left -= squares[i++];
        centres.push_back(rows[i]);
    }
    return centres;
}

inline naive_clustering naive_k_means(const lipt::host_matrix &embeddings, std::size_t clusters,
                                      std::size_t rounds, lipt::rng draw) {
    naive_clustering out;
    for (std::size_t i = 0; i < embeddings.shape(0); ++i) {
        std::vector<double> row;
        for (std::size_t e = 0; e < embeddings.shape(1); ++e) row.push_back(embeddings(i, e));
        out.rows.push_back(naive_direction(row));
    }
    out.centres = naive_seeds(out.rows, clusters, draw);
    out.cluster = naive_nearest(out.rows, out.centres);
    for (std::size_t round = 0; round < rounds; ++round) {
        vectors sums(out.centres.size(), std::vector<double>(embeddings.shape(1)));
        for (std::size_t i = 0; i < out.rows.size(); ++i) {
            for (std::size_t e = 0; e < embeddings.shape(1); ++e) sums[out.cluster[i]][e] += out.rows[i][e];
        }
        for (std::size_t c = 0; c < sums.size(); ++c) {
            if (dot(sums[c], sums[c]) > 0) out.centres[c] = naive_direction(sums[c]);
        }
        const auto next = naive_nearest(out.rows, out.centres);
        if (next == out.cluster) break;
        out.cluster = next;
    }
    return out;
}

} // namespace lipt_test
