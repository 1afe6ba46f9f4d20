// Batch-norm layers: the sums that pieces leave behind, and the coefficients made of them.
#pragma once

#include "buffer.hpp"
#include "kernels.hpp"

#include <lipt/network/network.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace lipt::onednn::detail {

/// Coefficients of every batch-norm layer of a network, from running statistics or from those of a batch.
class norms {
  public:
    explicit norms(const network_spec &spec);

    affine forward(std::size_t layer) const;
    affine_gradient backward(std::size_t layer) const;

    /// Takes the running statistics of `state`, laid out as the network's weights.
    void use_running(std::size_t layer, const float *state);
    /// Joins the parts of all pieces in their order. shapes: means, deviations (pieces,channels); counts:
    /// values of a channel in each piece. `share` of the result moves the running statistics in `state`.
    /// source: [Chan1983]
    void join_statistics(std::size_t layer, std::span<const double> means, std::span<const double> deviations,
                         std::span<const double> counts, float share, float *state);
    /// Joins the sums of the backward pass; writes the gradient of scale and shift into `gradient`.
    /// shapes: sums, products (pieces,channels)
    void join_gradients(std::size_t layer, std::span<const double> sums, std::span<const double> products,
                        float *gradient);

  private:
    struct coefficients {
        std::size_t offset = 0, channels = 0;
        double count = 0; ///< values a channel that the statistics were made of
    };
    float *column(std::size_t layer, std::size_t which) const;
    std::size_t offset_of(std::size_t layer, std::size_t which) const;

    const network_spec *spec_;
    std::vector<coefficients> layers_;
    std::vector<double> deviation_; ///< inverse standard deviation, where `offset` says
    buffer values_;
};

} // namespace lipt::onednn::detail
