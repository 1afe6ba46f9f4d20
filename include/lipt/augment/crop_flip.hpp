// The standard augmentation of small images: a random crop of the zero-padded image, then a mirror image half
// the time.
#pragma once

#include <lipt/data.hpp>
#include <lipt/error.hpp>
#include <lipt/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lipt {

/// Settings of crop and flip.
struct crop_flip_options {
    std::size_t padding = 4; ///< pixels of zeros on each side; 0 for no crop
    bool flip = true;        ///< mirror left and right with probability 1/2
};

/// Moves one image, then mirrors it where that is asked.
/// shapes: image, out (ch,h,w), apart in memory
/// errors: A01 sizes that do not fit
/// cost: O(ch h w), no allocation
inline void move_image(std::span<const std::uint8_t> image, std::span<std::uint8_t> out,
                       const image_shape &shape, const image_move &move) {
    require(image.size() == shape.size() && out.size() == shape.size(), "A01", "augmentation: images of ",
            image.size(), " and ", out.size(), " bytes, expected ", shape.size(),
            ": give whole images (ch,h,w)");
    const auto height = static_cast<std::ptrdiff_t>(shape.height),
               width = static_cast<std::ptrdiff_t>(shape.width);
    const std::ptrdiff_t down = move.down, right = move.right;
    const std::ptrdiff_t first =
        std::clamp<std::ptrdiff_t>(right, 0, width); // columns of out that show the image
    const std::ptrdiff_t last = std::clamp<std::ptrdiff_t>(width + right, first, width);
    for (std::size_t channel = 0; channel < shape.channels; ++channel) {
        const std::size_t plane = channel * shape.height * shape.width;
        for (std::ptrdiff_t y = 0; y < height; ++y) {
            std::uint8_t *const row = out.data() + plane + static_cast<std::size_t>(y * width);
            const std::ptrdiff_t from = y - down;
            const bool outside = from < 0 || from >= height;
            std::fill(row, row + (outside ? width : first), std::uint8_t{0});
            if (!outside) {
                const std::uint8_t *const source =
                    image.data() + plane + static_cast<std::size_t>(from * width);
                std::copy(source + (first - right), source + (last - right), row + first);
                std::fill(row + last, row + width, std::uint8_t{0});
            }
            if (move.mirrored != 0) std::reverse(row, row + width);
        }
    }
}

/// A random crop and flip: the row, the column and the flip are drawn, in this order, whatever the options.
/// source: [He2016] Section 4.2
inline image_move draw_move(const crop_flip_options &options, rng &draw) {
    const auto padding = static_cast<std::int32_t>(options.padding);
    const auto places = static_cast<std::uint32_t>(2 * options.padding + 1);
    image_move move;
    move.down = static_cast<std::int32_t>(draw.below(places)) - padding;
    move.right = static_cast<std::int32_t>(draw.below(places)) - padding;
    move.mirrored = draw.below(2) == 1 && options.flip ? 1 : 0;
    return move;
}

} // namespace lipt
