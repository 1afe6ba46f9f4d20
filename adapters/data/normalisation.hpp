// How the pixels of photographs are normalised.
#pragma once

#include <array>

namespace lipt::adapters {

/// Mean and standard deviation of ImageNet's pixels. units: of pixel/255, red, green, blue
/// source: [Torchvision] the transforms of its classification weights
inline constexpr std::array<float, 3> photograph_mean{0.485f, 0.456f, 0.406f};
inline constexpr std::array<float, 3> photograph_deviation{0.229f, 0.224f, 0.225f};

} // namespace lipt::adapters
