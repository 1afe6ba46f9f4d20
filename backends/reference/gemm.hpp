// A small blocked matrix product: what the reference backend spends its time in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace lipt::reference {

/// A matrix to read, anywhere in memory; swapping the strides transposes it.
struct matrix_view {
    const float *data = nullptr;
    std::size_t row_stride = 0;
    std::size_t column_stride = 1;
};

/// Extents of c = a b: a (rows,depth), b (depth,columns), c (rows,columns).
struct gemm_extents {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::size_t depth = 0;
};

/// Multiplies float matrices with sums in double, so that each element of the product is right to its last
/// bit or so; holds the packed factors, so that nothing is allocated in a loop. source: [Goto2008] packed
/// panels, one register tile at a time
class gemm_workspace {
  public:
    /// c = a b, c row-major without gaps. The order of each element's sum is that of depth.
    /// cost: O(rows columns depth)
    void multiply(const gemm_extents &extents, matrix_view a, matrix_view b, float *c) {
        pack<tile_rows>(a.data, a.row_stride, a.column_stride, extents.rows, extents.depth, a_);
        const std::size_t panels = packed_values / (tile_columns * std::max<std::size_t>(extents.depth, 1));
        const std::size_t block = std::max<std::size_t>(panels, 1) * tile_columns;
        for (std::size_t column = 0; column < extents.columns; column += block) {
            const std::size_t wide = std::min(block, extents.columns - column);
            pack<tile_columns>(b.data + column * b.column_stride, b.column_stride, b.row_stride, wide,
                               extents.depth, b_);
            multiply_block(extents, wide, c + column);
        }
    }

  private:
    // A tile of 6 by 8 doubles fills twelve of the sixteen AVX registers; 32768 packed doubles are 256 KiB,
    // half of a usual second-level cache.
    static constexpr std::size_t tile_rows = 6;
    static constexpr std::size_t tile_columns = 8;
    static constexpr std::size_t packed_values = 32768;
    using tile = double[tile_rows][tile_columns];

    /// Lays `lines` lines of `depth` values out as panels of `Width` lines, depth outermost, filled up with
    /// zeros.
    template <std::size_t Width>
    static void pack(const float *source, std::size_t line_stride, std::size_t depth_stride,
                     std::size_t lines, std::size_t depth, std::vector<double> &out) {
        out.resize((lines + Width - 1) / Width * Width * depth);
        double *panel = out.data();
        for (std::size_t line = 0; line < lines; line += Width, panel += Width * depth) {
            const float *from = source + line * line_stride;
            const std::size_t filled = std::min(Width, lines - line);
            if (filled < Width) std::fill_n(panel, Width * depth, 0.0);
            if (line_stride == 1) {
                for (std::size_t d = 0; d < depth; ++d) {
                    std::copy_n(from + d * depth_stride, filled, panel + d * Width);
                }
            } else {
                for (std::size_t l = 0; l < filled; ++l) {
                    for (std::size_t d = 0; d < depth; ++d) {
                        panel[d * Width + l] = static_cast<double>(from[l * line_stride + d * depth_stride]);
                    }
                }
            }
        }
    }

    /// The packed block of b, `wide` columns, against all of a.
    void multiply_block(const gemm_extents &extents, std::size_t wide, float *c) const {
        for (std::size_t column = 0; column < wide; column += tile_columns) {
            for (std::size_t row = 0; row < extents.rows; row += tile_rows) {
                tile sums;
                multiply_panels(a_.data() + row * extents.depth, b_.data() + column * extents.depth,
                                extents.depth, sums);
                const std::size_t high = std::min(tile_rows, extents.rows - row);
                const std::size_t across = std::min(tile_columns, wide - column);
                for (std::size_t r = 0; r < high; ++r) {
                    float *to = c + (row + r) * extents.columns + column;
                    for (std::size_t j = 0; j < across; ++j) to[j] = static_cast<float>(sums[r][j]);
                }
            }
        }
    }

    /// One panel of a against one of b.
    static void multiply_panels(const double *a, const double *b, std::size_t depth, tile &result) {
        // GCC's own vectoriser leaves a plain array of sums in memory, at a tenth of the speed; its vector
        // type, which Clang has too and any processor can run, stays in registers.
        using lanes = double __attribute__((vector_size(4 * sizeof(double))));
        lanes sums[tile_rows][2] = {};
        for (std::size_t d = 0; d < depth; ++d) {
            lanes left, right;
            std::memcpy(&left, b + d * tile_columns, sizeof left);
            std::memcpy(&right, b + d * tile_columns + 4, sizeof right);
#pragma GCC unroll 6
            for (std::size_t r = 0; r < tile_rows; ++r) {
                const double factor = a[d * tile_rows + r];
                sums[r][0] += factor * left;
                sums[r][1] += factor * right;
            }
        }
        std::memcpy(result, sums, sizeof result);
    }

    std::vector<double> a_, b_;
};

} // namespace lipt::reference
