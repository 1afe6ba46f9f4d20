#include <lipt/adapters/data/png_image.hpp>
#include <lipt/adapters/data/stored_size.hpp>
#include <lipt/error.hpp>

#include <spng.h>

#include <algorithm>
#include <cstring>

namespace lipt::adapters {
namespace {

constexpr std::size_t most_chunk_bytes = std::size_t{64} << 20;

/// Grey of 16 bits, in the machine's order, to pixels of four bytes.
void widen(std::span<const std::uint8_t> grey, std::uint8_t *out) {
    for (std::size_t i = 0; i < grey.size(); i += 2, out += 4) {
        std::uint16_t value = 0;
        std::memcpy(&value, grey.data() + i, 2);
        std::fill(out, out + 4, static_cast<std::uint8_t>(std::min<std::uint16_t>(value, 255)));
    }
}

} // namespace

void png_image::release::operator()(spng_ctx *context) const noexcept { spng_ctx_free(context); }

void png_image::check(int code) const {
    require(code == 0, "D19", "data: the image '", name_, "' is damaged or not a PNG that can be read (",
            spng_strerror(code), "): fetch it again or leave it out (--corrupt-images skip)");
}

png_image::png_image(std::span<const std::byte> file, std::string_view name)
    : name_(name), context_(spng_ctx_new(0)) {
    check(context_ == nullptr ? SPNG_EMEM : 0);
    check(spng_set_chunk_limits(context_.get(), most_chunk_bytes, most_chunk_bytes));
    check(spng_set_png_buffer(context_.get(), file.data(), file.size()));
    spng_ihdr header{};
    check(spng_get_ihdr(context_.get(), &header));
    extent_ = {header.height, header.width};
    check_stored_size(extent_, name);
    deep_grey_ = header.color_type == SPNG_COLOR_TYPE_GRAYSCALE && header.bit_depth == 16;
    in_passes_ = header.interlace_method != SPNG_INTERLACE_NONE;
}

void png_image::read(const image_view &view, resampler &into) {
    const auto axes = make_axes(view, 1, extent_);
    const int format = deep_grey_ ? SPNG_FMT_PNG : SPNG_FMT_RGBA8;
    const std::size_t row_bytes = extent_.width * (deep_grey_ ? 2 : 4);
    wide_.resize(deep_grey_ ? extent_.width * 4 + resampler::row_padding : 0);
    into.begin(axes);
    read_rows(axes.rows, format, row_bytes, into);
}

void png_image::read_rows(const resample_axis &rows, int format, std::size_t row_bytes, resampler &into) {
    const auto take = [&](const std::uint8_t *row) {
        if (deep_grey_) widen({row, row_bytes}, wide_.data());
        into.add(deep_grey_ ? wide_.data() : row, 0);
    };
    if (in_passes_) {
        row_.resize(row_bytes * extent_.height + resampler::row_padding);
        check(spng_decode_image(context_.get(), row_.data(), row_bytes * extent_.height, format, 0));
        for (std::size_t y = rows.begin(); y < rows.end(); ++y) take(row_.data() + y * row_bytes);
    } else {
        row_.resize(row_bytes + resampler::row_padding);
        check(spng_decode_image(context_.get(), nullptr, 0, format, SPNG_DECODE_PROGRESSIVE));
        // To the last row, also below what is wanted: only behind it come the checksums.
        for (std::size_t y = 0; y < extent_.height; ++y) {
            const int code = spng_decode_row(context_.get(), row_.data(), row_bytes);
            check(code == SPNG_EOI && y + 1 == extent_.height ? 0 : code);
            if (y >= rows.begin() && y < rows.end()) take(row_.data());
        }
    }
    check(spng_decode_chunks(context_.get()));
}

} // namespace lipt::adapters
