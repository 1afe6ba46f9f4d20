// The oneDNN backend under the names that the program uses for whichever backend was chosen.
#pragma once

#include <lipt/backends/onednn/tensor.hpp>
#include <lipt/backends/onednn/training.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::onednn {

inline constexpr std::string_view backend_name = "onednn";

/// The network of that name. errors: N01 to N03
inline network_spec describe_network(std::string_view name, const network_options &options) {
    return make_network(name, options);
}

/// The weights of a TorchScript file, which this backend does not read. errors: N05
inline std::vector<float> module_weights(const std::string &file, const network_spec &) {
    fail("N05", "'", file,
         "' is a TorchScript file: give a .safetensors one, or build with -DLIPT_BACKEND=torch");
}

/// The tensor backend for these options. errors: O01, T08.
inline tensor make_tensor(const backend_options &options) {
    check_processor(options, backend_name);
    return tensor(options.threads);
}

} // namespace lipt::onednn
