// The largest image that is decoded.
#pragma once

#include <lipt/data.hpp>
#include <lipt/error.hpp>

#include <string_view>

namespace lipt::adapters {

/// Twice 2^30/12, where Pillow refuses an image as a decompression bomb; a PNG that comes in several passes
/// takes four bytes each.
inline constexpr std::size_t most_stored_pixels = 178'956'970;

/// Checks a header's promise before anything is allocated for it. errors: D19
inline void check_stored_size(const image_extent &extent, std::string_view name) {
    require(extent.height > 0 && extent.width > 0 && extent.height <= most_stored_pixels / extent.width,
            "D19", "data: the image '", name, "' says that it has ", extent.height, " x ", extent.width,
            " pixels, expected at least one and at most ", most_stored_pixels,
            " in all: leave it out (--corrupt-images skip)");
}

} // namespace lipt::adapters
