// A set in memory behind a reader, as if its images were decoded when they are read.
#pragma once

#include <lipt/data.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace lipt_test {

/// Gives the images of a set as they are, whatever box is asked for, and keeps what was asked; must stay in
/// its place. extents: of an image 40 pixels high and 30 wide, plus its index
class read_images {
  public:
    explicit read_images(const lipt::image_set &set) : set_(set) {
        reader_.extent = [](std::int64_t i) {
            return lipt::image_extent{static_cast<std::size_t>(40 + i), static_cast<std::size_t>(30 + i)};
        };
        reader_.read = [this](const lipt::image_request &request, std::span<std::uint8_t> out) {
            most = std::max(most, request.indices.size());
            total += request.indices.size();
            boxes.insert(boxes.end(), request.boxes.begin(), request.boxes.end());
            all_alone = all_alone && request.alone;
            for (std::size_t b = 0; b < request.indices.size(); ++b) {
                const auto image = set_.image(static_cast<std::size_t>(request.indices[b]));
                std::memcpy(out.data() + b * image.size(), image.data(), image.size());
            }
        };
    }
    read_images(const read_images &) = delete;
    read_images &operator=(const read_images &) = delete;

    lipt::image_set view() const {
        return {.labels = set_.labels, .shape = set_.shape, .classes = set_.classes, .reader = &reader_};
    }

    std::size_t most = 0, total = 0; ///< images of one request, and of all
    std::vector<lipt::crop_box> boxes;
    bool all_alone = true;

  private:
    lipt::image_set set_;
    lipt::image_reader reader_;
};

} // namespace lipt_test
