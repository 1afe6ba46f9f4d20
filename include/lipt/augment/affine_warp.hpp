// Shears, translations and rotations of planar uint8 images: nearest pixel, zero fill, bit for bit as Pillow
// has them.
// source: [Pillow] Image.transform, Image.rotate
#pragma once

#include <lipt/data.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

namespace lipt {

/// An affine map (a b c; d e f) from the pixels of the result to those of the image: x' = a x + b y + c, y' =
/// d x + e y + f.
using affine_matrix = std::array<double, 6>;

/// The map that turns an image about its centre. units: degrees, counter-clockwise
inline affine_matrix rotation(double degrees, const image_shape &shape) {
    const double angle = -degrees * std::numbers::pi / 180.0;
    const auto to_15_digits = [](double value) { return std::round(value * 1e15) / 1e15; }; // as Pillow does
    const double cosine = to_15_digits(std::cos(angle)), sine = to_15_digits(std::sin(angle));
    const double x = static_cast<double>(shape.width) / 2, y = static_cast<double>(shape.height) / 2;
    return {cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y};
}

/// Maps images in place; owns the scratch memory.
class affine_warp {
  public:
    /// Every pixel becomes the pixel in which the map of its centre falls, or 0 outside.
    /// shapes: image (ch,h,w), checked by the caller
    /// cost: O(ch h w); allocates only where an image is larger than any before
    void operator()(const affine_matrix &matrix, std::span<std::uint8_t> image, const image_shape &shape) {
        const std::size_t size = shape.height * shape.width;
        find_sources(matrix, shape);
        plane_.resize(size + 1);
        plane_[size] = 0;
        for (std::size_t channel = 0; channel < shape.channels; ++channel) {
            std::uint8_t *const plane = image.data() + channel * size;
            std::copy(plane, plane + size, plane_.begin());
            for (std::size_t at = 0; at < size; ++at) plane[at] = plane_[source_[at]];
        }
    }

  private:
    /// Where each pixel of a plane comes from, or the plane's size for outside; in 16.16 fixed point as in
    /// Pillow.
    void find_sources(const affine_matrix &matrix, const image_shape &shape) {
        const auto fixed = [](double value) {
            return static_cast<std::int64_t>(std::floor(value * 65536.0 + 0.5));
        };
        const auto &[a, b, c, d, e, f] = matrix;
        const std::int64_t x_by_x = fixed(a), x_by_y = fixed(b), y_by_x = fixed(d), y_by_y = fixed(e);
        std::int64_t row_x = fixed(c + a * 0.5 + b * 0.5), row_y = fixed(f + d * 0.5 + e * 0.5);
        const auto height = static_cast<std::int64_t>(shape.height),
                   width = static_cast<std::int64_t>(shape.width);
        source_.resize(shape.height * shape.width);
        for (std::size_t at = 0; at < source_.size(); row_x += x_by_y, row_y += y_by_y) {
            std::int64_t x = row_x, y = row_y;
            for (std::size_t column = 0; column < shape.width; ++column, ++at, x += x_by_x, y += y_by_x) {
                const std::int64_t from_x = x >> 16, from_y = y >> 16;
                const bool inside = from_x >= 0 && from_x < width && from_y >= 0 && from_y < height;
                source_[at] = static_cast<std::uint32_t>(inside ? from_y * width + from_x : height * width);
            }
        }
    }

    std::vector<std::uint32_t> source_;
    std::vector<std::uint8_t> plane_;
};

} // namespace lipt
