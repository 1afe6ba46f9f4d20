// A TorchScript module as a network: its tensors over flat weights of LiPT's, its gradients by autograd.
#pragma once

#include "batch.hpp"

#include <lipt/network/network.hpp>

#include <memory>
#include <string>

namespace lipt::torch::detail {

/// A module loaded from its file, with the weights of a flat vector in place of its own. Its own kernels
/// decide how it rounds: unlike the other networks' its results may depend on the number of threads.
class script {
  public:
    /// errors: as `script_network`
    script(const network_spec &spec, const at::Device &device);
    script(script &&) noexcept;
    ~script();

    const network_spec &spec() const noexcept;
    /// The flat weights and their gradient, float32. shapes: (S)
    at::Tensor &weights() noexcept;
    at::Tensor &gradient() noexcept;

    /// The module in evaluation mode.
    device_output evaluate(const at::Tensor &images);
    /// The module in training mode, for its statistics alone: they move by `share`.
    void observe(const at::Tensor &images, double share);
    /// The mean weighted cross-entropy in training mode, and its derivative into `gradient`; the statistics
    /// move by `share`. shapes: result (), on the device
    at::Tensor differentiate(const device_batch &batch, double share);

  private:
    class implementation;
    std::unique_ptr<implementation> self_;
};

} // namespace lipt::torch::detail
