// One batch-norm layer during one pass over a batch, and back. It needs sums over the whole batch: on a
// processor each part finds its own, and they are joined in the order of the parts; on a GPU, where the batch
// is one part, ATen's operators do all of it.
#pragma once

#include "kernels.hpp"

#include <lipt/network/network.hpp>

#include <ATen/ATen.h>

#include <cstddef>
#include <vector>

namespace lipt::torch::detail {

/// The tensors of a batch-norm in the flat weights. shapes: (C)
struct norm_weights {
    at::Tensor scale, shift, mean, variance;
};

/// What a batch-norm reads on its way back. shapes: (B,C,h,w)
struct norm_pass {
    at::Tensor from, input, output;
};

/// The gradients at what it reads. shapes: (B,C,h,w); residual undefined where the layer has none
struct norm_gradients {
    at::Tensor input, residual;
};

class batch_norm {
  public:
    batch_norm() = default;
    batch_norm(const layer &at, norm_weights weights);

    /// To normalise by the running statistics.
    void use_running();
    /// To normalise by the batch's. Of its `count` parts each finds its own (find, on any thread) before they
    /// are joined; the running ones move by `share`.
    void use_batch(std::size_t count, double share);
    void find(std::size_t part, const at::Tensor &input);
    void join();
    /// shapes: input, residual (undefined for none) and result (B,C,h,w). `spare`: nobody else reads the
    /// input
    at::Tensor apply(const at::Tensor &input, const at::Tensor &residual, bool spare);

    /// The way back after use_batch in the same steps.
    void find_gradient(std::size_t part, const norm_pass &pass);
    /// shapes: scale, shift (C) are written
    void join_gradient(at::Tensor scale, at::Tensor shift);
    /// `spare`: nobody else reads the input
    norm_gradients differentiate(const norm_pass &pass, bool spare);

  private:
    /// Sums of one part, or of all.
    struct sums {
        std::vector<double> first, second;
        double count = 0;
    };
    bool on_processor() const { return weights_.scale.device().is_cpu(); }
    affine norm() const { return {mean_.data(), factor_.data(), weights_.shift.data_ptr<float>()}; }
    norm_gradient behind_relu(const norm_pass &pass) const;
    void normalise_by(std::size_t channel, double mean, double variance);
    void move_running(std::size_t channel, double mean, double variance);
    at::Tensor normalised_by_aten(const at::Tensor &input, bool batch);

    const layer *at_ = nullptr;
    norm_weights weights_;
    double share_ = 0;
    std::vector<sums> parts_;
    std::vector<float> mean_, factor_, inverse_, constant_, slope_; ///< a channel
    // On a GPU: what has been computed for the steps to come.
    at::Tensor result_, saved_mean_, saved_inverse_, scale_gradient_, shift_gradient_;
    norm_gradients gradients_;
};

} // namespace lipt::torch::detail
