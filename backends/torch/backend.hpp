// The torch backend under the names that the program uses for whichever backend was chosen.
#pragma once

#include <lipt/backends/torch/script.hpp>
#include <lipt/backends/torch/tensor.hpp>
#include <lipt/backends/torch/training.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::torch {

inline constexpr std::string_view backend_name = "torch";

/// The network of that name, or the TorchScript module of a file that ends in .pt. errors: N01 to N03, L07 to
/// L09, L11, L12, L14
inline network_spec describe_network(std::string_view name, const network_options &options) {
    if (name.ends_with(".pt")) return script_network(std::string(name), options);
    return make_network(name, options);
}

/// The weights of a TorchScript file in the order of `spec`. errors: L07, L13. shapes: result (S)
inline std::vector<float> module_weights(const std::string &file, const network_spec &spec) {
    return script_weights(file, spec);
}

/// The tensor backend for these options. errors: L01, L02, L04
inline tensor make_tensor(const backend_options &options) {
    return tensor(tensor_options{.threads = options.threads, .device = options.device});
}

} // namespace lipt::torch
