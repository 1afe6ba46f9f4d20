// One batch out of a set, augmented: what every training stage reads.
#pragma once

#include <lipt/augment/crop_flip.hpp>
#include <lipt/augment/rand_augment.hpp>
#include <lipt/augment/resized_crop.hpp>
#include <lipt/data.hpp>
#include <lipt/random.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt {

/// Which augmentations run; all off leaves the images as they are. Images in memory: RandAugment, then a crop
/// of the padded image. Images that are read: a resized crop as they are decoded, then RandAugment.
struct augment_options {
    bool rand_augment = false;
    bool crop_flip = true;
    rand_augment_options rand{};
    crop_flip_options crop{};
    resized_crop_options resized{}; ///< in place of the padded crop where the set has a reader
};

/// Gathers and augments batches; owns the scratch memory, so keep one a worker.
class augmenter {
  public:
    /// leave_moves: the crop and flip of images in memory is left to whoever trains, in the batch's `moves`.
    explicit augmenter(const augment_options &options, bool leave_moves = false)
        : options_(options), rand_(options.rand), leave_moves_(leave_moves) {}

    /// Copies or reads the chosen images into `out`, each augmented by its own stream: `key` with the
    /// sample's index, so that an image's augmentation does not depend on the batch it is in. errors: the
    /// reader's. cost: O(B ch h w) and, with RandAugment, some 20 microseconds an image of 32 x 32
    void operator()(const image_set &set, std::span<const std::int64_t> indices, stream_key key,
                    image_batch &out) {
        out.moves.clear();
        if (set.reader == nullptr)
            augment_held(set, indices, key, out);
        else
            augment_read(set, indices, key, out);
    }

  private:
    static rng stream_of(stream_key key, std::int64_t index) {
        key.sample = static_cast<std::uint32_t>(index);
        return rng(key);
    }

    void augment_held(const image_set &set, std::span<const std::int64_t> indices, const stream_key &key,
                      image_batch &out) {
        gather(set, indices, out);
        const std::size_t bytes = set.shape.size();
        for (std::size_t b = 0; b < indices.size(); ++b) {
            rng draw = stream_of(key, indices[b]);
            const std::span image(out.pixels.data() + b * bytes, bytes);
            if (options_.rand_augment) rand_(image, set.shape, draw);
            if (!options_.crop_flip) continue;
            const auto move = draw_move(options_.crop, draw);
            if (leave_moves_) {
                out.moves.push_back(move);
            } else {
                scratch_.assign(image.begin(), image.end());
                move_image(scratch_, image, set.shape, move);
            }
        }
    }

    /// An image's part is drawn before it is decoded; the draws for the flip and for RandAugment follow.
    void augment_read(const image_set &set, std::span<const std::int64_t> indices, const stream_key &key,
                      image_batch &out) {
        boxes_.clear();
        draws_.clear();
        for (const auto index : indices) {
            draws_.push_back(stream_of(key, index));
            if (options_.crop_flip)
                boxes_.push_back(
                    draw_resized_crop(set.reader->extent(index), options_.resized, draws_.back()));
        }
        gather(set, {.indices = indices, .boxes = boxes_}, out);
        const std::size_t bytes = set.shape.size();
        for (std::size_t b = 0; b < indices.size(); ++b) {
            const std::span image(out.pixels.data() + b * bytes, bytes);
            if (options_.crop_flip && draws_[b].below(2) == 1 && options_.crop.flip) mirror(image, set.shape);
            if (options_.rand_augment) rand_(image, set.shape, draws_[b]);
        }
    }

    augment_options options_;
    rand_augmenter rand_;
    bool leave_moves_;
    std::vector<std::uint8_t> scratch_;
    std::vector<crop_box> boxes_;
    std::vector<rng> draws_;
};

} // namespace lipt
