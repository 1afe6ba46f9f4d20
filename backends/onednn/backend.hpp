// The oneDNN backend under the names that the program uses for whichever backend was chosen.
#pragma once

#include <lipt/backends/onednn/tensor.hpp>
#include <lipt/backends/onednn/training.hpp>

#include <cstddef>
#include <string_view>

namespace lipt::onednn {

inline constexpr std::string_view backend_name = "onednn";

/// The tensor backend for this many threads.
inline tensor make_tensor(std::size_t threads) { return tensor(threads); }

} // namespace lipt::onednn
