// The first seam: what the algorithms compute with. Masks, soup and every selector are written once over
// these few kernels, so they run where the data is: plain loops, BLAS and TBB, or a GPU.
#pragma once

#include <lipt/error.hpp>
#include <lipt/xtensor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lipt {

/// A dense float32 matrix in host memory, row-major: what enters and leaves a tensor backend.
using host_matrix = xt::xtensor<float, 2, xt::layout_type::row_major>;

/// How `gemm` combines: c = alpha * op(a) op(b) + beta * c.
struct gemm_options {
    bool transpose_a = false;
    bool transpose_b = false;
    float alpha = 1.0f;
    float beta = 0.0f; ///< 0: c's old values are not read, and c is given its shape
};

/// A dense matrix type and its kernels. Vectors are matrices of one column (a value a row) or one row.
/// Contract, each line a test of tests/conformance:
/// 1. `make(rows, columns)` is all zeros; `from_host` and `to_host` copy, and to_host(from_host(x)) is x,
///    bit for bit.
/// 2. `gemm` as in gemm_options; a one-column b is a GEMV. Each element is a dot product of fixed order: no
///    result depends on the number of threads.
/// 3. `combine(alpha, x, beta, y)`: y = alpha*x + beta*y, same shape.
/// 4. `multiply(x, y)`: y = x .* y, where x has y's shape, or y's rows and one column, which is repeated.
/// 5. `maximum(x, y)`: y = max(x, y), element by element, same shape.
/// 6. `row_dots(a, b)`: (rows,1), the dot product of each row of a with the same row of b.
/// 7. `softmax_residual(logits, labels)`: (N,C) softmax(row) - onehot(label), stable for any finite logits.
/// 8. `gather_rows(a, indices)`: rows of a in that order, repeats allowed.
/// 9. `column_means(a)`: (1,columns); sums are kept in double or in a tree, so that N of millions loses
///    nothing.
/// 10. `smallest_magnitude_mask(a, count)`: a's shape, 0 at the `count` entries of smallest |a|, 1 elsewhere;
///     of equal magnitudes the lowest index (row-major) becomes 0 first.
/// 11. `arg_max(values, excluded)`: the row of the largest of values (n,1) where excluded (n,1) is 0; ties go
///     to the lowest row; all excluded is an error. NaN counts as the smallest value.
/// 12. `set(a, row, column, value)` and `get(a, row, column)`: one element.
/// 13. `facility_gain(similarity, best)`: (m,1), sum_j max(similarity(i,j) - best(0,j), 0) for each row i of
///     (m,n).
/// 14. `negative_distances(a, b, y)`: y(i,j) = -sqrt(max(a(i,0) + b(0,j) - 2 y(i,j), 0)): from the inner
///     products y (m,n) of vectors and their squared lengths a (m,1), b (1,n).
///
/// Shapes that do not fit raise an error (B-ids) before anything is written.
template <class Tensor>
concept tensor_backend = requires(const Tensor tensor, const typename Tensor::matrix &a,
                                  typename Tensor::matrix &out, const host_matrix &host, std::size_t size,
                                  float scalar, std::span<const std::int32_t> labels,
                                  std::span<const std::int64_t> indices, const gemm_options &options) {
    requires std::semiregular<typename Tensor::matrix>; // one made of nothing is only assigned to
    { tensor.make(size, size) } -> std::same_as<typename Tensor::matrix>;
    { tensor.from_host(host) } -> std::same_as<typename Tensor::matrix>;
    { tensor.to_host(a) } -> std::same_as<host_matrix>;
    { tensor.rows(a) } -> std::same_as<std::size_t>;
    { tensor.columns(a) } -> std::same_as<std::size_t>;
    { tensor.gemm(a, a, out, options) } -> std::same_as<void>;
    { tensor.combine(scalar, a, scalar, out) } -> std::same_as<void>;
    { tensor.multiply(a, out) } -> std::same_as<void>;
    { tensor.maximum(a, out) } -> std::same_as<void>;
    { tensor.row_dots(a, a) } -> std::same_as<typename Tensor::matrix>;
    { tensor.softmax_residual(a, labels) } -> std::same_as<typename Tensor::matrix>;
    { tensor.gather_rows(a, indices) } -> std::same_as<typename Tensor::matrix>;
    { tensor.column_means(a) } -> std::same_as<typename Tensor::matrix>;
    { tensor.smallest_magnitude_mask(a, size) } -> std::same_as<typename Tensor::matrix>;
    { tensor.arg_max(a, a) } -> std::same_as<std::int64_t>;
    { tensor.set(out, size, size, scalar) } -> std::same_as<void>;
    { tensor.get(a, size, size) } -> std::same_as<float>;
    { tensor.facility_gain(a, a) } -> std::same_as<typename Tensor::matrix>;
    { tensor.negative_distances(a, a, out) } -> std::same_as<void>;
};

namespace detail {

/// The shape checks that every backend makes, in one place. errors: B01
inline void require_shape(bool fits, std::string_view kernel, std::size_t rows_a, std::size_t columns_a,
                          std::size_t rows_b, std::size_t columns_b) {
    require(fits, "B01", "tensor: ", kernel, " of (", rows_a, ",", columns_a, ") and (", rows_b, ",",
            columns_b, "): the shapes do not fit");
}

/// Two matrices of one shape. errors: B01
template <class Tensor, class Matrix>
void require_same(const Tensor &tensor, std::string_view kernel, const Matrix &a, const Matrix &b) {
    require_shape(tensor.rows(a) == tensor.rows(b) && tensor.columns(a) == tensor.columns(b), kernel,
                  tensor.rows(a), tensor.columns(a), tensor.rows(b), tensor.columns(b));
}

/// x of y's shape, or of one column that is repeated. errors: B01
template <class Tensor, class Matrix>
void require_broadcast(const Tensor &tensor, std::string_view kernel, const Matrix &x, const Matrix &y) {
    const bool repeated = tensor.columns(x) == 1 && tensor.rows(x) == tensor.rows(y);
    if (!repeated) require_same(tensor, kernel, x, y);
}

/// Two columns (n,1). errors: B01
template <class Tensor, class Matrix>
void require_column(const Tensor &tensor, std::string_view kernel, const Matrix &a, const Matrix &b) {
    require_shape(tensor.columns(a) == 1 && tensor.columns(b) == 1 && tensor.rows(a) == tensor.rows(b),
                  kernel, tensor.rows(a), tensor.columns(a), tensor.rows(b), tensor.columns(b));
}

/// op(a) op(b), and c of that shape where its old values count. errors: B01
template <class Tensor, class Matrix>
void require_gemm(const Tensor &tensor, const Matrix &a, const Matrix &b, const Matrix &c,
                  const gemm_options &options) {
    const std::size_t rows = options.transpose_a ? tensor.columns(a) : tensor.rows(a);
    const std::size_t inner_a = options.transpose_a ? tensor.rows(a) : tensor.columns(a);
    const std::size_t inner_b = options.transpose_b ? tensor.columns(b) : tensor.rows(b);
    const std::size_t columns = options.transpose_b ? tensor.rows(b) : tensor.columns(b);
    require_shape(inner_a == inner_b, "gemm", rows, inner_a, inner_b, columns);
    require_shape(options.beta == 0.0f || (tensor.rows(c) == rows && tensor.columns(c) == columns),
                  "gemm with beta", rows, columns, tensor.rows(c), tensor.columns(c));
}

/// A column with a value for each of y's rows, and a row with one for each of its columns. errors: B01
template <class Tensor, class Matrix>
void require_borders(const Tensor &tensor, std::string_view kernel, const Matrix &a, const Matrix &b,
                     const Matrix &y) {
    require_shape(tensor.columns(a) == 1 && tensor.rows(a) == tensor.rows(y), kernel, tensor.rows(y),
                  tensor.columns(y), tensor.rows(a), tensor.columns(a));
    require_shape(tensor.rows(b) == 1 && tensor.columns(b) == tensor.columns(y), kernel, tensor.rows(y),
                  tensor.columns(y), tensor.rows(b), tensor.columns(b));
}

/// At most as many entries as there are. errors: B04
inline void require_count(std::size_t count, std::size_t size) {
    require(count <= size, "B04", "tensor: ", count, " entries of ", size, ": take at most all of them");
}

/// At least one row that is not excluded. errors: B05
inline void require_candidate(bool found, std::size_t rows) {
    require(found, "B05", "tensor: arg_max of ", rows, " rows, all excluded: leave at least one");
}

} // namespace detail
} // namespace lipt
