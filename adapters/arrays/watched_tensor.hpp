// A tensor backend that calls back before each of its kernels, so that any method can be stopped.
#pragma once

#include <lipt/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

namespace lipt::arrays {

/// Models lipt::tensor_backend by another that does, and calls `between` first; what that throws leaves the
/// kernel's operands as they were. Every method but zcore, whose draws are one long step, goes through
/// kernels at each of its picks or blocks.
template <tensor_backend Tensor>
class watched_tensor {
  public:
    using matrix = typename Tensor::matrix;

    watched_tensor(const Tensor &tensor, const std::function<void()> &between)
        : tensor_(tensor), between_(between) {}

    matrix make(std::size_t rows, std::size_t columns) const { return tensor_.make(rows, columns); }
    matrix from_host(host_matrix host) const { return watched().from_host(std::move(host)); }
    host_matrix to_host(const matrix &a) const { return watched().to_host(a); }
    std::size_t rows(const matrix &a) const { return tensor_.rows(a); }
    std::size_t columns(const matrix &a) const { return tensor_.columns(a); }
    void gemm(const matrix &a, const matrix &b, matrix &c, const gemm_options &options = {}) const {
        watched().gemm(a, b, c, options);
    }
    void combine(float alpha, const matrix &x, float beta, matrix &y) const {
        watched().combine(alpha, x, beta, y);
    }
    void multiply(const matrix &x, matrix &y) const { watched().multiply(x, y); }
    void maximum(const matrix &x, matrix &y) const { watched().maximum(x, y); }
    matrix row_dots(const matrix &a, const matrix &b) const { return watched().row_dots(a, b); }
    matrix softmax_residual(const matrix &logits, std::span<const std::int32_t> labels) const {
        return watched().softmax_residual(logits, labels);
    }
    matrix gather_rows(const matrix &a, std::span<const std::int64_t> indices) const {
        return watched().gather_rows(a, indices);
    }
    matrix column_means(const matrix &a) const { return watched().column_means(a); }
    matrix smallest_magnitude_mask(const matrix &a, std::size_t count) const {
        return watched().smallest_magnitude_mask(a, count);
    }
    std::int64_t arg_max(const matrix &values, const matrix &excluded) const {
        return watched().arg_max(values, excluded);
    }
    void set(matrix &a, std::size_t row, std::size_t column, float value) const {
        tensor_.set(a, row, column, value);
    }
    float get(const matrix &a, std::size_t row, std::size_t column) const {
        return tensor_.get(a, row, column);
    }
    matrix facility_gain(const matrix &similarity, const matrix &best) const {
        return watched().facility_gain(similarity, best);
    }
    void negative_distances(const matrix &a, const matrix &b, matrix &y) const {
        watched().negative_distances(a, b, y);
    }

  private:
    const Tensor &watched() const {
        if (between_) between_();
        return tensor_;
    }

    const Tensor &tensor_;
    const std::function<void()> &between_;
};

} // namespace lipt::arrays
