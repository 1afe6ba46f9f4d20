// The reference backend under the names that the program uses for whichever backend was chosen.
#pragma once

#include <lipt/backends/reference/tensor.hpp>
#include <lipt/backends/reference/training.hpp>

#include <cstddef>
#include <string_view>

namespace lipt::reference {

inline constexpr std::string_view backend_name = "reference";

/// The tensor backend for this many threads; it uses one.
inline tensor make_tensor(std::size_t) { return {}; }

} // namespace lipt::reference
