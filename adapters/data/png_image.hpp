// PNG files, row by row, as Pillow's convert("RGB") has them: transparency dropped, palettes looked up, the
// upper 8 of 16 bits taken; but grey of 16 bits is cut at 255, as Pillow does.
#pragma once

#include <lipt/adapters/data/resample.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

struct spng_ctx;

namespace lipt::adapters {

/// One PNG image in memory. `name` is what errors call it; both must outlive this object.
class png_image {
  public:
    /// Reads the header; the file may end after it. errors: D19 damaged or too large
    png_image(std::span<const std::byte> file, std::string_view name);

    image_extent extent() const noexcept { return extent_; }

    /// Feeds a resampler with what a view needs. An image that is stored in several passes is decoded whole
    /// first. errors: D19 damaged, wherever it is
    void read(const image_view &view, resampler &into);

  private:
    struct release {
        void operator()(spng_ctx *context) const noexcept;
    };
    void check(int code) const;
    void read_rows(const resample_axis &rows, int format, std::size_t row_bytes, resampler &into);

    std::string_view name_;
    std::unique_ptr<spng_ctx, release> context_;
    image_extent extent_;
    bool deep_grey_ = false, in_passes_ = false;
    std::vector<std::uint8_t> row_, wide_;
};

} // namespace lipt::adapters
