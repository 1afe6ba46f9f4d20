#include <lipt/adapters/report/png.hpp>

#include <png.h>

namespace lipt::adapters {

std::vector<std::uint8_t> encode_png(std::span<const std::uint8_t> pixels, const image_shape &shape) {
    const std::size_t channels = shape.channels == 3 ? 3 : 1;
    const std::size_t plane = shape.height * shape.width;
    std::vector<std::uint8_t> interleaved(channels * plane);
    for (std::size_t channel = 0; channel < channels; ++channel) {
        for (std::size_t i = 0; i < plane; ++i)
            interleaved[i * channels + channel] = pixels[channel * plane + i];
    }
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(shape.width);
    image.height = static_cast<png_uint_32>(shape.height);
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::vector<std::uint8_t> encoded(size);
    const int written =
        png_image_write_to_memory(&image, encoded.data(), &size, 0, interleaved.data(), 0, nullptr);
    require(written != 0, "H05", "report: an image of ", shape.channels, "x", shape.height, "x", shape.width,
            " cannot be made a PNG: ", static_cast<const char *>(image.message));
    encoded.resize(size);
    return encoded;
}

std::string base64(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t there = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < there ? bytes[i + j] : 0u);
        for (std::size_t j = 0; j < 4; ++j) out += j <= there ? digits[group >> (18 - 6 * j) & 63u] : '=';
    }
    return out;
}

std::string png_data_uri(std::span<const std::uint8_t> pixels, const image_shape &shape) {
    return "data:image/png;base64," + base64(encode_png(pixels, shape));
}

} // namespace lipt::adapters
