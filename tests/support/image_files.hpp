// Images as JPEG and PNG files, for tests of what reads them.
#pragma once

#include <boost/test/unit_test.hpp>
// jpeglib.h needs the one before it.
#include <jpeglib.h>
#include <spng.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace lipt_test {

/// Red, green and blue, or grey. shapes: pixels (height,width,channels)
struct picture {
    std::size_t height, width, channels;
    std::vector<std::uint8_t> pixels;
};

/// Waves of a different length for every seed. units: step in radians a pixel, for the longest of them
inline picture waves(std::size_t height, std::size_t width, unsigned seed, std::size_t channels = 3,
                     double step = 0.05) {
    picture made{height, width, channels, {}};
    for (std::size_t y = 0; y < height; ++y) {
        for (std::size_t x = 0; x < width; ++x) {
            for (std::size_t c = 0; c < channels; ++c) {
                const double phase = static_cast<double>(x * (1 + seed % 5) + y * (2 + seed % 3)) * step;
                made.pixels.push_back(
                    static_cast<std::uint8_t>(128 + 120 * std::sin(phase + static_cast<double>(c))));
            }
        }
    }
    return made;
}

/// Grey values in no order, of which a PNG has as many bytes as there are.
inline picture noise(std::size_t height, std::size_t width, unsigned seed) {
    picture made{height, width, 1, {}};
    std::minstd_rand random(seed);
    for (std::size_t i = 0; i < height * width; ++i)
        made.pixels.push_back(static_cast<std::uint8_t>(random() >> 8));
    return made;
}

/// With a flipped bit in its middle, where only decoding finds it.
inline std::string damaged(std::string file) {
    file[file.size() / 2] ^= 0x10;
    return file;
}

/// A JPEG file of quality 90.
inline std::string jpeg_of(const picture &image) {
    jpeg_compress_struct encoder{};
    jpeg_error_mgr errors{};
    encoder.err = jpeg_std_error(&errors); // which ends the program on an error
    jpeg_create_compress(&encoder);
    unsigned char *data = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&encoder, &data, &size);
    encoder.image_width = static_cast<JDIMENSION>(image.width);
    encoder.image_height = static_cast<JDIMENSION>(image.height);
    encoder.input_components = static_cast<int>(image.channels);
    encoder.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&encoder);
    jpeg_set_quality(&encoder, 90, TRUE);
    jpeg_start_compress(&encoder, TRUE);
    for (std::size_t y = 0; y < image.height; ++y) {
        auto *row = const_cast<JSAMPROW>(image.pixels.data() + y * image.width * image.channels);
        jpeg_write_scanlines(&encoder, &row, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    const std::string content(reinterpret_cast<const char *>(data), size);
    std::free(data);
    return content;
}

/// A PNG file of 8 bits a channel.
inline std::string png_of(const picture &image) {
    spng_ctx *encoder = spng_ctx_new(SPNG_CTX_ENCODER);
    spng_set_option(encoder, SPNG_ENCODE_TO_BUFFER, 1);
    spng_ihdr header{};
    header.width = static_cast<std::uint32_t>(image.width);
    header.height = static_cast<std::uint32_t>(image.height);
    header.bit_depth = 8;
    header.color_type = image.channels == 1 ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_TRUECOLOR;
    spng_set_ihdr(encoder, &header);
    BOOST_REQUIRE(spng_encode_image(encoder, image.pixels.data(), image.pixels.size(), SPNG_FMT_PNG,
                                    SPNG_ENCODE_FINALIZE) == 0);
    std::size_t size = 0;
    int code = 0;
    void *data = spng_get_png_buffer(encoder, &size, &code);
    BOOST_REQUIRE((data != nullptr && code == 0));
    const std::string content(static_cast<const char *>(data), size);
    std::free(data);
    spng_ctx_free(encoder);
    return content;
}

} // namespace lipt_test
