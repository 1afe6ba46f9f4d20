#include <lipt/adapters/report/png.hpp>

#include <boost/test/unit_test.hpp>
#include <png.h>

#include <string_view>

namespace {

/// Decodes with libpng into interleaved bytes of the given format.
std::vector<std::uint8_t> decoded(std::span<const std::uint8_t> png, png_uint_32 format, std::size_t height,
                                  std::size_t width) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    BOOST_REQUIRE(png_image_begin_read_from_memory(&image, png.data(), png.size()) != 0);
    BOOST_TEST(image.format == format); // the file itself is grey or RGB, nothing was converted
    BOOST_TEST(image.height == height);
    BOOST_TEST(image.width == width);
    std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
    BOOST_REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) != 0);
    return pixels;
}

std::string base64_of(std::string_view text) {
    return lipt::adapters::base64({reinterpret_cast<const std::uint8_t *>(text.data()), text.size()});
}

} // namespace

BOOST_AUTO_TEST_SUITE(report_png)

BOOST_AUTO_TEST_CASE(grey_image_decodes_to_its_pixels) {
    const std::vector<std::uint8_t> pixels{0, 255, 17, 130, 2, 99}; // 2 rows of 3
    const auto png = lipt::adapters::encode_png(pixels, {1, 2, 3});
    BOOST_TEST(decoded(png, PNG_FORMAT_GRAY, 2, 3) == pixels, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(colour_planes_become_interleaved_pixels) {
    const std::vector<std::uint8_t> planes{1,  2,  3,   4,   10,  20,
                                           30, 40, 100, 110, 120, 130}; // red, green, blue
    const std::vector<std::uint8_t> expected{1, 10, 100, 2, 20, 110, 3, 30, 120, 4, 40, 130};
    const auto png = lipt::adapters::encode_png(planes, {3, 2, 2});
    BOOST_TEST(decoded(png, PNG_FORMAT_RGB, 2, 2) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(other_channel_counts_show_their_first_plane) {
    const std::vector<std::uint8_t> planes{7, 8, 200, 201};
    const std::vector<std::uint8_t> expected{7, 8};
    BOOST_TEST(decoded(lipt::adapters::encode_png(planes, {2, 1, 2}), PNG_FORMAT_GRAY, 1, 2) == expected,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(base64_gives_the_vectors_of_the_standard) {
    BOOST_TEST(base64_of("") == "");
    BOOST_TEST(base64_of("f") == "Zg==");
    BOOST_TEST(base64_of("fo") == "Zm8=");
    BOOST_TEST(base64_of("foo") == "Zm9v");
    BOOST_TEST(base64_of("foob") == "Zm9vYg==");
    BOOST_TEST(base64_of("fooba") == "Zm9vYmE=");
    BOOST_TEST(base64_of("foobar") == "Zm9vYmFy");
    BOOST_TEST(base64_of("\xff\xfe\xfd") == "//79");
}

BOOST_AUTO_TEST_CASE(data_uri_names_its_kind) {
    const std::vector<std::uint8_t> pixel{5};
    const auto uri = lipt::adapters::png_data_uri(pixel, {1, 1, 1});
    BOOST_TEST(uri.starts_with("data:image/png;base64,iVBORw0KGgo")); // the PNG signature in base64
}

BOOST_AUTO_TEST_SUITE_END()
