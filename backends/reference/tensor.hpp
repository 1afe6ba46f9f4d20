// lipt::tensor_backend in plain loops on the core's own matrix: the oracle, and what an embedded target uses.
#pragma once

#include <lipt/host_kernels.hpp>
#include <lipt/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lipt::reference {

/// Models lipt::tensor_backend (contract there); stateless, one thread, no exceptions or RTTI needed.
class tensor {
  public:
    using matrix = host_matrix;

    matrix make(std::size_t rows, std::size_t columns) const { return matrix({rows, columns}, 0.0f); }
    matrix from_host(host_matrix host) const { return host; }
    host_matrix to_host(const matrix &a) const { return a; }
    std::size_t rows(const matrix &a) const { return a.shape(0); }
    std::size_t columns(const matrix &a) const { return a.shape(1); }

    /// c = alpha * op(a) op(b) + beta * c; c must not be a or b. cost: 2 rows columns inner flops
    void gemm(const matrix &a, const matrix &b, matrix &c, const gemm_options &options = {}) const {
        lipt::detail::require_gemm(*this, a, b, c, options);
        const matrix left = options.transpose_a ? transposed(a) : matrix();
        const matrix right = options.transpose_b ? matrix() : transposed(b);
        const matrix &x = options.transpose_a ? left : a;  // (m,inner)
        const matrix &y = options.transpose_b ? b : right; // (n,inner)
        const std::size_t inner = x.shape(1), n = y.shape(0);
        if (options.beta == 0.0f) c = make(x.shape(0), n);
        for (std::size_t i = 0; i < x.shape(0); ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                const float product = options.alpha * host_kernels::dot(row(x, i), row(y, j), inner);
                c(i, j) = options.beta == 0.0f ? product : product + options.beta * c(i, j);
            }
        }
    }

    void combine(float alpha, const matrix &x, float beta, matrix &y) const {
        lipt::detail::require_same(*this, "combine", x, y);
        for (std::size_t i = 0; i < y.size(); ++i) y.data()[i] = alpha * x.data()[i] + beta * y.data()[i];
    }

    void multiply(const matrix &x, matrix &y) const {
        lipt::detail::require_broadcast(*this, "multiply", x, y);
        if (x.shape() == y.shape()) {
            for (std::size_t i = 0; i < y.size(); ++i) y.data()[i] *= x.data()[i];
            return;
        }
        for (std::size_t i = 0; i < y.shape(0); ++i) {
            const float factor = x.data()[i];
            for (std::size_t j = 0; j < y.shape(1); ++j) y(i, j) *= factor;
        }
    }

    void maximum(const matrix &x, matrix &y) const {
        lipt::detail::require_same(*this, "maximum", x, y);
        for (std::size_t i = 0; i < y.size(); ++i) y.data()[i] = std::max(y.data()[i], x.data()[i]);
    }

    matrix row_dots(const matrix &a, const matrix &b) const {
        lipt::detail::require_same(*this, "row_dots", a, b);
        matrix out = make(a.shape(0), 1);
        for (std::size_t i = 0; i < a.shape(0); ++i) {
            out(i, 0) = static_cast<float>(host_kernels::exact_dot(row(a, i), row(b, i), a.shape(1)));
        }
        return out;
    }

    matrix softmax_residual(const matrix &logits, std::span<const std::int32_t> labels) const {
        lipt::detail::require_shape(labels.size() == logits.shape(0), "softmax_residual", logits.shape(0),
                                    logits.shape(1), labels.size(), 1);
        host_kernels::require_labels(labels, logits.shape(1));
        matrix out = make(logits.shape(0), logits.shape(1));
        std::vector<double> scratch;
        for (std::size_t i = 0; i < labels.size(); ++i) {
            host_kernels::softmax_residual(row(logits, i), logits.shape(1),
                                           static_cast<std::size_t>(labels[i]), out.data() + i * out.shape(1),
                                           scratch);
        }
        return out;
    }

    matrix gather_rows(const matrix &a, std::span<const std::int64_t> indices) const {
        host_kernels::require_rows(indices, a.shape(0));
        matrix out = make(indices.size(), a.shape(1));
        for (std::size_t i = 0; i < indices.size(); ++i) {
            const float *from = row(a, static_cast<std::size_t>(indices[i]));
            std::copy(from, from + a.shape(1), out.data() + i * a.shape(1));
        }
        return out;
    }

    matrix column_means(const matrix &a) const {
        lipt::detail::require_shape(a.shape(0) > 0, "column_means", a.shape(0), a.shape(1), 1, a.shape(1));
        std::vector<double> sums(a.shape(1));
        for (std::size_t i = 0; i < a.shape(0); ++i) {
            for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += row(a, i)[j];
        }
        matrix out = make(1, sums.size());
        for (std::size_t j = 0; j < sums.size(); ++j) {
            out(0, j) = static_cast<float>(sums[j] / static_cast<double>(a.shape(0)));
        }
        return out;
    }

    matrix smallest_magnitude_mask(const matrix &a, std::size_t count) const {
        lipt::detail::require_count(count, a.size());
        matrix out = make(a.shape(0), a.shape(1));
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
        for (std::size_t i = 0; i < similarity.shape(0); ++i) {
            out(i, 0) = host_kernels::facility_gain(row(similarity, i), best.data(), similarity.shape(1));
        }
        return out;
    }

    void negative_distances(const matrix &a, const matrix &b, matrix &y) const {
        lipt::detail::require_borders(*this, "negative_distances", a, b, y);
        for (std::size_t i = 0; i < y.shape(0); ++i) {
            host_kernels::negative_distances(a.data()[i], b.data(), y.data() + i * y.shape(1), y.shape(1));
        }
    }

  private:
    static const float *row(const matrix &a, std::size_t i) { return a.data() + i * a.shape(1); }

    static matrix transposed(const matrix &a) {
        matrix out = matrix::from_shape({a.shape(1), a.shape(0)});
        for (std::size_t i = 0; i < a.shape(0); ++i) {
            for (std::size_t j = 0; j < a.shape(1); ++j) out(j, i) = a(i, j);
        }
        return out;
    }
};

static_assert(tensor_backend<tensor>);

} // namespace lipt::reference
