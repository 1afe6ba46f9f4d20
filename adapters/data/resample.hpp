// Images made smaller or larger as Pillow does it: a triangle as wide as the step between pixels, columns
// first, then rows, 8 bits in between. source: [Pillow] Image.resize with BILINEAR, src/libImaging/Resample.c
#pragma once

#include <lipt/data.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt::adapters {

/// What is wanted of an image: a part of it, brought to a size, and of the result a window.
struct image_view {
    crop_box box;         ///< of the stored image
    image_extent resized; ///< that the box is brought to
    crop_box window;      ///< of the resized box
};

/// The whole image, its shorter side brought to round(size*256/224), and the middle of that, size x size.
/// source: [Torchvision] Resize and CenterCrop
image_view evaluation_view(const image_extent &stored, std::size_t size);

/// One box, brought to size x size. source: [Torchvision] RandomResizedCrop
image_view training_view(const crop_box &box, std::size_t size);

/// How the pixels of one axis are made of those of the stored image: `taps` weights each, the first of them
/// for the pixel `first`. Weights are integers in units of 2^-22 and add up to 1, give or take a rounding.
struct resample_axis {
    std::size_t taps = 0;
    std::vector<std::size_t> first; ///< ascending
    std::vector<std::int32_t> weights;

    std::size_t size() const noexcept { return first.size(); }
    std::size_t begin() const noexcept { return first.front(); }     ///< of the stored pixels that are used
    std::size_t end() const noexcept { return first.back() + taps; } ///< past the last of them
};

/// The axis that brings `length` stored pixels from `from` on to `resized` pixels, of which `count` from
/// `begin` on are wanted. Stored pixels outside are not touched; `from` and `length` may be fractions where
/// the image was decoded smaller than it is stored, of `limit` pixels.
resample_axis make_axis(double from, double length, std::size_t limit, std::size_t resized, std::size_t begin,
                        std::size_t count);

/// Both axes of an image.
struct resample_axes {
    resample_axis columns, rows;
};

/// The axes of a view of an image that was decoded at `share` of its stored size, to `decoded` pixels.
resample_axes make_axes(const image_view &view, double share, const image_extent &decoded);

/// Makes an image out of rows that come one by one; owns the memory between its two passes.
class resampler {
  public:
    /// Bytes behind a row that `add` may read; what they are does not matter.
    static constexpr std::size_t row_padding = 4;

    /// Rows axes.rows.begin() to axes.rows.end()-1 will come, in this order.
    void begin(const resample_axes &axes);
    /// Takes one row of pixels of four bytes, of which the first is the stored pixel `left`; the fourth byte
    /// does not count. shapes: row of at least columns.end()-left pixels, and `row_padding` bytes more that
    /// may be read
    void add(const std::uint8_t *row, std::size_t left);
    /// Writes the image. shapes: out (3,rows,columns)
    void finish(std::span<std::uint8_t> out);

  private:
    resample_axes axes_;
    std::vector<std::uint8_t> narrowed_; ///< (stored rows, columns, 4)
    std::vector<std::int32_t> weights_;  ///< of the columns, as `add` reads them
    std::size_t steps_ = 0;              ///< of a few pixels, for one column
    std::vector<std::int32_t> sums_;
    std::vector<std::uint8_t> line_;
    std::size_t added_ = 0;
};

} // namespace lipt::adapters
