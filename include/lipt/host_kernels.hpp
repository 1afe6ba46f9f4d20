// Kernels on plain host memory that every backend living there shares: a row at a time, so that a backend
// decides only how rows are cut and who runs them. Sums run over a fixed number of lanes, in a fixed order:
// the compiler turns them into SIMD without being allowed to reorder floating point, and the result never
// depends on the caller.
#pragma once

#include <lipt/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt::host_kernels {

/// Partial sums kept side by side; a whole number of SIMD registers everywhere.
inline constexpr std::size_t lanes = 16;

/// Adds the lanes in a tree, in an order that does not depend on the processor.
template <class Number>
constexpr Number sum_of(std::array<Number, lanes> sums) noexcept {
    for (std::size_t half = lanes / 2; half > 0; half /= 2) {
        for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
    }
    return sums[0];
}

/// Sum over i of term(i) for i below size, kept in Number.
template <class Number, class Term>
inline Number sum(std::size_t size, Term &&term) noexcept {
    std::size_t i = 0;
    if (size < lanes) {
        // Rows as short as the classes of a small problem: adding up lanes would cost more than the terms.
        Number even{}, odd{};
        for (; i + 2 <= size; i += 2) {
            even += static_cast<Number>(term(i));
            odd += static_cast<Number>(term(i + 1));
        }
        return i < size ? even + odd + static_cast<Number>(term(i)) : even + odd;
    }
    std::array<Number, lanes> sums{};
    for (; i + lanes <= size; i += lanes) {
        for (std::size_t j = 0; j < lanes; ++j) sums[j] += static_cast<Number>(term(i + j));
    }
    // What is left in halves of a register, so that rows shorter than the lanes are not summed one by one.
    const auto rest = [&]<std::size_t Width>() {
        if (size - i < Width) return;
        for (std::size_t j = 0; j < Width; ++j) sums[j] += static_cast<Number>(term(i + j));
        i += Width;
    };
    rest.template operator()<8>();
    rest.template operator()<4>();
    rest.template operator()<2>();
    rest.template operator()<1>();
    return sum_of(sums);
}

/// Dot product in float lanes: what a matrix product is made of.
inline float dot(const float *a, const float *b, std::size_t size) noexcept {
    return sum<float>(size, [=](std::size_t i) { return a[i] * b[i]; });
}

/// Dot product of float vectors with the sum kept in double.
inline double exact_dot(const float *a, const float *b, std::size_t size) noexcept {
    return sum<double>(size, [=](std::size_t i) { return static_cast<double>(a[i]) * b[i]; });
}

/// Squared distance of float vectors. Each difference is rounded to float, so that its square is exact in
/// double and every build, with fused products or without, adds up the same numbers.
inline double square_between(const float *a, const float *b, std::size_t size) noexcept {
    return sum<double>(size, [=](std::size_t i) {
        const float apart = a[i] - b[i];
        return static_cast<double>(apart) * apart;
    });
}

/// sum_j max(similarity[j] - best[j], 0): eight terms a lane in float, then on in double. Never grows when an
/// entry of best grows, rounding included, which is what lets a lazy greedy trust an old gain as an upper
/// bound.
inline float facility_gain(const float *similarity, const float *best, std::size_t size) noexcept {
    // gain + |gain| is exactly twice the positive part, and four times faster here than a comparison.
    const auto term = [=](std::size_t j) {
        const float gain = similarity[j] - best[j];
        return gain + std::abs(gain);
    };
    constexpr std::size_t run = 8 * lanes;
    std::array<double, lanes> sums{};
    std::size_t i = 0;
    for (; i + run <= size; i += run) {
        std::array<float, lanes> part{};
        for (std::size_t step = 0; step < run; step += lanes) {
            for (std::size_t j = 0; j < lanes; ++j) part[j] += term(i + step + j);
        }
        for (std::size_t j = 0; j < lanes; ++j) sums[j] += static_cast<double>(part[j]);
    }
    const double rest = sum<double>(size - i, [&](std::size_t j) { return term(i + j); });
    return static_cast<float>(0.5 * (sum_of(sums) + rest));
}

/// products[j] = -sqrt(max(square + squares[j] - 2 products[j], 0)): from inner products to distances, with
/// the sign that makes near high.
inline void negative_distances(float square, const float *squares, float *products,
                               std::size_t size) noexcept {
    for (std::size_t j = 0; j < size; ++j) {
        const float distance = square + squares[j] - 2.0f * products[j];
        products[j] = -std::sqrt(distance > 0.0f ? distance : 0.0f);
    }
}

/// One row of softmax(logits) - onehot(label). Exponentials and their sum are in double, and the label's own
/// entry is minus the sum of the others: a sample learned to 1e-6 keeps all its digits.
inline void softmax_residual(const float *logits, std::size_t classes, std::size_t label, float *out,
                             std::vector<double> &scratch) {
    scratch.resize(classes);
    const double largest = *std::max_element(logits, logits + classes);
    double others = 0;
    for (std::size_t c = 0; c < classes; ++c) {
        scratch[c] = std::exp(static_cast<double>(logits[c]) - largest);
        if (c != label) others += scratch[c];
    }
    const double inverse = 1.0 / (others + scratch[label]);
    for (std::size_t c = 0; c < classes; ++c) out[c] = static_cast<float>(scratch[c] * inverse);
    out[label] = static_cast<float>(-others * inverse);
}

/// Row of the largest value that is not excluded; `size` if there is none. Ties go to the lowest row, NaN
/// counts as the smallest value.
inline std::size_t arg_max(const float *values, const float *excluded, std::size_t size) noexcept {
    std::size_t best = size;
    for (std::size_t i = 0; i < size; ++i) {
        if (excluded[i] != 0.0f) continue;
        if (best == size || values[i] > values[best] || (std::isnan(values[best]) && !std::isnan(values[i])))
            best = i;
    }
    return best;
}

/// Writes 0 at the `count` entries of smallest magnitude and 1 elsewhere; of equals the lowest index becomes
/// 0 first, NaN counts as the largest. Finds the threshold by histograms of the bits, so nothing is
/// sorted. cost: O(size), no copy of the values; 512 KiB, 2 KiB below 65,536 values
inline void smallest_magnitude_mask(std::span<const float> values, std::size_t count, float *mask) {
    constexpr std::uint32_t sign = 0x80000000u;
    const auto magnitude = [&](std::size_t i) { return std::bit_cast<std::uint32_t>(values[i]) & ~sign; };
    std::fill(mask, mask + values.size(), 1.0f);
    if (count == 0) return;

    // Finite magnitudes order as their bits do: the threshold's are found from the top, a histogram of the
    // next few among the values that have those known so far. Few values get small histograms.
    const unsigned width = values.size() < 65536 ? 8 : 16;
    std::size_t wanted = count;
    std::uint32_t threshold = 0;
    std::vector<std::size_t> histogram;
    for (unsigned left = 31; left > 0;) {
        const unsigned bits = std::min(width, left), before = left;
        left -= bits;
        histogram.assign(std::size_t{1} << bits, 0);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (magnitude(i) >> before == threshold) ++histogram[magnitude(i) >> left & ((1u << bits) - 1)];
        }
        std::uint32_t bin = 0;
        while (histogram[bin] < wanted) wanted -= histogram[bin++];
        threshold = threshold << bits | bin;
    }

    // `wanted` of those at the threshold itself still go, the lowest indices first.
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint32_t here = magnitude(i);
        if (here < threshold) mask[i] = 0.0f;
        if (here == threshold && wanted > 0) {
            mask[i] = 0.0f;
            --wanted;
        }
    }
}

/// Fails unless every label is a class. errors: B02 (names the first such sample)
inline void require_labels(std::span<const std::int32_t> labels, std::size_t classes) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
        require(labels[i] >= 0 && static_cast<std::size_t>(labels[i]) < classes, "B02",
                "tensor: label of row ", i, " is ", labels[i], ", expected 0 to ", classes - 1,
                ": one column of logits a class");
    }
}

/// Fails unless every index is a row. errors: B03 (names the first such index)
inline void require_rows(std::span<const std::int64_t> indices, std::size_t rows) {
    for (const auto index : indices) {
        require(index >= 0 && static_cast<std::size_t>(index) < rows, "B03", "tensor: row ", index,
                " of a matrix of ", rows, " rows: indices count from 0");
    }
}

} // namespace lipt::host_kernels
