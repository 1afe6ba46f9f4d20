// Facility location: samples such that every sample of the pool has a similar one among them.
#pragma once

#include <lipt/select/pools.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <queue>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Cosines between all gradients of a pool, a few rows at a time: kept in blocks where the whole square fits
/// the memory given, otherwise computed again whenever rows are asked for.
template <tensor_backend Tensor>
class cosine_rows {
  public:
    /// Rows of one block: small enough for the caches, large enough for a matrix product.
    static constexpr std::size_t block = 128;

    cosine_rows(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients, std::size_t memory)
        : tensor_(tensor), unit_(unit_gradients(tensor, gradients)), size_(tensor.rows(gradients.residual)),
          kept_(size_ <= memory / sizeof(float) / size_) {}

    /// How many rows are best asked for at once: kept rows are found one by one.
    std::size_t batch() const noexcept { return kept_ ? 1 : block / 2; }

    /// Calls use(first row, rows (b,n)) for every block in order; keeps its rows where they fit.
    template <class Use>
    void for_each_block(Use &&use) {
        for (std::size_t first = 0; first < size_; first += block) {
            std::vector<std::int64_t> rows(std::min(block, size_ - first));
            std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(first));
            const auto cosines = inner_products(tensor_, gather(tensor_, unit_, rows), unit_);
            use(first, cosines);
            for (std::int64_t i = 0; kept_ && i < static_cast<std::int64_t>(rows.size()); ++i) {
                rows_.push_back(tensor_.gather_rows(cosines, std::span(&i, 1)));
            }
        }
    }

    /// Calls use(position in rows, cosines (m,n)) for consecutive parts of the rows asked for.
    template <class Use>
    void for_rows(std::span<const std::int64_t> rows, Use &&use) const {
        if (!kept_) {
            use(std::size_t{0}, inner_products(tensor_, gather(tensor_, unit_, rows), unit_));
            return;
        }
        for (std::size_t i = 0; i < rows.size(); ++i) use(i, rows_[static_cast<std::size_t>(rows[i])]);
    }

  private:
    const Tensor &tensor_;
    last_layer_gradients<Tensor> unit_;
    std::size_t size_;
    bool kept_;
    std::vector<typename Tensor::matrix> rows_; ///< (1,n) each, so that asking for one copies nothing
};

namespace methods {

namespace detail {

/// Gains of candidates as they were when last computed: upper bounds, since gains only fall. Highest first,
/// ties to the lowest position.
struct stale_gain {
    float gain;
    std::int64_t position;
    std::size_t picks; ///< made when it was computed

    friend bool operator<(const stale_gain &a, const stale_gain &b) {
        return a.gain < b.gain || (a.gain == b.gain && a.position > b.position);
    }
};

} // namespace detail

/// Greedy maximum of sum_j max_{picked i} s_ij with s_ij = 0.5 + 0.5 cos(g_i, g_j). Lazy: only candidates
/// whose old gain could still win are computed again, which changes no pick. Exactly the quota, in the order
/// of picking. cost: n^2 (C+E) flops, then few rows a pick; 4 n^2 bytes where that is at most
/// select_options::memory, otherwise rows are computed again. source: [Minoux1978] lazy greedy; similarity as
/// [Iyer2021]
struct facility_location {
    static constexpr method_info info{.name = "facility-location",
                                      .summary = "samples that every sample has a similar one among",
                                      .gradients = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        const std::size_t n = pool.members.size();
        cosine_rows<Tensor> cosines(tensor, pool.gradients, options.memory);
        // Gains are of cosines; with s = 0.5 + 0.5 cos and nothing picked yet (s = 0, cos = -1) they are
        // twice those of s.
        auto best = tensor.from_host(host_matrix({1, n}, -1.0f));
        pool_picks picks;
        std::priority_queue<detail::stale_gain> queue;
        cosines.for_each_block([&](std::size_t first, const auto &rows) {
            const host_matrix gains = tensor.to_host(tensor.facility_gain(rows, best));
            for (std::size_t i = 0; i < gains.size(); ++i) {
                picks.scores.push_back(0.5f * gains.data()[i]);
                queue.push({gains.data()[i], static_cast<std::int64_t>(first + i), 0});
            }
        });
        while (true) {
            const std::int64_t pick = next(tensor, cosines, best, picks.order.size(), queue);
            picks.order.push_back(pick);
            if (picks.order.size() == pool.quota) return picks;
            cosines.for_rows(std::span(&pick, 1),
                             [&](std::size_t, const auto &row) { tensor.maximum(row, best); });
        }
    }

  private:
    /// Takes the best candidate off the queue, computing again as few as need be, in growing batches.
    template <tensor_backend Tensor>
    static std::int64_t next(const Tensor &tensor, const cosine_rows<Tensor> &cosines,
                             const typename Tensor::matrix &best, std::size_t picks,
                             std::priority_queue<detail::stale_gain> &queue) {
        std::vector<std::int64_t> batch;
        for (std::size_t width = 1; queue.top().picks != picks;
             width = std::min(cosines.batch(), 2 * width)) {
            batch.clear();
            while (batch.size() < width && !queue.empty() && queue.top().picks != picks) {
                batch.push_back(queue.top().position);
                queue.pop();
            }
            cosines.for_rows(batch, [&](std::size_t first, const auto &rows) {
                const host_matrix gains = tensor.to_host(tensor.facility_gain(rows, best));
                for (std::size_t i = 0; i < gains.size(); ++i)
                    queue.push({gains.data()[i], batch[first + i], picks});
            });
        }
        const std::int64_t pick = queue.top().position;
        queue.pop();
        return pick;
    }
};

} // namespace methods
} // namespace lipt
