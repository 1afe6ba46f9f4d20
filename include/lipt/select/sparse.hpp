// Similarities of every sample to its nearest alone: n k of them are kept, never n^2, and each is computed
// once.
#pragma once

#include <lipt/select/neighbours.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace lipt {

/// One similarity that is kept.
struct similar_sample {
    std::int32_t index{};
    float similarity{};
};

/// Bytes of the similarities kept of so many samples to so many nearest each.
constexpr std::size_t sparse_bytes(std::size_t samples, std::size_t nearest) noexcept {
    return 2 * sizeof(similar_sample) * samples * (std::min(nearest, samples - 1) + 1);
}

/// Whether what a pool of so many samples would keep fits. errors: C43 its nearest similarities do not, or
/// there are more samples than their lists can number
inline void check_sparse(const select_options &options, std::size_t samples) {
    if (!is_sparse(options, samples)) return;
    constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
    require(samples <= most, "C43", "similarities: a pool of ", samples, " samples, expected at most ", most,
            " where the nearest alone are kept: have them recomputed, or select class by class");
    const std::size_t bytes = sparse_bytes(samples, options.submodular.neighbours);
    require(bytes <= options.memory, "C43", "similarities: the ", options.submodular.neighbours,
            " nearest of ", samples, " samples take ", bytes, " bytes, ", options.memory,
            " may be kept: allow more memory, keep fewer neighbours, or have them recomputed");
}

/// Each sample's similarities to its `count` most similar others and to itself, by sample and by other.
class sparse_similarities {
  public:
    /// A block of rows at a time. cost: n^2 (C+E) flops, 16 n (count + 1) bytes
    template <tensor_backend Tensor>
    sparse_similarities(const Tensor &tensor, similarity_rows<Tensor> &rows, std::size_t count)
        : samples_(rows.size()), width_(std::min(count, samples_ - 1) + 1), starts_(samples_ + 1) {
        of_.reserve(samples_ * width_);
        rows.for_each_block([&](std::size_t first, const auto &block) {
            const host_matrix host = tensor.to_host(block);
            for (std::size_t i = 0; i < host.shape(0); ++i) append(host.data() + i * samples_, first + i);
        });
        turn();
    }

    std::size_t size() const noexcept { return samples_; }

    /// Sample i itself, then its nearest, most similar first.
    std::span<const similar_sample> of(std::size_t i) const {
        return std::span(of_).subspan(i * width_, width_);
    }
    /// The samples that have i in their list, ascending, with their similarity to it.
    std::span<const similar_sample> to(std::size_t i) const {
        return std::span(to_).subspan(starts_[i], starts_[i + 1] - starts_[i]);
    }

  private:
    void append(const float *row, std::size_t self) {
        of_.push_back({static_cast<std::int32_t>(self), row[self]});
        if (width_ == 1) return;
        // What it calls a distance is the negated value of the row.
        for (const auto &near : detail::nearest_of(row, samples_, self, width_ - 1))
            of_.push_back({static_cast<std::int32_t>(near.index), -near.distance});
    }

    void turn() {
        for (const auto &one : of_) ++starts_[static_cast<std::size_t>(one.index) + 1];
        for (std::size_t i = 0; i < samples_; ++i) starts_[i + 1] += starts_[i];
        to_.resize(of_.size());
        auto next = starts_;
        for (std::size_t e = 0; e < of_.size(); ++e) {
            to_[next[static_cast<std::size_t>(of_[e].index)]++] = {static_cast<std::int32_t>(e / width_),
                                                                   of_[e].similarity};
        }
    }

    std::size_t samples_, width_;
    std::vector<similar_sample> of_, to_;
    std::vector<std::size_t> starts_;
};

/// sum_j max_{i in S} (s_ij - lowest), where a sample is covered by those in its list alone; the
/// similarities must outlive it.
class sparse_coverage {
  public:
    static constexpr bool at_hand = false;

    sparse_coverage(const sparse_similarities &similarities, float lowest)
        : similarities_(similarities), best_(similarities.size(), lowest) {}

    /// cost: n (count + 1)
    std::vector<float> first_gains() const {
        std::vector<float> out;
        for (std::size_t i = 0; i < best_.size(); ++i) out.push_back(gain(i));
        return out;
    }
    std::vector<float> gains(std::span<const std::int64_t> candidates) const {
        std::vector<float> out;
        for (const auto i : candidates) out.push_back(gain(static_cast<std::size_t>(i)));
        return out;
    }
    void take(std::int64_t pick) {
        for (const auto &[j, similarity] : similarities_.to(static_cast<std::size_t>(pick))) {
            auto &best = best_[static_cast<std::size_t>(j)];
            best = std::max(best, similarity);
        }
    }
    std::size_t batch() const noexcept { return 1; }

  private:
    float gain(std::size_t candidate) const {
        double sum = 0;
        for (const auto &[j, similarity] : similarities_.to(candidate))
            sum += std::max(0.0, static_cast<double>(similarity) - best_[static_cast<std::size_t>(j)]);
        return static_cast<float>(sum);
    }

    const sparse_similarities &similarities_;
    std::vector<float> best_;
};

/// lambda sum_{j, i in S} s_ij - sum_{i,j in S} s_ij with s_ij = 0.5 + 0.5 cos where one of the two has the
/// other in its list, half of that where only one has, and 0 elsewhere; the similarities must outlive it.
class sparse_cut {
  public:
    static constexpr bool at_hand = true;

    sparse_cut(const sparse_similarities &cosines, float lambda) : cosines_(cosines) {
        for (std::size_t i = 0; i < cosines.size(); ++i) {
            double sum = 0;
            for (const auto &list : {cosines.of(i), cosines.to(i)}) {
                for (const auto &[j, cosine] : list) sum += 0.25 + 0.25 * cosine;
            }
            gains_.push_back(static_cast<float>(lambda * sum) - 0.5f -
                             0.5f * cosines.of(i).front().similarity);
        }
    }

    std::vector<float> first_gains() const { return gains_; }
    std::vector<float> gains(std::span<const std::int64_t> candidates) const {
        std::vector<float> out;
        for (const auto i : candidates) out.push_back(gains_[static_cast<std::size_t>(i)]);
        return out;
    }
    /// Twice the similarity, since a pair is counted both ways.
    void take(std::int64_t pick) {
        const auto p = static_cast<std::size_t>(pick);
        for (const auto &list : {cosines_.of(p), cosines_.to(p)}) {
            for (const auto &[j, cosine] : list) gains_[static_cast<std::size_t>(j)] -= 0.5f + 0.5f * cosine;
        }
    }
    std::size_t batch() const noexcept { return gains_.size(); }

  private:
    const sparse_similarities &cosines_;
    std::vector<float> gains_;
};

} // namespace lipt
