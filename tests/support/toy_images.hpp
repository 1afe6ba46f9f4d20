// Small images of which a network learns something in seconds: each class is a bright bar at its own place,
// with noise.
#pragma once

#include <lipt/data.hpp>
#include <lipt/random.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lipt_test {

/// N images of (ch,size,size), classes in turn; owns what its view shows.
class toy_images {
  public:
    toy_images(std::size_t count, std::uint64_t seed, std::size_t size = 8, std::size_t channels = 1,
               std::size_t classes = 3)
        : shape_{channels, size, size}, classes_(classes) {
        lipt::rng draw({.seed = seed, .stage = lipt::stream::test});
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t label = i % classes;
            labels_.push_back(static_cast<std::int32_t>(label));
            for (std::size_t p = 0; p < shape_.size(); ++p) {
                const bool bar = p % size / 2 == label;
                pixels_.push_back(static_cast<std::uint8_t>(draw.below(120) + (bar ? 80 : 0)));
            }
        }
    }

    lipt::image_set view() const {
        return {.pixels = pixels_, .labels = labels_, .shape = shape_, .classes = classes_};
    }

  private:
    lipt::image_shape shape_;
    std::size_t classes_;
    std::vector<std::uint8_t> pixels_;
    std::vector<std::int32_t> labels_;
};

} // namespace lipt_test
