// The weights of a network in the layouts that oneDNN prefers, and what changes them.
#pragma once

#include "buffer.hpp"
#include "runner.hpp"

#include <lipt/training.hpp>

#include <span>
#include <vector>

namespace lipt::onednn::detail {

/// Weights, momentum and gradient, laid out as the network's flat vector but convolutions in blocks.
class weight_store {
  public:
    /// The layouts are those of the runner's convolutions, which must be prepared by the first `load`.
    weight_store(const network_spec &spec, runner &layouts);

    void load(std::span<const float> weights, std::span<const float> momentum);
    training_state read() const;
    std::vector<float> read_gradient() const;

    /// One step with the gradient.
    void descend(const sgd_step &step, team &threads);
    /// The copies of the weights that the convolutions take, placed as the runner says; made anew after each
    /// change.
    const float *for_forward(team &threads);
    const float *for_backward(team &threads);

    float *weights() noexcept { return weights_.data(); }
    float *gradient() noexcept { return gradient_.data(); }

  private:
    void to_plain(const float *blocked, float *plain) const;
    void to_blocked(const float *plain, float *blocked) const;
    void copy(const weight_copies &copies, void (convolution::*make)(const float *, float *) const,
              team &threads, buffer &target);
    void changed() noexcept { forward_is_current_ = backward_is_current_ = false; }
    void apply_mask(std::span<const float> mask);

    const network_spec &spec_;
    runner &layouts_;
    buffer weights_, momentum_, gradient_, forward_, backward_, plain_;
    std::vector<std::size_t> convolution_of_; ///< layer of each entry, or none
    bool has_momentum_ = false;
    bool forward_is_current_ = false, backward_is_current_ = false;
};

/// Batch-norm folded into the convolutions for evaluation: fills the state and the running coefficients of
/// `evaluation`. shapes: plain, folded (S)
void fold(const network_spec &spec, std::span<const float> plain, runner &evaluation, float *folded);

} // namespace lipt::onednn::detail
