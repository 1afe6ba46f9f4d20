// Images and labels that own their memory: what every reader of a data format returns.
#pragma once

#include <lipt/data.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lipt::adapters {

/// N labelled images, in memory or decoded when they are read.
/// shapes: pixels (N,ch,h,w), or none with a reader; labels (N) in 0..classes-1
struct labelled_images {
    std::vector<std::uint8_t> pixels;
    std::vector<std::int32_t> labels;
    image_shape shape;
    std::size_t classes = 0;
    std::shared_ptr<const image_reader> reader{};
    /// Where files were left out: the place of each image among all files, and the others' names.
    std::vector<std::int64_t> numbers{}; ///< (N) ascending; empty: 0 to N-1
    std::vector<std::string> left_out{}; ///< "train/ant/b.png", in their order

    std::size_t size() const noexcept { return labels.size(); }
    /// What the core works on; valid as long as this object is.
    image_set view() const noexcept {
        return {
            .pixels = pixels, .labels = labels, .shape = shape, .classes = classes, .reader = reader.get()};
    }
};

} // namespace lipt::adapters
