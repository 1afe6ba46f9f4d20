// Winograd's F(4x4,3x3): 3x3 kernels with stride and padding 1 on activations in blocks of 8 channels (AVX2)
// or 16 (AVX-512), whichever `channel_block` says. Source: [Lavin2016] section 4.
#pragma once

#include "convolution.hpp"
#include "winograd_passes.hpp"

namespace lipt::onednn::detail {

enum class pass { forward, data, weights };

/// Whether a pass of a layer is taken by Winograd's method: where it was measured to be faster, on a
/// processor that has the vectors.
bool winograd_pays(const layer &described, purpose use, pass which);

/// The passes for this processor.
const winograd_passes &winograd();

} // namespace lipt::onednn::detail
