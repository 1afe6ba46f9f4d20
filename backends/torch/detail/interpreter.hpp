// Runs a network_spec forwards and backwards with ATen's operators, layer by layer, on one device.
#pragma once

#include "batch.hpp"
#include "batch_norm.hpp"
#include "parts.hpp"

#include <lipt/network/network.hpp>

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
    at::MemoryFormat format = at::MemoryFormat::ChannelsLast; ///< of activations
};

/// One pass over a batch, by layer number (0: the normalised images): outputs, a part each, and what else the
/// layers need.
struct activations {
    phase now = phase::training;
    parts images;
    std::vector<parts> values;
    std::vector<parts> chosen;       ///< where a max-pool found its values
    std::vector<at::Tensor> kernels; ///< weights of convolutions, as they are computed with
    std::vector<batch_norm> norms;
};

/// What goes back through a pass: gradients of outputs by layer number and part, and of tensors of the
/// weights by part.
struct gradient_flow {
    std::vector<parts> values, weights;
};

/// Interprets a network_spec with weights of its own, zero at first. Its callers see to the threads.
/// A pass is cut where a batch-norm needs the whole batch; between two cuts a part goes through all layers.
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
    void backward(activations &pass, const at::Tensor &logits_gradient);
    activations begin(const at::Tensor &images, phase now) const;
    /// The tensor `position` places after the first one of a layer, in the flat vector.
    at::Tensor weight(const layer &at, std::size_t position = 0) const {
        return views_[at.weights + position];
    }
    at::Tensor normalised(const at::Tensor &images) const;
    void evaluate_layer(std::size_t number, std::size_t part, activations &pass) const;
    void differentiate_layer(std::size_t number, std::size_t part, activations &pass,
                             gradient_flow &flow) const;
    norm_pass norm_pass_of(std::size_t number, std::size_t part, const activations &pass,
                           const gradient_flow &flow) const;
    void join_gradients(std::size_t number, gradient_flow &flow);

    network_spec spec_;
    computation how_;
    at::Tensor weights_, gradient_, mean_, deviation_;
    std::vector<at::Tensor> views_, gradient_views_; ///< of the flat vectors, a tensor each
    std::vector<std::size_t> last_use_;              ///< number of the last layer that reads each output
    std::vector<std::size_t> reads_;                 ///< and by how many it is read
};

} // namespace lipt::torch::detail
