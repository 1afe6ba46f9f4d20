// Small images as PNG, and as data URIs that stand inside an HTML page.
#pragma once

#include <lipt/data.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lipt::adapters {

/// Encodes one image: grey for one channel, RGB for three; of any other number the first channel, grey.
/// shapes: pixels (ch,h,w) uint8. errors: H05 libpng cannot encode it
std::vector<std::uint8_t> encode_png(std::span<const std::uint8_t> pixels, const image_shape &shape);

/// RFC 4648 base64 with padding. source: [RFC4648] section 4
std::string base64(std::span<const std::uint8_t> bytes);

/// "data:image/png;base64,..." of one image.
std::string png_data_uri(std::span<const std::uint8_t> pixels, const image_shape &shape);

} // namespace lipt::adapters
