// One batch out of a set, augmented: what every training stage reads.
#pragma once

#include <lipt/augment/crop_flip.hpp>
#include <lipt/augment/rand_augment.hpp>
#include <lipt/data.hpp>
#include <lipt/random.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lipt {

/// Which augmentations run, in this order; all off leaves the images as they are.
struct augment_options {
    bool rand_augment = false;
    bool crop_flip = true;
    rand_augment_options rand{};
    crop_flip_options crop{};
};

/// Gathers and augments batches; owns the scratch memory, so keep one a worker.
class augmenter {
  public:
    explicit augmenter(const augment_options &options) : options_(options), rand_(options.rand) {}

    /// Copies the chosen images into `out`, each augmented by its own stream: `key` with the sample's index,
    /// so that an image's augmentation does not depend on the batch it is in. cost: O(B ch h w) and, with
    /// RandAugment, some 20 microseconds an image
    void operator()(const image_set &set, std::span<const std::int64_t> indices, stream_key key,
                    image_batch &out) {
        gather(set, indices, out);
        const std::size_t bytes = set.shape.size();
        for (std::size_t b = 0; b < indices.size(); ++b) {
            key.sample = static_cast<std::uint32_t>(indices[b]);
            rng draw(key);
            const std::span image(out.pixels.data() + b * bytes, bytes);
            if (options_.rand_augment) rand_(image, set.shape, draw);
            if (options_.crop_flip) {
                scratch_.assign(image.begin(), image.end());
                crop_flip(scratch_, image, set.shape, options_.crop, draw);
            }
        }
    }

  private:
    augment_options options_;
    rand_augmenter rand_;
    std::vector<std::uint8_t> scratch_;
};

} // namespace lipt
