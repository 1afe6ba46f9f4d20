// The fourteen operations of RandAugment on planar uint8 images, bit for bit as torchvision applies them to
// PIL images (nearest interpolation, zero fill).
// source: [Cubuk2020] Section 3; [Torchvision] autoaugment; [Pillow] ImageEnhance, ImageOps, Image.transform
#pragma once

#include <lipt/augment/affine_warp.hpp>
#include <lipt/data.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lipt {

/// In torchvision's order, which a draw of RandAugment numbers.
enum class image_operation : std::uint8_t {
    identity,
    shear_x,
    shear_y,
    translate_x,
    translate_y,
    rotate,
    brightness,
    color,
    contrast,
    sharpness,
    posterize,
    solarize,
    auto_contrast,
    equalize,
};

/// torchvision's names, indexed by operation.
inline constexpr std::array<std::string_view, 14> image_operation_names{
    "Identity", "ShearX",   "ShearY",    "TranslateX", "TranslateY", "Rotate",       "Brightness",
    "Color",    "Contrast", "Sharpness", "Posterize",  "Solarize",   "AutoContrast", "Equalize"};

/// Applies operations to images in place; owns the scratch memory, so keep one a worker.
class image_operations {
  public:
    /// Applies one operation.
    /// shapes: image (ch,h,w), ch 1 or 3
    /// units: magnitude as torchvision has it: shear dx/dy; translation pixels, cut to a whole number;
    /// rotation degrees counter-clockwise; brightness, color, contrast, sharpness the change of a factor of
    /// 1; posterize bits kept; solarize the lowest inverted value; unused by identity, auto_contrast and
    /// equalize
    /// errors: A01 size, A02 channels
    /// cost: O(ch h w); allocates only where an image is larger than any before
    void apply(image_operation operation, double magnitude, std::span<std::uint8_t> image,
               const image_shape &shape) {
        require(image.size() == shape.size(), "A01", "augmentation: an image of ", image.size(),
                " bytes, expected ", shape.size(), ": give a whole image (ch,h,w)");
        require(shape.channels == 1 || shape.channels == 3, "A02", "augmentation: images of ", shape.channels,
                " channels, expected 1 or 3: RandAugment is defined on grey and RGB images only");
        switch (operation) {
        case image_operation::identity:
            break;
        case image_operation::shear_x:
            warp_({1, magnitude, 0, 0, 1, 0}, image, shape);
            break;
        case image_operation::shear_y:
            warp_({1, 0, 0, magnitude, 1, 0}, image, shape);
            break;
        case image_operation::translate_x:
            warp_({1, 0, -std::trunc(magnitude), 0, 1, 0}, image, shape);
            break;
        case image_operation::translate_y:
            warp_({1, 0, 0, 0, 1, -std::trunc(magnitude)}, image, shape);
            break;
        case image_operation::rotate:
            warp_(rotation(magnitude, shape), image, shape);
            break;
        case image_operation::brightness:
            blend_constant(0, magnitude, image);
            break;
        case image_operation::color:
            color(magnitude, image, shape);
            break;
        case image_operation::contrast:
            blend_constant(mean_grey(image, shape), magnitude, image);
            break;
        case image_operation::sharpness:
            sharpness(magnitude, image, shape);
            break;
        case image_operation::posterize:
            posterize(magnitude, image);
            break;
        case image_operation::solarize:
            solarize(magnitude, image);
            break;
        case image_operation::auto_contrast:
            auto_contrast(image, shape);
            break;
        case image_operation::equalize:
            equalize(image, shape);
            break;
        }
    }

  private:
    using lookup = std::array<std::uint8_t, 256>;

    /// A rounded result that the compiler cannot fuse into a multiply-add: Pillow rounds twice.
    template <class Real>
    static Real rounded(Real value) noexcept {
        volatile Real stored = value;
        return stored;
    }

    static void map(const lookup &table, std::span<std::uint8_t> pixels) noexcept {
        for (auto &pixel : pixels) pixel = table[pixel];
    }

    template <class Table>
    static void map_each_channel(Table &&table_of, std::span<std::uint8_t> image, const image_shape &shape) {
        const std::size_t size = shape.height * shape.width;
        for (std::size_t channel = 0; channel < shape.channels; ++channel) {
            const auto plane = image.subspan(channel * size, size);
            std::array<std::uint32_t, 256> histogram{};
            for (const auto pixel : plane) ++histogram[pixel];
            map(table_of(histogram), plane);
        }
    }

    /// Prepares blend(): the products of every difference of two pixels with the factor, in float as in
    /// Pillow.
    void prepare_blend(double change) {
        const auto factor = static_cast<float>(1.0 + change);
        for (int difference = -255; difference <= 255; ++difference) {
            product_[static_cast<std::size_t>(difference + 255)] =
                rounded(factor * static_cast<float>(difference));
        }
    }
    /// base + factor (pixel - base), cut to 0..255 towards zero.
    std::uint8_t blend(int base, int pixel) const noexcept {
        const float value = static_cast<float>(base) + product_[static_cast<std::size_t>(pixel - base + 255)];
        return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f));
    }
    void blend_constant(int base, double change, std::span<std::uint8_t> image) {
        prepare_blend(change);
        lookup table;
        for (int value = 0; value < 256; ++value) table[static_cast<std::size_t>(value)] = blend(base, value);
        map(table, image);
    }

    /// ITU-R 601-2 luma in 16.16 fixed point.
    static int grey(int red, int green, int blue) noexcept {
        return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }

    static int mean_grey(std::span<const std::uint8_t> image, const image_shape &shape) noexcept {
        const std::size_t size = shape.height * shape.width;
        std::uint64_t sum = 0;
        for (std::size_t at = 0; at < size; ++at) {
            sum += static_cast<std::uint64_t>(
                shape.channels == 1 ? image[at] : grey(image[at], image[at + size], image[at + 2 * size]));
        }
        return static_cast<int>(static_cast<double>(sum) / static_cast<double>(size) + 0.5);
    }

    void color(double change, std::span<std::uint8_t> image, const image_shape &shape) {
        if (shape.channels == 1) return; // grey is its own degenerate image
        prepare_blend(change);
        const std::size_t size = shape.height * shape.width;
        for (std::size_t at = 0; at < size; ++at) {
            const int base = grey(image[at], image[at + size], image[at + 2 * size]);
            for (std::size_t i = at; i < 3 * size; i += size) image[i] = blend(base, image[i]);
        }
    }

    /// Blends with the image smoothed by (1 1 1; 1 5 1; 1 1 1)/13; the border is kept.
    void sharpness(double change, std::span<std::uint8_t> image, const image_shape &shape) {
        prepare_blend(change);
        const std::size_t width = shape.width, size = shape.height * width;
        if (shape.height < 3 || width < 3) return;
        plane_.resize(size + 1);
        for (std::size_t channel = 0; channel < shape.channels; ++channel) {
            std::uint8_t *const plane = image.data() + channel * size;
            std::copy(plane, plane + size, plane_.begin());
            for (std::size_t y = 1; y + 1 < shape.height; ++y) {
                const std::uint8_t *const row = plane_.data() + y * width;
                const std::uint8_t *const above = row - width, *const below = row + width;
                for (std::size_t x = 1; x + 1 < width; ++x) {
                    const int sum = above[x - 1] + above[x] + above[x + 1] + row[x - 1] + 5 * row[x] +
                                    row[x + 1] + below[x - 1] + below[x] + below[x + 1];
                    // Pillow sums in float; sum/13 + 1/2 is at least 1/26 from a whole number, so this is the
                    // same.
                    plane[y * width + x] = blend((2 * sum + 13) / 26, row[x]);
                }
            }
        }
    }

    static void posterize(double bits, std::span<std::uint8_t> image) noexcept {
        const int dropped = 8 - std::clamp(static_cast<int>(bits), 0, 8);
        for (auto &pixel : image) pixel = static_cast<std::uint8_t>(pixel >> dropped << dropped);
    }

    static void solarize(double threshold, std::span<std::uint8_t> image) noexcept {
        for (auto &pixel : image) pixel = pixel < threshold ? pixel : static_cast<std::uint8_t>(255 - pixel);
    }

    static void auto_contrast(std::span<std::uint8_t> image, const image_shape &shape) {
        map_each_channel(
            [](const auto &histogram) {
                const auto used = [](std::uint32_t count) { return count != 0; };
                const auto low = std::find_if(histogram.begin(), histogram.end(), used) - histogram.begin();
                const auto high =
                    255 - (std::find_if(histogram.rbegin(), histogram.rend(), used) - histogram.rbegin());
                const double scale = high > low ? 255.0 / static_cast<double>(high - low) : 1.0;
                const double offset = high > low ? rounded(-static_cast<double>(low) * scale) : 0.0;
                lookup table;
                for (std::size_t value = 0; value < 256; ++value) {
                    const double stretched = rounded(static_cast<double>(value) * scale) + offset;
                    table[value] = static_cast<std::uint8_t>(std::clamp(stretched, 0.0, 255.0));
                }
                return table;
            },
            image, shape);
    }

    static void equalize(std::span<std::uint8_t> image, const image_shape &shape) {
        map_each_channel(
            [&](const auto &histogram) {
                const auto last =
                    std::find_if(histogram.rbegin(), histogram.rend(), [](auto n) { return n != 0; });
                const auto total = static_cast<std::uint32_t>(shape.height * shape.width);
                const std::uint32_t step = total == 0 ? 0 : (total - *last) / 255;
                std::uint32_t below = step / 2;
                lookup table;
                for (std::size_t value = 0; value < 256; ++value) {
                    const std::size_t level = step == 0 ? value : below / step;
                    table[value] = static_cast<std::uint8_t>(std::min<std::size_t>(level, 255));
                    below += histogram[value];
                }
                return table;
            },
            image, shape);
    }

    affine_warp warp_;
    std::vector<std::uint8_t> plane_;
    std::array<float, 511> product_{};
};

} // namespace lipt
