// Non-negative least squares that ends on any input: an active set whose free columns are kept as orthogonal
// directions, so that nothing is squared, and a bound on its steps.
#pragma once

#include <lipt/host_kernels.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

namespace detail {

inline double dot_of(std::span<const double> a, std::span<const double> b) {
    return host_kernels::sum<double>(a.size(), [&](std::size_t i) { return a[i] * b[i]; });
}

/// Columns as Q R, of which one is added or taken out at a time, with Q^T c beside it. shapes: columns of (m)
class updated_qr {
  public:
    explicit updated_qr(std::span<const double> right) : rest_(right.begin(), right.end()) {}

    std::size_t size() const noexcept { return directions_.size(); }
    /// What the columns leave of the right side, c - Q Q^T c. shapes: (m)
    const std::vector<double> &rest() const noexcept { return rest_; }

    /// Adds a column; false, and nothing done, where all but rounding of it depends on those before.
    /// cost: 8 m t flops
    bool append(std::span<const double> column) {
        std::vector<double> direction(column.begin(), column.end()), along(size() + 1);
        for (int twice = 0; twice < 2; ++twice) { // once leaves what the first subtraction rounds
            for (std::size_t t = 0; t < size(); ++t) {
                const double part = dot_of(directions_[t], direction);
                along[t] += part;
                subtract(part, directions_[t], direction);
            }
        }
        const double length = std::sqrt(dot_of(direction, direction));
        if (!(length > 1e-13 * std::sqrt(dot_of(column, column)))) return false;
        for (double &value : direction) value /= length;
        along.back() = length;
        const double part = dot_of(direction, rest_);
        subtract(part, direction, rest_);
        parts_.push_back(part);
        directions_.push_back(std::move(direction));
        triangle_.push_back(std::move(along));
        return true;
    }

    /// Takes out a column; those behind it are turned back into a triangle. cost: 6 m t flops
    void remove(std::size_t column) {
        triangle_.erase(triangle_.begin() + static_cast<std::ptrdiff_t>(column));
        for (std::size_t t = column; t < triangle_.size(); ++t) {
            const double a = triangle_[t][t], b = triangle_[t][t + 1], length = std::hypot(a, b);
            for (std::size_t later = t; later < triangle_.size(); ++later)
                turn(a / length, b / length, triangle_[later][t], triangle_[later][t + 1]);
            for (std::size_t i = 0; i < rest_.size(); ++i)
                turn(a / length, b / length, directions_[t][i], directions_[t + 1][i]);
            turn(a / length, b / length, parts_[t], parts_[t + 1]);
            triangle_[t].resize(t + 1);
        }
        for (std::size_t i = 0; i < rest_.size(); ++i) rest_[i] += parts_.back() * directions_.back()[i];
        parts_.pop_back();
        directions_.pop_back();
    }

    /// x that minimises |columns x - c|. cost: t^2 flops
    std::vector<double> solve() const {
        auto x = parts_;
        for (std::size_t t = size(); t-- > 0;) {
            x[t] /= triangle_[t][t];
            for (std::size_t s = 0; s < t; ++s) x[s] -= x[t] * triangle_[t][s];
        }
        return x;
    }

  private:
    static void subtract(double part, const std::vector<double> &from, std::vector<double> &out) {
        for (std::size_t i = 0; i < out.size(); ++i) out[i] -= part * from[i];
    }
    static void turn(double cosine, double sine, double &a, double &b) {
        const double turned = cosine * a + sine * b;
        b = cosine * b - sine * a;
        a = turned;
    }

    std::vector<std::vector<double>> directions_; ///< Q, a column each
    std::vector<std::vector<double>> triangle_;   ///< R, a column each, without what is below the diagonal
    std::vector<double> parts_;                   ///< Q^T c
    std::vector<double> rest_;
};

/// The search itself: variables are free or held at 0.
class lawson_hanson_search {
  public:
    lawson_hanson_search(std::span<const std::vector<double>> columns, std::span<const double> right)
        : columns_(columns), factor_(right), right_length_(std::sqrt(dot_of(right, right))),
          x_(columns.size()), is_shut_(columns.size()) {
        for (const auto &column : columns) lengths_.push_back(std::sqrt(dot_of(column, column)));
    }

    /// Frees a variable; false where its column depends on those of the free ones.
    bool add(std::size_t i) {
        if (!factor_.append(columns_[i])) return false;
        free_.push_back(i);
        return true;
    }
    /// Passes a variable over until another is held.
    void shut(std::size_t i) { is_shut_[i] = true; }

    /// Goes from the present x towards the free solution, as far as none is below 0, holds those that got
    /// there, and again; so many times at most.
    void settle(std::size_t most) {
        for (; !free_.empty(); --most) {
            const auto goal = factor_.solve();
            double step = 1;
            std::size_t nearest = free_.size();
            for (std::size_t t = 0; t < goal.size(); ++t) {
                if (goal[t] > 0) continue;
                const double reach = x_[free_[t]] > 0 ? x_[free_[t]] / (x_[free_[t]] - goal[t]) : 0.0;
                if (nearest < free_.size() && reach >= step) continue;
                step = reach;
                nearest = t;
            }
            for (std::size_t t = 0; t < goal.size(); ++t)
                x_[free_[t]] = std::max(x_[free_[t]] + step * (goal[t] - x_[free_[t]]), 0.0);
            if (nearest == free_.size() || most == 0) return;
            x_[free_[nearest]] = 0;
            for (std::size_t t = free_.size(); t-- > 0;) {
                if (x_[free_[t]] > 0 || goal[t] > 0) continue;
                factor_.remove(t);
                free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(t));
            }
            std::fill(is_shut_.begin(), is_shut_.end(), false);
        }
    }

    /// The held variable along which the distance falls fastest; as many as there are where it falls by
    /// rounding alone.
    std::size_t steepest() const {
        const auto &rest = factor_.rest();
        // A column this nearly at right angles to the rest takes nothing from its square that double would
        // see; and the rest itself is rounded as the right side is.
        const double floor = 1e-8 * std::sqrt(dot_of(rest, rest)) + 1e-14 * right_length_;
        std::size_t best = columns_.size();
        double most = floor;
        std::vector<bool> is_free(columns_.size());
        for (const auto i : free_) is_free[i] = true;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (is_free[i] || is_shut_[i] || lengths_[i] == 0) continue;
            const double slope = dot_of(columns_[i], rest) / lengths_[i];
            if (slope > most) {
                most = slope;
                best = i;
            }
        }
        return best;
    }

    const std::vector<double> &x() const noexcept { return x_; }
    /// |M x - c|^2 where x is the free solution.
    double distance() const { return dot_of(factor_.rest(), factor_.rest()); }

  private:
    std::span<const std::vector<double>> columns_;
    updated_qr factor_;
    double right_length_;
    std::vector<double> x_, lengths_;
    std::vector<std::size_t> free_;
    std::vector<bool> is_shut_;
};

} // namespace detail

/// x >= 0 that minimises |M x - c|, from a guess at which are free. Each step frees the variable along which
/// the distance falls fastest. Ends where it falls no more but by rounding, or after 3 k steps, with the best
/// x found. shapes: columns of M k of (m), right (m), guess any numbers below k. cost: 14 m k flops a step, k
/// steps as a rule; 16 m k bytes. source: [Lawson1974] Chapter 23, Algorithm NNLS
inline std::vector<double> lawson_hanson(std::span<const std::vector<double>> columns,
                                         std::span<const double> right, std::span<const std::size_t> guess) {
    detail::lawson_hanson_search search(columns, right);
    for (const auto i : guess) search.add(i);
    search.settle(columns.size());
    auto best = search.x();
    double distance = search.distance();
    for (std::size_t step = 0; step < 3 * columns.size(); ++step) {
        const std::size_t next = search.steepest();
        if (next == columns.size()) break;
        const bool added = search.add(next);
        if (added) search.settle(columns.size());
        if (added && search.distance() < distance) {
            distance = search.distance();
            best = search.x();
        } else {
            search.shut(next);
        }
    }
    return best;
}

} // namespace lipt
