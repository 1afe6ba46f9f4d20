// GradMatch: orthogonal matching pursuit of a pool's mean gradient by the gradients of a few weighted
// samples.
#pragma once

#include <lipt/select/pursuit.hpp>

#include <cstddef>

namespace lipt::methods {

namespace detail {

/// True where a pursuit is cheaper from Gram columns, and they fit. The products with many columns run
/// faster, and those of the Gram matrix move every number for one use: measured, two and a half times as long
/// a flop.
constexpr bool prefer_gram(std::size_t samples, std::size_t quota, std::size_t classes, std::size_t width,
                           std::size_t memory) noexcept {
    const bool fits = quota + gram_rows_ahead <= memory / (sizeof(float) * samples);
    return fits && 5 * (classes + width + quota / 2) < 2 * classes * (width + 1);
}

} // namespace detail

/// Picks the largest projection on what is left of the pool's mean gradient, then fits ridge weights to all
/// picks anew. Weights: non-negative least squares at the end; some may be 0. Exactly the quota, in the order
/// of picking. errors: C14 ridge not positive. cost: k steps of 2 n C E, or of 2 n (C+E+k/2) flops, whichever
/// is cheaper, and 4 n (k + 256) bytes for the latter (at most select_options::memory). source:
/// [Killamsetty2021a] Algorithm 2
struct gradmatch {
    static constexpr method_info info{.name = "gradmatch",
                                      .summary =
                                          "weighted samples whose gradients add up to the mean gradient",
                                      .gradients = true,
                                      .labels = true,
                                      .weights = true};

    template <tensor_backend Tensor>
    static pool_picks pick(const Tensor &tensor, const selection_pool<Tensor> &pool,
                           const select_options &options) {
        check(options.gradmatch);
        const auto mean = mean_gradient(tensor, pool.gradients);
        const auto target = projections(tensor, pool.gradients, mean);
        if (detail::prefer_gram(pool.members.size(), pool.quota, tensor.columns(pool.gradients.residual),
                                tensor.columns(pool.gradients.embedding), options.memory)) {
            return detail::pursue(tensor, pool, target, options.gradmatch,
                                  detail::gram_projections<Tensor>(tensor, pool.gradients, target));
        }
        return detail::pursue(tensor, pool, target, options.gradmatch,
                              detail::residual_projections<Tensor>(tensor, pool.gradients, mean));
    }
};

} // namespace lipt::methods
