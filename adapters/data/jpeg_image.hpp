// JPEG files, row by row, as Pillow's convert("RGB") has them: grey repeated, CMYK taken as Adobe writes it,
// the orientation of EXIF not applied.
#pragma once

#include <lipt/adapters/data/resample.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// One JPEG image in memory. `name` is what errors call it; both must outlive this object.
class jpeg_image {
  public:
    /// Reads the header; the file may end after it.
    /// errors: D19 damaged, too large, or of a kind that is not read (12 bits, two channels)
    jpeg_image(std::span<const std::byte> file, std::string_view name);
    ~jpeg_image();
    jpeg_image(const jpeg_image &) = delete;
    jpeg_image &operator=(const jpeg_image &) = delete;

    image_extent extent() const noexcept;

    /// Feeds a resampler with what a view needs, decoded at 1/2, 1/4 or 1/8 of the size where that still has
    /// more pixels than the view wants by the factor below. Only the blocks around the box are decoded.
    /// errors: D19 damaged in the part that is read
    void read(const image_view &view, resampler &into);

    /// Pixels that a reduced image must have for each that is wanted. A photograph, 240 boxes to sizes of 32
    /// to 128: 0.7 to 0.9 grey levels from Pillow on average and 1.9 at most, with 1 it would be 1.0 to 1.7
    /// and 3.5.
    static constexpr double margin = 1.5;

  private:
    struct state;
    std::unique_ptr<state> self_;
};

} // namespace lipt::adapters
