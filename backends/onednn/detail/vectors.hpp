// A block of channels as one vector, for the passes over activations in blocks.
#pragma once

#include "convolution.hpp"
#include "kernels.hpp"

#include <cstddef>
#include <type_traits>

namespace lipt::onednn::detail {

/// One block of channels as a vector of the compiler's; it is split where the processor's vectors are
/// narrower. To the compiler it may alias its elements' type.
template <int Block>
struct vectors {
    using type __attribute__((vector_size(Block * sizeof(float)))) = float;
    using whole __attribute__((vector_size(Block * sizeof(int)))) = int;
    using unaligned __attribute__((vector_size(Block * sizeof(float)), aligned(4))) = float;
};
template <int Block>
using vector = typename vectors<Block>::type;
/// Whole numbers as many as a block's channels; what a comparison gives: -1 or 0.
template <int Block>
using whole_vector = typename vectors<Block>::whole;

template <int Block>
inline vector<Block> load(const float *from) {
    return *reinterpret_cast<const typename vectors<Block>::unaligned *>(from);
}
template <int Block>
inline void store(float *to, const vector<Block> &value) {
    *reinterpret_cast<typename vectors<Block>::unaligned *>(to) = value;
}
/// NaN passes, so that a training that diverged shows.
template <int Block>
inline vector<Block> rectified(const vector<Block> &x) {
    const vector<Block> zero{};
    return zero > x ? zero : x;
}

/// Calls `body` with the block size as a compile-time constant.
template <class Body>
void with_block(Body body) {
    if (channel_block() == 16) {
        body(std::integral_constant<int, 16>{});
    } else {
        body(std::integral_constant<int, 8>{});
    }
}

/// Calls `body(offset of the plane, first channel)` for each plane of a piece.
template <int Block, class Body>
inline void for_planes(const piece_shape &shape, Body body) {
    const std::size_t plane = shape.pixels * Block;
    for (std::size_t image = 0; image < shape.images; ++image) {
        for (std::size_t c = 0; c < shape.channels; c += Block) {
            body(image * shape.channels * shape.pixels + c / Block * plane, c);
        }
    }
}

} // namespace lipt::onednn::detail
