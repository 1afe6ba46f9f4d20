// The oneDNN backend under the names that the program uses for whichever backend was chosen.
#pragma once

#include <lipt/backends/onednn/tensor.hpp>
#include <lipt/backends/onednn/training.hpp>

#include <cstddef>
#include <string_view>

namespace lipt::onednn {

inline constexpr std::string_view backend_name = "onednn";

/// The network of that name. errors: N01 to N03
inline network_spec describe_network(std::string_view name, const network_options &options) {
    return make_network(name, options);
}

/// The tensor backend for these options. errors: O01, T08.
inline tensor make_tensor(const backend_options &options) {
    check_processor(options, backend_name);
    return tensor(options.threads);
}

} // namespace lipt::onednn
