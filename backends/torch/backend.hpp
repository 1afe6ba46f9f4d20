// The torch backend under the names that the program uses for whichever backend was chosen.
#pragma once

#include <lipt/backends/torch/tensor.hpp>
#include <lipt/backends/torch/training.hpp>

#include <cstddef>
#include <string_view>

namespace lipt::torch {

inline constexpr std::string_view backend_name = "torch";

/// The tensor backend for these options. errors: L01, L02, L04
inline tensor make_tensor(const backend_options &options) {
    return tensor(tensor_options{.threads = options.threads, .device = options.device});
}

} // namespace lipt::torch
