// The weights of a network_spec as a safetensors file, names and shapes those of PyTorch's state_dict.
#pragma once

#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/network/network.hpp>
#include <lipt/training.hpp>

namespace lipt::adapters {

/// Weights as they were read, with the file's metadata.
struct stored_state {
    training_state state;
    tensor_metadata metadata;
};

/// Writes the weights of a network, and its momentum as "momentum.<name>" where there is one, atomically.
/// shapes: weights (S), momentum (S) or empty
/// errors: F02, F03 as atomic_file; T01, T02 as check_state; T03 as check_momentum
void save_state(const std::filesystem::path &path, const network_spec &spec, std::span<const float> weights,
                const tensor_metadata &metadata = {}, std::span<const float> momentum = {});

/// Reads the weights of a network. Tensors that are not float32 (PyTorch's num_batches_tracked) are passed
/// over.
/// shapes: result.state.weights (S), result.state.momentum (S), or empty where the file has none
/// errors: F01, F03, F20, F21 as safetensors_file; F22 a tensor is missing, F23 has another type or shape,
/// F25 does not belong to this network, F26 holds NaN or infinity; all name the file and the tensor
stored_state load_state(const std::filesystem::path &path, const network_spec &spec);

/// XXH3 of all weights in the order of the layout, and of the momentum where there is one.
std::string fingerprint_of(const training_state &state);

/// Holds what was read against the metadata's "fingerprint". errors: F27 there is none, or another
void require_whole(const std::filesystem::path &path, const stored_state &stored);

} // namespace lipt::adapters
