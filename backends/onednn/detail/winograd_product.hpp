// The matrix products of Winograd's method, on factors whose rows lie a fixed number of floats apart.
#pragma once

#include <cstddef>

namespace lipt::onednn::detail {

/// Where a product finds its factors: row r of the left one at step k is left[r * left_row + k * left_step],
/// and the right one's step k begins at right[k * right_step]. Rows of the sums are `sums_row` apart.
template <std::size_t LeftRow, std::size_t LeftStep, std::size_t RightStep, std::size_t SumsRow>
struct product_layout {
    static constexpr std::size_t left_row = LeftRow, left_step = LeftStep, right_step = RightStep,
                                 sums_row = SumsRow;
};

/// Cpu names a processor's vectors and how many rows of two of them each stay in its registers.
template <class Cpu>
struct winograd_product {
    using lane = typename Cpu::lane;
    static constexpr std::size_t lanes = Cpu::lanes;

    static lane load(const float *from) { return *reinterpret_cast<const typename Cpu::unaligned *>(from); }
    static void store(float *to, const lane &value) {
        *reinterpret_cast<typename Cpu::unaligned *>(to) = value;
    }

    /// sums (Rows,Vectors*lanes) [+]= left (Rows,steps) * right (steps,Vectors*lanes)
    template <class Layout, std::size_t Rows, std::size_t Vectors>
    static void block(std::size_t steps, const float *left, const float *right, bool add, float *sums) {
        lane sum[Rows][Vectors]{};
        for (std::size_t k = 0; k < steps; ++k) {
            lane column[Vectors];
#pragma GCC unroll 2
            for (std::size_t v = 0; v < Vectors; ++v)
                column[v] = load(right + k * Layout::right_step + v * lanes);
#pragma GCC unroll 14
            for (std::size_t r = 0; r < Rows; ++r) {
                const float value = left[r * Layout::left_row + k * Layout::left_step];
#pragma GCC unroll 2
                for (std::size_t v = 0; v < Vectors; ++v) sum[r][v] += value * column[v];
            }
        }
        for (std::size_t r = 0; r < Rows; ++r) {
            for (std::size_t v = 0; v < Vectors; ++v) {
                float *to = sums + r * Layout::sums_row + v * lanes;
                store(to, add ? load(to) + sum[r][v] : sum[r][v]);
            }
        }
    }

    /// The same for any number of rows: as many as fit in registers at once, then half as many and so on.
    template <class Layout, std::size_t Vectors, std::size_t Rows = Cpu::rows>
    static void rows(std::size_t count, std::size_t steps, const float *left, const float *right, bool add,
                     float *sums) {
        for (; count >= Rows; count -= Rows) {
            block<Layout, Rows, Vectors>(steps, left, right, add, sums);
            left += Rows * Layout::left_row;
            sums += Rows * Layout::sums_row;
        }
        if constexpr (Rows > 1) rows<Layout, Vectors, Rows / 2>(count, steps, left, right, add, sums);
    }
};

} // namespace lipt::onednn::detail
