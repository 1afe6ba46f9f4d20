// Whether a TorchScript module can be trained and evaluated as a network: tried before anything else is made.
#pragma once

#include "../module.hpp"

#include <lipt/network/network.hpp>

#include <torch/csrc/jit/api/module.h>

#include <span>

namespace lipt::torch::detail {

/// Tries a module on a few images: what LiPT evaluates must be what the module itself gives, an image at a
/// time, and training must move its statistics alike each time. Leaves the module with other weights.
/// errors: L09 a batch-norm without momentum, L11, L12. cost: fourteen passes over four images
void check_module(::torch::jit::Module &module, const network_spec &spec,
                  std::span<const named_tensor> tensors);

} // namespace lipt::torch::detail
