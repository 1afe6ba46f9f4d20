// The small dense systems of matching pursuit, in double: a Cholesky factor that grows by one row a pick, and
// non-negative least squares.
#pragma once

#include <lipt/error.hpp>
#include <lipt/host_kernels.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// L of A = L L^T, one row at a time; A is never stored. shapes: L (t,t) packed, row i has i+1 entries
class growing_cholesky {
  public:
    std::size_t size() const noexcept { return size_; }

    /// Adds a row and column of A: its entries with the rows before, and its diagonal last.
    /// shapes: row (t+1). errors: C12 A is not positive definite. cost: t^2 flops
    void append(std::span<const double> row) {
        std::vector<double> added(row.begin(), row.end());
        for (std::size_t j = 0; j < size_; ++j)
            added[j] = (added[j] - dot(at(j), added.data(), j)) / at(j)[j];
        const double pivot = added[size_] - dot(added.data(), added.data(), size_);
        require(pivot > 0, "C12", "least squares: row ", size_, " depends on those before it (pivot ", pivot,
                "): use a larger ridge");
        added[size_] = std::sqrt(pivot);
        packed_.insert(packed_.end(), added.begin(), added.end());
        ++size_;
    }

    /// Entry i of L^-1 b, given the entries before it. cost: 2 i flops
    double forward(std::size_t i, double b, std::span<const double> before) const {
        return (b - dot(at(i), before.data(), i)) / at(i)[i];
    }

    /// x with L^T x = y, in place. shapes: y (t). cost: t^2 flops
    void backward(std::span<double> y) const {
        for (std::size_t i = size_; i-- > 0;) {
            y[i] /= at(i)[i];
            const double *row = at(i);
            for (std::size_t j = 0; j < i; ++j) y[j] -= y[i] * row[j];
        }
    }

    /// x with A x = b. shapes: b (t). cost: 2 t^2 flops
    std::vector<double> solve(std::span<const double> b) const {
        std::vector<double> x(size_);
        for (std::size_t i = 0; i < size_; ++i) x[i] = forward(i, b[i], x);
        backward(x);
        return x;
    }

  private:
    const double *at(std::size_t row) const { return packed_.data() + row * (row + 1) / 2; }
    static double dot(const double *a, const double *b, std::size_t size) {
        return host_kernels::sum<double>(size, [=](std::size_t i) { return a[i] * b[i]; });
    }

    std::vector<double> packed_;
    std::size_t size_ = 0;
};

namespace detail {

/// M^2 of a symmetric M. shapes: (k,k)
inline std::vector<double> square(std::span<const double> symmetric, std::size_t size) {
    std::vector<double> out(size * size);
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            const double *a = symmetric.data() + i * size, *b = symmetric.data() + j * size;
            out[i * size + j] = out[j * size + i] =
                host_kernels::sum<double>(size, [=](std::size_t p) { return a[p] * b[p]; });
        }
    }
    return out;
}

} // namespace detail

/// x >= 0 that minimises |M x - c|, for a symmetric positive definite M, by block principal pivoting from the
/// signs of the free solution `start` of M x = c. shapes: matrix (k,k), c (k), start (k). errors: C13 no
/// convergence cost: nothing where start >= 0; otherwise k^3 flops and a factor of the free part a step, a
/// few steps. source: [Kim2011] Algorithm 1, with Murty's rule where it stalls
inline std::vector<double> nonnegative_least_squares(std::span<const double> matrix,
                                                     std::span<const double> c, std::vector<double> start) {
    const std::size_t size = c.size();
    std::vector<std::uint8_t> is_free(size);
    std::size_t negative = 0;
    for (std::size_t i = 0; i < size; ++i) negative += (is_free[i] = start[i] > 0) ? 0 : 1;
    if (negative == 0) return start;

    const auto normal = detail::square(matrix, size);
    std::vector<double> right(size);
    double scale = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const double *row = matrix.data() + i * size;
        right[i] = host_kernels::sum<double>(size, [=](std::size_t p) { return row[p] * c[p]; });
        scale = std::max(scale, std::abs(right[i]));
    }
    // Multipliers are compared with this, far above their rounding and far below what would move a weight.
    const double tolerance = 1e-12 * scale * static_cast<double>(size);
    std::size_t fewest = size + 1, patience = 3;
    for (std::size_t step = 0; step < 100 + 10 * size; ++step) {
        std::vector<std::size_t> part;
        for (std::size_t i = 0; i < size; ++i) {
            if (is_free[i]) part.push_back(i);
        }
        growing_cholesky factor;
        std::vector<double> row, b;
        for (std::size_t t = 0; t < part.size(); ++t) {
            row.resize(t + 1);
            for (std::size_t s = 0; s <= t; ++s) row[s] = normal[part[t] * size + part[s]];
            factor.append(row);
            b.push_back(right[part[t]]);
        }
        const auto solution = factor.solve(b);
        std::vector<double> x(size);
        for (std::size_t t = 0; t < part.size(); ++t) x[part[t]] = solution[t];
        std::vector<std::size_t> wrong;
        for (std::size_t i = 0; i < size; ++i) {
            const double *line = normal.data() + i * size;
            const bool mended =
                is_free[i] ? x[i] < 0
                           : host_kernels::sum<double>(size, [&](std::size_t p) { return line[p] * x[p]; }) -
                                     right[i] <
                                 -tolerance;
            if (mended) wrong.push_back(i);
        }
        if (wrong.empty()) return x;
        if (wrong.size() < fewest) {
            fewest = wrong.size();
            patience = 3;
        } else if (patience > 0) {
            --patience;
        } else {
            wrong.erase(wrong.begin(), wrong.end() - 1); // Murty: only the largest index, which cannot cycle
        }
        for (const auto i : wrong) is_free[i] = !is_free[i];
    }
    fail("C13", "least squares: no non-negative solution of ", size, " weights: use a larger ridge");
}

} // namespace lipt
