// What a user should hear of a selection or a mask that is right but not what may be expected of it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace lipt::arrays {

/// Classes of which nothing is kept; "" where there are none.
std::string lost_classes_notice(std::span<const std::size_t> lost);

/// Kept samples that weigh nothing in the loss; "" where there are none.
std::string zero_weights_notice(std::span<const float> weights);

/// Tensors that a mask has left nothing of; "" where there are none.
std::string emptied_notice(std::size_t worker, std::span<const std::string> tensors);

} // namespace lipt::arrays
