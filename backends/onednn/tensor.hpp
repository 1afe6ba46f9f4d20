// lipt::tensor_backend on all cores: matrix products by xtensor-blas on one BLAS thread, cut into tiles that
// TBB runs; everything else row by row. Tiles depend on the shapes alone, so results do not depend on the
// threads.
#pragma once

#include <lipt/backends/onednn/threads.hpp>
#include <lipt/host_kernels.hpp>
#include <lipt/tensor.hpp>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <xtensor-blas/xblas.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#if defined(__AVX__)
#include <immintrin.h>
#endif

extern "C" void openblas_set_num_threads(int threads);

namespace lipt::onednn {

/// Models lipt::tensor_backend (contract there). Copies share their threads; one call at a time a copy.
/// OpenBLAS is set to one thread for the whole process: the threads here are the only ones.
class tensor {
  public:
    using matrix = host_matrix;

    /// errors: O01 no thread
    explicit tensor(std::size_t threads = 1) {
        require(threads > 0, "O01", "onednn: 0 threads, expected at least 1");
        openblas_set_num_threads(1);
        const std::size_t started = detail::usable_threads(threads);
        if (started > 1) arena_ = std::make_shared<tbb::task_arena>(static_cast<int>(started));
    }

    matrix make(std::size_t rows, std::size_t columns) const { return matrix({rows, columns}, 0.0f); }
    matrix from_host(host_matrix host) const { return host; }
    host_matrix to_host(const matrix &a) const { return a; }
    std::size_t rows(const matrix &a) const { return a.shape(0); }
    std::size_t columns(const matrix &a) const { return a.shape(1); }

    /// c = alpha * op(a) op(b) + beta * c; c must not be a or b. cost: 2 rows columns inner flops
    void gemm(const matrix &a, const matrix &b, matrix &c, const gemm_options &options = {}) const {
        lipt::detail::require_gemm(*this, a, b, c, options);
        const std::size_t m = options.transpose_a ? a.shape(1) : a.shape(0);
        const std::size_t inner = options.transpose_a ? a.shape(0) : a.shape(1);
        const std::size_t n = options.transpose_b ? b.shape(0) : b.shape(1);
        if (options.beta == 0.0f && (c.shape(0) != m || c.shape(1) != n)) c = matrix::from_shape({m, n});
        if (c.size() == 0) return;
        if (inner == 0) {
            run_ranges(c.size(), [&](std::size_t first, std::size_t last) {
                for (std::size_t i = first; i < last; ++i) {
                    c.data()[i] = options.beta == 0.0f ? 0.0f : options.beta * c.data()[i];
                }
            });
            return;
        }
        if (options.transpose_b && n > 1 && n <= 64 && m > 8 * n) {
            // A few long columns: BLAS takes b as (inner,n) twice as fast, and turning it costs next to
            // nothing.
            auto turned = options;
            turned.transpose_b = false;
            gemm(a, transposed(b), c, turned);
            return;
        }
        // Tasks of ten to twenty microseconds hide TBB's cost: half a million multiply-adds, or half of that
        // where each number is used once. Tiles of at least 128 x 512 keep BLAS near its peak.
        const std::size_t work = std::size_t{1} << (m == 1 || n == 1 ? 18 : 19);
        const std::size_t tile_rows = std::min(m, std::max<std::size_t>(128, work / (n * inner)));
        const std::size_t tile_columns = std::max<std::size_t>(512, work / (tile_rows * inner));
        const std::size_t across = (n + tile_columns - 1) / tile_columns;
        run((m + tile_rows - 1) / tile_rows * across, [&](std::size_t task) {
            const std::size_t row = task / across * tile_rows, column = task % across * tile_columns;
            multiply_tile(a, b, c, options, row, std::min(tile_rows, m - row), column,
                          std::min(tile_columns, n - column));
        });
    }

    void combine(float alpha, const matrix &x, float beta, matrix &y) const {
        lipt::detail::require_same(*this, "combine", x, y);
        const float *from = x.data();
        float *to = y.data();
        run_ranges(y.size(), [=](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) to[i] = alpha * from[i] + beta * to[i];
        });
    }

    void multiply(const matrix &x, matrix &y) const {
        lipt::detail::require_broadcast(*this, "multiply", x, y);
        const float *from = x.data();
        float *to = y.data();
        if (x.shape() == y.shape()) {
            run_ranges(y.size(), [=](std::size_t first, std::size_t last) {
                for (std::size_t i = first; i < last; ++i) to[i] *= from[i];
            });
            return;
        }
        const std::size_t width = y.shape(1);
        run_rows(y, [=](std::size_t i) {
            for (std::size_t j = 0; j < width; ++j) to[i * width + j] *= from[i];
        });
    }

    void maximum(const matrix &x, matrix &y) const {
        lipt::detail::require_same(*this, "maximum", x, y);
        const float *from = x.data();
        float *to = y.data();
        run_ranges(y.size(), [=](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) to[i] = std::max(to[i], from[i]);
        });
    }

    matrix row_dots(const matrix &a, const matrix &b) const {
        lipt::detail::require_same(*this, "row_dots", a, b);
        matrix out = make(a.shape(0), 1);
        run_rows(a, [&](std::size_t i) {
            out.data()[i] = static_cast<float>(host_kernels::exact_dot(row(a, i), row(b, i), a.shape(1)));
        });
        return out;
    }

    matrix softmax_residual(const matrix &logits, std::span<const std::int32_t> labels) const {
        lipt::detail::require_shape(labels.size() == logits.shape(0), "softmax_residual", logits.shape(0),
                                    logits.shape(1), labels.size(), 1);
        host_kernels::require_labels(labels, logits.shape(1));
        matrix out = matrix::from_shape({logits.shape(0), logits.shape(1)});
        run_blocks(labels.size(), 256, [&](std::size_t, std::size_t first, std::size_t last) {
            std::vector<double> scratch;
            for (std::size_t i = first; i < last; ++i) {
                host_kernels::softmax_residual(row(logits, i), logits.shape(1),
                                               static_cast<std::size_t>(labels[i]),
                                               out.data() + i * out.shape(1), scratch);
            }
        });
        return out;
    }

    matrix gather_rows(const matrix &a, std::span<const std::int64_t> indices) const {
        host_kernels::require_rows(indices, a.shape(0));
        matrix out = matrix::from_shape({indices.size(), a.shape(1)});
        run_rows(out, [&](std::size_t i) {
            std::copy_n(row(a, static_cast<std::size_t>(indices[i])), a.shape(1),
                        out.data() + i * a.shape(1));
        });
        return out;
    }

    matrix column_means(const matrix &a) const {
        lipt::detail::require_shape(a.shape(0) > 0, "column_means", a.shape(0), a.shape(1), 1, a.shape(1));
        constexpr std::size_t block = 4096;
        const std::size_t width = a.shape(1), blocks = (a.shape(0) + block - 1) / block;
        std::vector<double> sums(blocks * width);
        run_blocks(a.shape(0), block, [&](std::size_t b, std::size_t first, std::size_t last) {
            double *to = sums.data() + b * width;
            for (std::size_t i = first; i < last; ++i) {
                for (std::size_t j = 0; j < width; ++j) to[j] += static_cast<double>(row(a, i)[j]);
            }
        });
        matrix out = matrix::from_shape({1, width});
        for (std::size_t j = 0; j < width; ++j) {
            double sum = 0;
            for (std::size_t b = 0; b < blocks; ++b) sum += sums[b * width + j];
            out(0, j) = static_cast<float>(sum / static_cast<double>(a.shape(0)));
        }
        return out;
    }

    matrix smallest_magnitude_mask(const matrix &a, std::size_t count) const {
        lipt::detail::require_count(count, a.size());
        matrix out = matrix::from_shape({a.shape(0), a.shape(1)});
        host_kernels::smallest_magnitude_mask({a.data(), a.size()}, count, out.data());
        return out;
    }

    std::int64_t arg_max(const matrix &values, const matrix &excluded) const {
        lipt::detail::require_column(*this, "arg_max", values, excluded);
        const std::size_t found = host_kernels::arg_max(values.data(), excluded.data(), values.size());
        lipt::detail::require_candidate(found < values.size(), values.size());
        return static_cast<std::int64_t>(found);
    }

    void set(matrix &a, std::size_t row, std::size_t column, float value) const {
        lipt::detail::require_shape(row < a.shape(0) && column < a.shape(1), "set", a.shape(0), a.shape(1),
                                    row, column);
        a(row, column) = value;
    }
    float get(const matrix &a, std::size_t row, std::size_t column) const {
        lipt::detail::require_shape(row < a.shape(0) && column < a.shape(1), "get", a.shape(0), a.shape(1),
                                    row, column);
        return a(row, column);
    }

    matrix facility_gain(const matrix &similarity, const matrix &best) const {
        lipt::detail::require_shape(best.shape(0) == 1 && best.shape(1) == similarity.shape(1),
                                    "facility_gain", similarity.shape(0), similarity.shape(1), best.shape(0),
                                    best.shape(1));
        matrix out = make(similarity.shape(0), 1);
        run_rows(similarity, [&](std::size_t i) {
            out.data()[i] = host_kernels::facility_gain(row(similarity, i), best.data(), similarity.shape(1));
        });
        return out;
    }

    void negative_distances(const matrix &a, const matrix &b, matrix &y) const {
        lipt::detail::require_borders(*this, "negative_distances", a, b, y);
        run_rows(y, [&](std::size_t i) {
            negative_distances_of_row(a.data()[i], b.data(), y.data() + i * y.shape(1), y.shape(1));
        });
    }

  private:
    /// host_kernels::negative_distances, eight at a time where the processor can: compilers leave square
    /// roots one by one, since each might have to set errno.
    static void negative_distances_of_row(float square, const float *squares, float *products,
                                          std::size_t size) {
        std::size_t j = 0;
#if defined(__AVX__)
        const __m256 own = _mm256_set1_ps(square), zero = _mm256_setzero_ps();
        for (; j + 8 <= size; j += 8) {
            const __m256 product = _mm256_loadu_ps(products + j);
            const __m256 sum = _mm256_add_ps(own, _mm256_loadu_ps(squares + j));
            const __m256 distance = _mm256_sub_ps(sum, _mm256_add_ps(product, product));
            const __m256 root = _mm256_sqrt_ps(_mm256_max_ps(distance, zero));
            _mm256_storeu_ps(products + j, _mm256_sub_ps(zero, root));
        }
#endif
        host_kernels::negative_distances(square, squares + j, products + j, size - j);
    }

    static const float *row(const matrix &a, std::size_t i) { return a.data() + i * a.shape(1); }

    static matrix transposed(const matrix &a) {
        matrix out = matrix::from_shape({a.shape(1), a.shape(0)});
        for (std::size_t i = 0; i < a.shape(0); ++i) {
            for (std::size_t j = 0; j < a.shape(1); ++j) out(j, i) = a(i, j);
        }
        return out;
    }

    /// One tile of c, rows [row, row + height) and columns [column, column + width).
    static void multiply_tile(const matrix &a, const matrix &b, matrix &c, const gemm_options &options,
                              std::size_t row, std::size_t height, std::size_t column, std::size_t width) {
        using cxxblas::StorageOrder, cxxblas::Transpose;
        const auto index = [](std::size_t size) { return static_cast<xt::blas_index_t>(size); };
        const float *left = a.data() + (options.transpose_a ? row : row * a.shape(1));
        const float *right = b.data() + (options.transpose_b ? column * b.shape(1) : column);
        const std::size_t inner = options.transpose_a ? a.shape(0) : a.shape(1);
        float *out = c.data() + row * c.shape(1) + column;
        const auto vector = [&](const float *x, bool transpose, std::size_t outputs, const float *from,
                                std::size_t stride) {
            cxxblas::gemv(StorageOrder::RowMajor, transpose ? Transpose::Trans : Transpose::NoTrans,
                          index(transpose ? inner : outputs), index(transpose ? outputs : inner),
                          options.alpha, from, index(stride), x, index(1), options.beta, out, index(1));
        };
        if (c.shape(1) == 1) return vector(right, options.transpose_a, height, left, a.shape(1));
        if (c.shape(0) == 1) return vector(left, !options.transpose_b, width, right, b.shape(1));
        cxxblas::gemm(StorageOrder::RowMajor, options.transpose_a ? Transpose::Trans : Transpose::NoTrans,
                      options.transpose_b ? Transpose::Trans : Transpose::NoTrans, index(height),
                      index(width), index(inner), options.alpha, left, index(a.shape(1)), right,
                      index(b.shape(1)), options.beta, out, index(c.shape(1)));
    }

    /// Calls body(task) for every task, on the threads of the arena or here.
    template <class Body>
    void run(std::size_t tasks, const Body &body) const {
        if (!arena_ || tasks < 2) {
            for (std::size_t task = 0; task < tasks; ++task) body(task);
            return;
        }
        arena_->execute([&] { tbb::parallel_for(std::size_t{0}, tasks, body, tbb::simple_partitioner()); });
    }

    /// Calls body(block, first, last) for every block of `length` out of `size`.
    template <class Body>
    void run_blocks(std::size_t size, std::size_t length, const Body &body) const {
        run((size + length - 1) / length,
            [&](std::size_t block) { body(block, block * length, std::min(size, (block + 1) * length)); });
    }

    /// Calls body(first, last) for parts of 0..size-1, where each element is on its own.
    template <class Body>
    void run_ranges(std::size_t size, const Body &body) const {
        run_blocks(size, grain, [&](std::size_t, std::size_t first, std::size_t last) { body(first, last); });
    }

    /// Calls body(row) for every row of a, where each row is on its own.
    template <class Body>
    void run_rows(const matrix &a, const Body &body) const {
        const std::size_t length = std::max<std::size_t>(1, grain / std::max<std::size_t>(1, a.shape(1)));
        run_blocks(a.shape(0), length, [&](std::size_t, std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) body(i);
        });
    }

    /// Elements a task: some ten microseconds of work, so that TBB's own two do not matter.
    static constexpr std::size_t grain = std::size_t{1} << 15;

    std::shared_ptr<tbb::task_arena> arena_;
};

static_assert(tensor_backend<tensor>);

} // namespace lipt::onednn
