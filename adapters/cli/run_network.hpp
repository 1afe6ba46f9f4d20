// The network that a run trains, by name or from a file.
#pragma once

#include <lipt/adapters/cli/settings.hpp>
#include <lipt/network/network.hpp>

#include <nlohmann/json.hpp>

#include <vector>

namespace lipt::adapters {

/// Whether the network is a TorchScript module in a file, which waits for the images to be described.
bool is_module(const run_settings &settings);

/// Describes the network of the settings for such images.
/// errors: as the backend's describe_network
network_spec describe(const run_settings &settings, network_options input);

/// What config.json keeps of a module's file, its fingerprint; null for a network by name.
/// errors: F01, F03 the file cannot be read
nlohmann::json module_description(const run_settings &settings);

/// The weights of --init-weights, in the order of `spec`; a TorchScript file gives those it was saved with.
/// shapes: result (S)
/// errors: as load_state; the backend's for a module of other weights
std::vector<float> start_weights(const run_settings &settings, const network_spec &spec);

} // namespace lipt::adapters
