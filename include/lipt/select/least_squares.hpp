// The small dense systems of matching pursuit, in double: a Cholesky factor that grows by one row a pick, and
// non-negative least squares.
#pragma once

#include <lipt/error.hpp>
#include <lipt/host_kernels.hpp>
#include <lipt/select/lawson_hanson.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// L of A = L L^T, one row at a time; A is never stored. shapes: L (t,t) packed, row i has i+1 entries
class growing_cholesky {
  public:
    std::size_t size() const noexcept { return size_; }

    /// Adds a row and column of A: its entries with the rows before, and its diagonal last. Where it is known
    /// that no pivot is below `least`, as with a ridge, one that rounding took below it is that.
    /// shapes: row (t+1). errors: C12 A is not positive definite. cost: t^2 flops
    void append(std::span<const double> row, double least = 0) {
        const double pivot = add(row, least);
        require(is_pivot(pivot), "C12", "least squares: row ", size_, " depends on those before it (pivot ",
                pivot, "): use a larger ridge");
    }

    /// The same; false, and nothing done, where A is not positive definite.
    bool try_append(std::span<const double> row) { return is_pivot(add(row, 0)); }

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

    /// A x. shapes: x (t). cost: 2 t^2 flops
    std::vector<double> times(std::span<const double> x) const {
        std::vector<double> inner(size_), out(size_);
        for (std::size_t i = 0; i < size_; ++i) {
            for (std::size_t j = 0; j <= i; ++j) inner[j] += at(i)[j] * x[i];
        }
        for (std::size_t i = 0; i < size_; ++i) out[i] = dot(at(i), inner.data(), i + 1);
        return out;
    }

    /// x with A x = b. shapes: b (t). cost: 2 t^2 flops
    std::vector<double> solve(std::span<const double> b) const {
        std::vector<double> x(size_);
        for (std::size_t i = 0; i < size_; ++i) x[i] = forward(i, b[i], x);
        backward(x);
        return x;
    }

  private:
    static bool is_pivot(double pivot) { return pivot > 0 && std::isfinite(pivot); }

    /// Adds a row where its pivot is one, and returns that.
    double add(std::span<const double> row, double least) {
        std::vector<double> added(row.begin(), row.end());
        for (std::size_t j = 0; j < size_; ++j)
            added[j] = (added[j] - dot(at(j), added.data(), j)) / at(j)[j];
        const double found = added[size_] - dot(added.data(), added.data(), size_);
        const double pivot = std::isfinite(found) ? std::max(found, least) : found;
        if (!is_pivot(pivot)) return pivot;
        added[size_] = std::sqrt(pivot);
        packed_.insert(packed_.end(), added.begin(), added.end());
        ++size_;
        return pivot;
    }

    const double *at(std::size_t row) const { return packed_.data() + row * (row + 1) / 2; }
    static double dot(const double *a, const double *b, std::size_t size) {
        return host_kernels::sum<double>(size, [=](std::size_t i) { return a[i] * b[i]; });
    }

    std::vector<double> packed_;
    std::size_t size_ = 0;
};

namespace detail {

/// The least-squares problem of nonnegative_least_squares with some variables held at zero, seen from its
/// free solution x*: with H = M^-2, the multipliers y of the held ones solve H_held y = -x*_held, and x = x*
/// + H y. Each held variable costs one column of H, once.
class held_at_zero {
  public:
    held_at_zero(const growing_cholesky &factor, std::vector<double> start)
        : factor_(factor), start_(std::move(start)), columns_(start_.size()) {}

    /// x, and the multipliers in the order of `held`; nothing where H is too near to singular to be solved.
    std::optional<std::pair<std::vector<double>, std::vector<double>>>
    solve(std::span<const std::size_t> held) {
        growing_cholesky inner;
        std::vector<double> right;
        for (std::size_t t = 0; t < held.size(); ++t) {
            const auto &column = column_of(held[t]);
            std::vector<double> row;
            for (std::size_t s = 0; s <= t; ++s) row.push_back(column[held[s]]);
            if (!inner.try_append(row)) return std::nullopt;
            right.push_back(-start_[held[t]]);
        }
        auto multipliers = inner.solve(right);
        auto x = start_;
        for (std::size_t t = 0; t < held.size(); ++t) {
            const auto &column = columns_[held[t]];
            for (std::size_t i = 0; i < x.size(); ++i) x[i] += multipliers[t] * column[i];
        }
        for (const auto i : held) x[i] = 0;
        return std::pair{std::move(x), std::move(multipliers)};
    }

  private:
    const std::vector<double> &column_of(std::size_t i) {
        if (columns_[i].empty()) {
            std::vector<double> unit(start_.size());
            unit[i] = 1;
            columns_[i] = factor_.solve(factor_.solve(unit));
        }
        return columns_[i];
    }

    const growing_cholesky &factor_;
    std::vector<double> start_;
    std::vector<std::vector<double>> columns_;
};

/// Whether x >= 0 minimises |M x - c|: no slope that lowers the distance is more than a hundred-millionth of
/// the steepest at x = 0. cost: 6 k^2 flops
inline bool is_optimal(const growing_cholesky &factor, std::span<const double> c, std::span<const double> x) {
    auto apart = factor.times(x);
    for (std::size_t i = 0; i < apart.size(); ++i) apart[i] -= c[i];
    const auto slopes = factor.times(apart), at_zero = factor.times(c);
    double steepest = 0;
    for (const double slope : at_zero) steepest = std::max(steepest, std::abs(slope));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const bool fits = x[i] > 0 ? std::abs(slopes[i]) <= 1e-8 * steepest : slopes[i] >= -1e-8 * steepest;
        if (!fits) return false;
    }
    return true;
}

/// Block principal pivoting from the signs of the free solution; nothing where it does not come to an end
/// soon, or cannot be computed so. source: [Kim2011] Algorithm 1
inline std::optional<std::vector<double>> pivot_by_blocks(const growing_cholesky &factor,
                                                          const std::vector<double> &start) {
    const std::size_t size = start.size();
    std::vector<std::uint8_t> is_held(size);
    double largest = 0;
    for (std::size_t i = 0; i < size; ++i) {
        is_held[i] = start[i] < 0;
        largest = std::max(largest, std::abs(start[i]));
    }
    held_at_zero problem(factor, start);
    for (std::size_t fewest = size + 1, patience = 3;;) {
        std::vector<std::size_t> held, wrong;
        for (std::size_t i = 0; i < size; ++i) {
            if (is_held[i]) held.push_back(i);
        }
        auto solved = problem.solve(held);
        if (!solved) return std::nullopt;
        auto &[x, multipliers] = *solved;
        double steepest = 0;
        for (const double y : multipliers) steepest = std::max(steepest, std::abs(y));
        // Signs count from well above rounding: nothing smaller would move a weight.
        std::size_t t = 0;
        for (std::size_t i = 0; i < size; ++i) {
            if (is_held[i] ? multipliers[t++] < -1e-9 * steepest : x[i] < -1e-12 * largest)
                wrong.push_back(i);
        }
        if (wrong.empty()) {
            for (auto &value : x) value = std::max(value, 0.0);
            return std::move(x);
        }
        if (wrong.size() < fewest) {
            fewest = wrong.size();
            patience = 3;
        } else if (patience-- == 0) {
            return std::nullopt;
        }
        for (const auto i : wrong) is_held[i] = !is_held[i];
    }
}

} // namespace detail

/// x >= 0 that minimises |M x - c|, for a symmetric positive definite M: by block principal pivoting from the
/// signs of the free solution, which squares M; where what that gives is not optimal, or it does not end, by
/// Lawson and Hanson, which does not. shapes: factor of M (k,k), c (k). cost: nothing where the free solution
/// has no negative; otherwise 4 k^2 flops a variable that is held at zero, and the cube of their number a
/// step, a few steps; the second way up to 20 k^3 flops and 32 k^2 bytes.
/// source: [Kim2011] Algorithm 1; [Lawson1974]
inline std::vector<double> nonnegative_least_squares(const growing_cholesky &factor,
                                                     std::span<const double> c) {
    const auto start = factor.solve(c);
    const auto is_negative = [](double value) { return value < 0; };
    if (std::none_of(start.begin(), start.end(), is_negative)) return start;
    if (auto x = detail::pivot_by_blocks(factor, start); x && detail::is_optimal(factor, c, *x)) return *x;
    std::vector<std::vector<double>> columns;
    std::vector<std::size_t> guess;
    for (std::size_t i = 0; i < start.size(); ++i) {
        std::vector<double> unit(start.size());
        unit[i] = 1;
        columns.push_back(factor.times(unit));
        if (start[i] > 0) guess.push_back(i);
    }
    return lawson_hanson(columns, c, guess);
}

} // namespace lipt
