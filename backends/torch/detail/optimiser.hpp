// The optimiser on the flat weights: a few operators over all of them, not a few a tensor.
#pragma once

#include <lipt/training.hpp>

#include <ATen/ATen.h>

namespace lipt::torch::detail {

/// Keeps small float16 gradients from vanishing: the loss is multiplied by a scale that doubles after many
/// good steps and halves after one with a gradient that is not finite; such a step changes no weight. All of
/// it stays on the device. source: [Micikevicius2018] Section 3.2
class loss_scale {
  public:
    explicit loss_scale(const at::Device &device);
    const at::Tensor &scale() const noexcept { return scale_; }
    /// Divides the gradient by the scale, zero where it is not finite, and returns whether all of it is, as a
    /// tensor of one bool; then moves the scale. shapes: gradient (S)
    at::Tensor unscale(at::Tensor &gradient);

  private:
    at::Tensor scale_, good_steps_;
};

/// Stochastic gradient descent as lipt::sgd_step says, on the trained entries of the flat weights.
class descent {
  public:
    descent(const network_spec &spec, const at::Device &device);

    /// shapes: gradient, weights and keep_mask (S); keep_mask may be undefined. `finite`: undefined, or one
    /// bool that says whether the step is to be made at all.
    void step(const sgd_step &step, const at::Tensor &gradient, const at::Tensor &keep_mask,
              const at::Tensor &finite, at::Tensor &weights);
    /// shapes: (S), or undefined for none yet
    at::Tensor &momentum() noexcept { return momentum_; }
    const at::Tensor &momentum() const noexcept { return momentum_; }

  private:
    at::Tensor trained_; ///< 1 at trained weights, 0 at statistics
    at::Tensor momentum_;
};

} // namespace lipt::torch::detail
