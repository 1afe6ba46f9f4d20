// The standard augmentation of photographs: a random part of the image, brought to the network's size. Only
// the part is drawn here; whoever decodes the image cuts and resizes it.
#pragma once

#include <lipt/data.hpp>
#include <lipt/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lipt {

/// units: share of the image's area; width over height
struct resized_crop_options {
    double scale_min = 0.08, scale_max = 1;
    double ratio_min = 3.0 / 4.0, ratio_max = 4.0 / 3.0;
};

/// The largest part in the middle whose ratio is allowed.
inline crop_box middle_crop(const image_extent &extent, const resized_crop_options &options) {
    const auto height = static_cast<double>(extent.height), width = static_cast<double>(extent.width);
    crop_box box{.height = extent.height, .width = extent.width};
    if (width / height < options.ratio_min) {
        box.height = static_cast<std::size_t>(std::nearbyint(width / options.ratio_min));
    } else if (width / height > options.ratio_max) {
        box.width = static_cast<std::size_t>(std::nearbyint(height * options.ratio_max));
    }
    box.top = (extent.height - box.height) / 2;
    box.left = (extent.width - box.width) / 2;
    return box;
}

/// A random part: area and ratio are drawn until it fits into the image, ten times at most, then its place;
/// the middle where none has fitted. Draws two numbers a try and two for the place. source: [Torchvision]
/// RandomResizedCrop
inline crop_box draw_resized_crop(const image_extent &extent, const resized_crop_options &options,
                                  rng &draw) {
    const double area = static_cast<double>(extent.height) * static_cast<double>(extent.width);
    const double low = std::log(options.ratio_min), high = std::log(options.ratio_max);
    for (int tries = 0; tries < 10; ++tries) {
        const double share = options.scale_min + (options.scale_max - options.scale_min) * draw.uniform();
        const double ratio = std::exp(low + (high - low) * draw.uniform());
        const auto width = static_cast<std::size_t>(std::nearbyint(std::sqrt(area * share * ratio)));
        const auto height = static_cast<std::size_t>(std::nearbyint(std::sqrt(area * share / ratio)));
        if (width == 0 || height == 0 || width > extent.width || height > extent.height) continue;
        const auto top = draw.below(static_cast<std::uint32_t>(extent.height - height + 1));
        const auto left = draw.below(static_cast<std::uint32_t>(extent.width - width + 1));
        return {.top = top, .left = left, .height = height, .width = width};
    }
    return middle_crop(extent, options);
}

/// Turns left and right round, in place. shapes: image (ch,h,w)
inline void mirror(std::span<std::uint8_t> image, const image_shape &shape) {
    for (std::size_t row = 0; row < shape.channels * shape.height; ++row) {
        const auto line = image.subspan(row * shape.width, shape.width);
        std::reverse(line.begin(), line.end());
    }
}

} // namespace lipt
