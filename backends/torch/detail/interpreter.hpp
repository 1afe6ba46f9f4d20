// Runs a network_spec forwards and backwards with ATen's operators, layer by layer, on one device.
#pragma once

#include "batch.hpp"

#include <lipt/network.hpp>

#include <ATen/ATen.h>

#include <cstddef>
#include <vector>

namespace lipt::torch::detail {

/// Evaluation uses the running statistics, the others those of the batch; training keeps what the backward
/// pass needs.
enum class phase { evaluation, observation, training };

/// Where and how a network computes.
struct computation {
    at::Device device = at::kCPU;
    at::ScalarType type = at::kFloat; ///< of activations and of the weights of convolutions; sums are float32
    /// Channels last where the device's convolutions want it.
    at::MemoryFormat format = at::MemoryFormat::Contiguous;
};

/// Outputs by layer number (0: the normalised images), and what a backward pass needs besides.
struct activations {
    std::vector<at::Tensor> values;
    std::vector<at::Tensor> mean, inverse_deviation; ///< of a batch-norm's input
    std::vector<at::Tensor> chosen;                  ///< where a max-pool found its values
};

/// Interprets a network_spec with weights of its own, zero at first. Its callers see to the threads.
class interpreter {
  public:
    interpreter(const network_spec &spec, const computation &how);

    const network_spec &spec() const noexcept { return spec_; }
    /// The flat weights and their gradient, float32. shapes: (S)
    at::Tensor &weights() noexcept { return weights_; }
    const at::Tensor &weights() const noexcept { return weights_; }
    at::Tensor &gradient() noexcept { return gradient_; }

    /// The network with its running statistics.
    device_output evaluate(const at::Tensor &images);
    /// The network with the batch's statistics, for these alone: the running ones move by `share`.
    void observe(const at::Tensor &images, double share);
    /// The mean weighted cross-entropy with the batch's statistics, and its derivative into `gradient`, times
    /// `scale` where that is defined (1); the running statistics move by `share`. shapes: result (), on the
    /// device
    at::Tensor differentiate(const device_batch &batch, double share, const at::Tensor &scale);

  private:
    activations run(const at::Tensor &images, phase now, double share);
    void backward(const activations &pass, const at::Tensor &logits_gradient);
    /// The tensor `position` places after the first one of a layer, in the flat vector.
    at::Tensor weight(const layer &at, std::size_t position = 0) const {
        return views_[at.weights + position];
    }
    void store_gradient(const layer &at, std::size_t position, const at::Tensor &values);
    at::Tensor convolution_weight(const layer &at) const;
    at::Tensor normalised(const at::Tensor &images) const;
    void evaluate_layer(std::size_t number, phase now, double share, activations &pass);
    at::Tensor normalise(std::size_t number, phase now, double share, activations &pass);
    void differentiate_layer(std::size_t number, const activations &pass, std::vector<at::Tensor> &gradients);
    void differentiate_convolution(const layer &at, const activations &pass, const at::Tensor &from,
                                   std::vector<at::Tensor> &gradients);
    void differentiate_batch_norm(std::size_t number, const activations &pass, at::Tensor from,
                                  std::vector<at::Tensor> &gradients);

    network_spec spec_;
    computation how_;
    at::Tensor weights_, gradient_, mean_, deviation_;
    std::vector<at::Tensor> views_;     ///< of the flat weights, a tensor each
    std::vector<std::size_t> last_use_; ///< number of the last layer that reads each output
};

} // namespace lipt::torch::detail
