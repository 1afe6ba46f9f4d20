// What a network is, in words.
#pragma once

#include <lipt/network/spec.hpp>

#include <cstddef>
#include <string>

namespace lipt::adapters {

/// Layers with weights as the papers count them: convolutions and the last layer, but of networks that add
/// before they normalise (Wide-ResNet) all convolutions and not the last layer.
/// source: [He2016], [Zagoruyko2016]
std::size_t depth_of(const network_spec &spec);

/// What was built: "resnet20 (3x3 stem, depth 20, 272,474 parameters)"; of a name that others give another
/// network, which that is.
std::string network_words(const network_spec &spec);

} // namespace lipt::adapters
