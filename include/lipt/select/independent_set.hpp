// Samples no two of which are nearer to each other than a threshold, taken greedily in a given order; and the
// distance between the two nearest of them. Products in float rule nearly all pairs out, a block at a time;
// what they leave open is decided by differences, in every build alike.
#pragma once

#include <lipt/host_kernels.hpp>
#include <lipt/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// What a pass over the samples ended with.
struct independent_set {
    std::vector<std::int64_t> picks{};
    double square = 0;    ///< of the distance between the two nearest picks; at most that of all samples
    bool is_full = false; ///< as many picks as wanted
};

/// Embeddings less their mean in float, with what products need to rule pairs out. With s_i = -(1 - slack)
/// |x_i|^2 / 2 and a slack above all rounding, x_i . x_j + s_i + s_j is above -square / 2 wherever the
/// squared distance is below `square`. shapes: rows (n,E+2), x_i, s_i and 1
struct distance_bounds {
    host_matrix rows{};
    double radius = 0; ///< the largest distance from the mean

    /// shapes: embeddings (n,E)
    explicit distance_bounds(const host_matrix &embeddings) {
        const std::size_t count = embeddings.shape(0), width = embeddings.shape(1);
        const double slack = static_cast<double>(2 * width + 32) * std::numeric_limits<float>::epsilon();
        std::vector<double> mean(width);
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t e = 0; e < width; ++e) mean[e] += embeddings(i, e);
        }
        for (auto &value : mean) value /= static_cast<double>(count);
        rows = host_matrix::from_shape({count, width + 2});
        for (std::size_t i = 0; i < count; ++i) {
            float *row = rows.data() + i * (width + 2);
            for (std::size_t e = 0; e < width; ++e) row[e] = static_cast<float>(embeddings(i, e) - mean[e]);
            const double square = host_kernels::exact_dot(row, row, width);
            row[width] = static_cast<float>(square * (slack - 1) / 2);
            row[width + 1] = 1.0f;
            radius = std::max(radius, std::sqrt(square));
        }
    }

    /// s_i: the higher, the nearer to the mean.
    float nearness(std::size_t i) const { return rows(i, rows.shape(1) - 2); }
};

/// Passes over samples in one order, with one threshold after another; each pass remembers for the next which
/// sample, at which distance, ruled another out.
template <tensor_backend Tensor>
class independent_sets {
  public:
    /// shapes: embeddings (n,E), order (n). All must outlive it
    independent_sets(const Tensor &tensor, const host_matrix &embeddings, const distance_bounds &bounds,
                     std::span<const std::int64_t> order)
        : tensor_(tensor), embeddings_(embeddings), bounds_(bounds), order_(order),
          witness_(order.size(), -1), witness_square_(order.size()) {}

    /// Takes each sample in order that is at least `threshold` from all taken before, until there are
    /// `wanted`. Ends early where as many are out of reach, or where worth_while(set so far, place in the
    /// order) says no. cost: 2 E flops for each pair of a sample looked at and a pick before it, less what
    /// rules samples out early
    template <class Judge>
    independent_set take(double threshold, std::size_t wanted, Judge &&worth_while) {
        pass now{.square = threshold * threshold, .is_taken = std::vector<bool>(order_.size())};
        independent_set &set = now.set;
        set.square = 4.0001 * bounds_.radius * bounds_.radius; // what no squared distance is above
        for (std::size_t place = 0; place < order_.size();) {
            const std::size_t end = std::min(place + block, order_.size());
            visit(order_.subspan(place, end - place), wanted, now);
            place = end;
            set.is_full = set.picks.size() == wanted;
            if (set.is_full || set.picks.size() + (order_.size() - place) < wanted) break;
            if (!worth_while(std::as_const(set), place)) break;
        }
        return std::move(set);
    }

  private:
    static constexpr std::size_t block = 512, chunk = 1024;
    using matrix = typename Tensor::matrix;

    /// Where a pass stands.
    struct pass {
        double square{}; ///< of the threshold
        std::vector<bool> is_taken{};
        std::vector<matrix> chunks{}; ///< of the picks, where they are whole: (chunk,E+2)
        independent_set set{};
    };
    /// A sample that nothing has ruled out yet, and its squared distance to the nearest pick known.
    struct candidate {
        std::int64_t sample{};
        double nearest{};
    };

    void visit(std::span<const std::int64_t> samples, std::size_t wanted, pass &now) {
        std::vector<candidate> open;
        for (const auto sample : samples) {
            const auto i = static_cast<std::size_t>(sample);
            const auto witness = witness_[i];
            const bool ruled_out = witness >= 0 && now.is_taken[static_cast<std::size_t>(witness)] &&
                                   witness_square_[i] < now.square;
            if (!ruled_out) open.push_back({sample, now.set.square});
        }
        const auto &picks = now.set.picks;
        matrix left = rows(open);
        for (std::size_t first = 0; first < picks.size() && !open.empty(); first += chunk) {
            const auto part = std::span(picks).subspan(first, std::min(chunk, picks.size() - first));
            if (part.size() < chunk) {
                rule_out(part, columns(part), left, open, now);
                continue;
            }
            if (now.chunks.size() == first / chunk) now.chunks.push_back(columns(part));
            rule_out(part, now.chunks[first / chunk], left, open, now);
        }
        if (!open.empty()) take_among(left, open, wanted, now);
    }

    /// Drops those of `open`, with their rows of `left`, that are too near to some of the picks.
    void rule_out(std::span<const std::int64_t> picks, const matrix &right, matrix &left,
                  std::vector<candidate> &open, const pass &now) {
        const float least = limit(now);
        if (!std::isfinite(least)) return;
        matrix products = tensor_.make(0, 0);
        tensor_.gemm(left, right, products, {.transpose_b = true});
        const auto border = host_matrix({1, picks.size()}, least);
        const host_matrix above = tensor_.to_host(tensor_.facility_gain(products, tensor_.from_host(border)));
        std::vector<std::int64_t> near, stay;
        for (std::size_t i = 0; i < open.size(); ++i) {
            if (!(above(i, 0) <= 0)) near.push_back(static_cast<std::int64_t>(i));
        }
        if (near.empty()) return;
        const host_matrix host = tensor_.to_host(tensor_.gather_rows(products, near));
        std::vector<bool> is_out(open.size());
        for (std::size_t n = 0; n < near.size(); ++n) {
            auto &one = open[static_cast<std::size_t>(near[n])];
            for (std::size_t j = 0; j < picks.size() && !is_out[static_cast<std::size_t>(near[n])]; ++j) {
                if (host(n, j) <= least) continue;
                is_out[static_cast<std::size_t>(near[n])] = is_too_near(one, picks[j], now);
            }
        }
        std::vector<candidate> left_over;
        for (std::size_t i = 0; i < open.size(); ++i) {
            if (is_out[i]) continue;
            left_over.push_back(open[i]);
            stay.push_back(static_cast<std::int64_t>(i));
        }
        if (stay.size() < open.size() && !stay.empty()) left = tensor_.gather_rows(left, stay);
        open = std::move(left_over);
    }

    /// Takes what is left of a block in order, each held against those taken of the block before.
    void take_among(const matrix &left, std::vector<candidate> &open, std::size_t wanted, pass &now) {
        std::vector<std::int64_t> samples;
        for (const auto &one : open) samples.push_back(one.sample);
        matrix products = tensor_.make(0, 0);
        tensor_.gemm(left, columns(samples), products, {.transpose_b = true});
        const host_matrix host = tensor_.to_host(products);
        std::vector<std::size_t> taken;
        for (std::size_t i = 0; i < open.size() && now.set.picks.size() < wanted; ++i) {
            const float least = limit(now);
            bool is_out = false;
            for (std::size_t t = 0; t < taken.size() && !is_out; ++t) {
                if (!(host(i, taken[t]) <= least)) is_out = is_too_near(open[i], samples[taken[t]], now);
            }
            if (is_out) continue;
            taken.push_back(i);
            now.set.picks.push_back(open[i].sample);
            now.set.square = std::min(now.set.square, open[i].nearest);
            now.is_taken[static_cast<std::size_t>(open[i].sample)] = true;
        }
    }

    /// What products with a pick are at most where the two are neither too near nor nearer than any picks so
    /// far; without end where nothing can be.
    static float limit(const pass &now) {
        const double square = std::max(now.square, now.set.square);
        return square > 0 ? static_cast<float>(-square / 2) : std::numeric_limits<float>::infinity();
    }

    bool is_too_near(candidate &one, std::int64_t pick, const pass &now) {
        const std::size_t width = embeddings_.shape(1);
        const auto i = static_cast<std::size_t>(one.sample), j = static_cast<std::size_t>(pick);
        const double square = host_kernels::square_between(embeddings_.data() + i * width,
                                                           embeddings_.data() + j * width, width);
        one.nearest = std::min(one.nearest, square);
        if (square >= now.square) return false;
        witness_[i] = pick;
        witness_square_[i] = square;
        return true;
    }

    /// Candidates as the left side of a product. shapes: result (rows,E+2)
    matrix rows(std::span<const candidate> open) const {
        const std::size_t width = bounds_.rows.shape(1);
        auto out = host_matrix::from_shape({open.size(), width});
        for (std::size_t i = 0; i < open.size(); ++i) copy_row(open[i].sample, out.data() + i * width);
        return tensor_.from_host(out);
    }

    /// Picks as its right side, where the 1 comes before s. shapes: result (rows,E+2)
    matrix columns(std::span<const std::int64_t> picks) const {
        const std::size_t width = bounds_.rows.shape(1);
        auto out = host_matrix::from_shape({picks.size(), width});
        for (std::size_t i = 0; i < picks.size(); ++i) {
            float *row = out.data() + i * width;
            copy_row(picks[i], row);
            std::swap(row[width - 2], row[width - 1]);
        }
        return tensor_.from_host(out);
    }
    void copy_row(std::int64_t sample, float *out) const {
        const std::size_t width = bounds_.rows.shape(1);
        std::copy_n(bounds_.rows.data() + static_cast<std::size_t>(sample) * width, width, out);
    }

    const Tensor &tensor_;
    const host_matrix &embeddings_;
    const distance_bounds &bounds_;
    std::span<const std::int64_t> order_;
    std::vector<std::int64_t> witness_;
    std::vector<double> witness_square_;
};

} // namespace lipt
