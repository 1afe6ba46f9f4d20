#include "winograd.hpp"

#include <algorithm>

namespace lipt::onednn::detail {

namespace {

/// Whether at least half of the tiles' places are outputs: 4x4, and from 6x6 on.
bool fills_tiles(const image_shape &plane) {
    const std::size_t tiles = (plane.height + 3) / 4 * ((plane.width + 3) / 4);
    return plane.height >= 4 && plane.width >= 4 && 2 * plane.height * plane.width >= 16 * tiles;
}

/// On small planes the transformed weights, four times the weights, would be most of what a network holds.
bool copies_are_small(const layer &described) {
    return described.in.height >= 8 || described.in.channels * described.out.channels <= 512 * 512;
}

} // namespace

// Measured to be 1.3 times as fast as the direct sum and more. Its rounding, some ten times that of the
// direct sum, is kept out of the forward pass of narrow networks in training, which then follows the float64
// one longer.
bool winograd_pays(const layer &described, purpose use, pass which) {
    const auto &in = described.in;
    const std::size_t channels = std::min(in.channels, described.out.channels);
    if (described.kernel != 3 || described.stride != 1 || described.padding != 1 || described.input == 0 ||
        in.channels % 16 != 0 || described.out.channels % 16 != 0 || channels < 32 || !has_vectors()) {
        return false;
    }
    const bool trains = use == purpose::training;
    switch (which) {
    case pass::forward:
        return use == purpose::evaluation ||
               (channels >= 64 && fills_tiles(in) && copies_are_small(described));
    case pass::data:
        return trains && fills_tiles(in) && copies_are_small(described);
    case pass::weights:
        // On planes below 3x3 oneDNN would take its reference loop.
        return trains && (fills_tiles(in) || std::min(in.height, in.width) < 3);
    }
    return false;
}

const winograd_passes &winograd() { return channel_block() == 16 ? winograd_avx512 : winograd_avx2; }

} // namespace lipt::onednn::detail
