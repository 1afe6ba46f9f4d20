// Log-determinant: samples whose similarity matrix spans the largest volume; the mode of a determinantal
// point process.
#pragma once

#include <lipt/select/greedy.hpp>
#include <lipt/select/least_squares.hpp>
#include <lipt/select/pools.hpp>
#include <lipt/select/similarity.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt {

/// log det(K_S) with K = 0.5 + 0.5 cos + ridge I. Holds what is left of each candidate's diagonal after the
/// picks are projected out (its logarithm is the gain). A pick's projection is one weighted sum of the picks,
/// so that neither K nor a factor of n rows is kept; the picks' own factor is in double.
template <tensor_backend Tensor>
class volume_function {
  public:
    static constexpr bool at_hand = true;

    volume_function(const Tensor &tensor, const factored_vectors<Tensor> &unit, double ridge)
        : tensor_(tensor), unit_(unit), ridge_(ridge) {
        // Exactly 1 for a unit vector: rounding would choose the first pick.
        for (const float square : tensor.to_host(unit.squares()))
            rest_.push_back(static_cast<double>(square > 0 ? 1.0f : 0.5f) + ridge);
    }

    std::vector<float> first_gains() const { return std::vector<float>(rest_.begin(), rest_.end()); }
    std::vector<float> gains(std::span<const std::int64_t> candidates) const {
        std::vector<float> out;
        for (const auto i : candidates) out.push_back(static_cast<float>(rest_[static_cast<std::size_t>(i)]));
        return out;
    }
    std::size_t batch() const { return rest_.size(); }

    void take(std::int64_t pick) {
        const auto row = similarities(pick);
        auto x = row; // K_S^-1 K_S,pick of the picks before
        x.pop_back();
        x = factor_.solve(x);
        factor_.append(row);
        picks_.push_back(pick);
        // K(., pick) - sum_s x_s K(., s): cosines of one direction, and the constant of each similarity.
        host_matrix weights = host_matrix::from_shape({picks_.size(), 1});
        double constant = 1, pivot = row.back();
        for (std::size_t s = 0; s < x.size(); ++s) {
            weights(s, 0) = static_cast<float>(-x[s]);
            constant -= x[s];
            pivot -= x[s] * row[s];
        }
        weights(x.size(), 0) = 1.0f;
        const host_matrix along = tensor_.to_host(unit_.projections(picks_, tensor_.from_host(weights)));
        for (std::size_t j = 0; j < rest_.size(); ++j) {
            const double entry = 0.5 * (constant + along.data()[j]);
            rest_[j] = std::max(rest_[j] - entry * entry / pivot, 0.0);
        }
    }

  private:
    /// Similarities of a pick with those before it and, last, with itself.
    std::vector<double> similarities(std::int64_t pick) {
        const auto [residual, embedding] = unit_.at(std::span(&pick, 1));
        residuals_.insert(residuals_.end(), residual.begin(), residual.end());
        embeddings_.insert(embeddings_.end(), embedding.begin(), embedding.end());
        std::vector<double> row;
        for (std::size_t s = 0; s <= picks_.size(); ++s) {
            const double cosine = host_kernels::exact_dot(residuals_.data() + s * residual.size(),
                                                          residual.data(), residual.size()) *
                                  host_kernels::exact_dot(embeddings_.data() + s * embedding.size(),
                                                          embedding.data(), embedding.size());
            row.push_back(0.5 + 0.5 * cosine);
        }
        row.back() += ridge_;
        return row;
    }

    const Tensor &tensor_;
    const factored_vectors<Tensor> &unit_;
    double ridge_;
    std::vector<double> rest_;
    growing_cholesky factor_;
    std::vector<std::int64_t> picks_;
    std::vector<float> residuals_, embeddings_; ///< of the picks
};

namespace methods {

/// Greedy maximum of log det(0.5 + 0.5 cos(g_i, g_j) + ridge I) over the picks, or of embeddings. All first
/// picks are equally good, and the lowest is taken. Scores are what is left of the diagonal, 1 + ridge before
/// any pick. Lazy picks as naive does, at the same cost. Exactly the quota, in the order of picking. errors:
/// C16 ridge not positive, and as maximise. cost: 2 n C E flops a pick (2 n E for embeddings) and 2 k^2 of
/// the picks' own; O(n) memory. source: [Chen2018] Algorithm 1
struct log_determinant {
    static constexpr method_info info{.name = "log-determinant",
                                      .summary = "samples whose similarities span the largest volume",
                                      .gradients = true,
                                      .spaces = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        const double ridge = options.log_determinant.ridge;
        check(options.log_determinant);
        factored_vectors<Tensor> unit(tensor, pool.gradients, options.submodular.space);
        unit.normalise();
        volume_function<Tensor> volume(tensor, unit, ridge);
        return maximise(volume, pool.quota, pool.number, options);
    }
};

} // namespace methods
} // namespace lipt
