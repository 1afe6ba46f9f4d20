// RandAugment: a few operations on each image, drawn at random, all of one strength.
// source: [Cubuk2020] Figure 2; magnitudes of [Torchvision] RandAugment
#pragma once

#include <lipt/augment/operations.hpp>
#include <lipt/data.hpp>
#include <lipt/error.hpp>
#include <lipt/random.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lipt {

/// Settings of RandAugment.
struct rand_augment_options {
    std::size_t operations = 2; ///< an image
    std::size_t magnitude = 9;  ///< bin, 0 to bins-1
    std::size_t bins = 31;
};

/// True where the sign of a magnitude is drawn at random.
constexpr bool is_signed(image_operation operation) noexcept {
    return operation >= image_operation::shear_x && operation <= image_operation::sharpness;
}

/// The magnitude of a bin for images of one shape, before its sign; translations grow with the image.
/// units: as image_operations::apply
/// errors: A03 fewer than 2 bins, or a bin that is not one of them
inline double operation_magnitude(image_operation operation, std::size_t bin, std::size_t bins,
                                  const image_shape &shape) {
    require(bins > 1 && bin < bins, "A03", "RandAugment: magnitude bin ", bin, " of ", bins,
            ", expected 0 to bins-1 of at least 2 bins");
    // In float and from the nearer end, as torch.linspace has it.
    const auto spaced = [&](double first, double last) {
        const auto from = static_cast<float>(first), to = static_cast<float>(last);
        const float step = (to - from) / static_cast<float>(bins - 1);
        return static_cast<double>(bin < bins / 2 ? std::fma(step, static_cast<float>(bin), from)
                                                  : std::fma(-step, static_cast<float>(bins - 1 - bin), to));
    };
    switch (operation) {
    case image_operation::shear_x:
    case image_operation::shear_y:
        return spaced(0, 0.3);
    case image_operation::translate_x:
        return spaced(0, 150.0 / 331.0 * static_cast<double>(shape.width));
    case image_operation::translate_y:
        return spaced(0, 150.0 / 331.0 * static_cast<double>(shape.height));
    case image_operation::rotate:
        return spaced(0, 30);
    case image_operation::brightness:
    case image_operation::color:
    case image_operation::contrast:
    case image_operation::sharpness:
        return spaced(0, 0.9);
    case image_operation::posterize:
        return 8 - std::nearbyint(static_cast<float>(bin) / (static_cast<float>(bins - 1) / 4));
    case image_operation::solarize:
        return spaced(255, 0);
    case image_operation::identity:
    case image_operation::auto_contrast:
    case image_operation::equalize:
        break;
    }
    return 0;
}

/// Augments images in place; owns the scratch memory, so keep one a worker. The result depends on the image,
/// the options and the stream alone, not on the images before.
class rand_augmenter {
  public:
    /// errors: A03 a magnitude outside its bins
    explicit rand_augmenter(const rand_augment_options &options = {}) : options_(options) {
        operation_magnitude(image_operation::identity, options.magnitude, options.bins, {});
    }

    /// Draws an operation and its sign, applies it, and so on; each operation takes two draws, signed or not.
    /// shapes: image (ch,h,w), ch 1 or 3
    /// errors: A01 size, A02 channels
    /// cost: O(operations ch h w), no allocation after the first image of a shape
    void operator()(std::span<std::uint8_t> image, const image_shape &shape, rng &draw) {
        for (std::size_t i = 0; i < options_.operations; ++i) {
            const auto operation = static_cast<image_operation>(draw.below(image_operation_names.size()));
            const bool negative = draw.below(2) == 1 && is_signed(operation);
            const double magnitude = operation_magnitude(operation, options_.magnitude, options_.bins, shape);
            operations_.apply(operation, negative ? -magnitude : magnitude, image, shape);
        }
    }

  private:
    rand_augment_options options_;
    image_operations operations_;
};

} // namespace lipt
