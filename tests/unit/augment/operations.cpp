#include <lipt/augment/operations.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cstdint>
#include <numeric>
#include <vector>

namespace {

using bytes = std::vector<std::uint8_t>;
using lipt::image_operation;

bytes applied(image_operation operation, double magnitude, bytes image, const lipt::image_shape &shape) {
    lipt::image_operations operations;
    operations.apply(operation, magnitude, image, shape);
    return image;
}

/// On one row of grey pixels.
bytes on_row(image_operation operation, double magnitude, bytes row) {
    const lipt::image_shape shape{1, 1, row.size()};
    return applied(operation, magnitude, std::move(row), shape);
}

const bytes grid{1, 2, 3, 4, 5, 6, 7, 8, 9};
constexpr lipt::image_shape three{1, 3, 3};

} // namespace

BOOST_AUTO_TEST_SUITE(image_operations)

BOOST_AUTO_TEST_CASE(translation_by_whole_pixels) {
    using enum image_operation;
    BOOST_TEST(applied(translate_x, 1.9, grid, three) == (bytes{0, 1, 2, 0, 4, 5, 0, 7, 8}));
    BOOST_TEST(applied(translate_x, -1, grid, three) == (bytes{2, 3, 0, 5, 6, 0, 8, 9, 0}));
    BOOST_TEST(applied(translate_y, 1, grid, three) == (bytes{0, 0, 0, 1, 2, 3, 4, 5, 6}));
    BOOST_TEST(applied(translate_y, -2.5, grid, three) == (bytes{7, 8, 9, 0, 0, 0, 0, 0, 0}));
    BOOST_TEST(applied(translate_x, 0.9, grid, three) == grid);
}

BOOST_AUTO_TEST_CASE(shear_and_rotation) {
    using enum image_operation;
    // Pixel centres at y = 0.5, 1.5, 2.5: shear 1 reads half, one and a half, two and a half columns further
    // right, and 0.5 + 0.5 is column 1.
    BOOST_TEST(applied(shear_x, 1, grid, three) == (bytes{2, 3, 0, 6, 0, 0, 0, 0, 0}));
    BOOST_TEST(applied(shear_y, 1, grid, three) == (bytes{4, 8, 0, 7, 0, 0, 0, 0, 0}));
    BOOST_TEST(applied(rotate, 0, grid, three) == grid);
    BOOST_TEST(applied(rotate, 90, grid, three) == (bytes{3, 6, 9, 2, 5, 8, 1, 4, 7})); // counter-clockwise
    BOOST_TEST(applied(rotate, -90, grid, three) == (bytes{7, 4, 1, 8, 5, 2, 9, 6, 3}));
    BOOST_TEST(applied(rotate, 180, grid, three) == (bytes{9, 8, 7, 6, 5, 4, 3, 2, 1}));
}

BOOST_AUTO_TEST_CASE(geometry_moves_all_channels_alike_and_takes_any_shape) {
    const lipt::image_shape wide{3, 2, 4};
    bytes image(wide.size());
    std::iota(image.begin(), image.end(), std::uint8_t{1});
    const auto result = applied(image_operation::translate_x, 3, image, wide);
    BOOST_TEST(result == (bytes{0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 13, 0, 0, 0, 17, 0, 0, 0, 21}));
}

BOOST_AUTO_TEST_CASE(brightness_contrast_and_color) {
    using enum image_operation;
    // Factor 1.5, 0.5 and 0: cut, not rounded.
    BOOST_TEST(on_row(brightness, 0.5, {0, 1, 101, 200}) == (bytes{0, 1, 151, 255}));
    BOOST_TEST(on_row(brightness, -0.5, {0, 1, 101, 200}) == (bytes{0, 0, 50, 100}));
    BOOST_TEST(on_row(brightness, -1, {0, 1, 101, 200}) == (bytes{0, 0, 0, 0}));
    // Mean 50.5 is rounded to 51.
    BOOST_TEST(on_row(contrast, -0.5, {0, 101}) == (bytes{25, 76}));
    BOOST_TEST(on_row(contrast, 1, {0, 101}) == (bytes{0, 151}));
    BOOST_TEST(on_row(color, -1, {0, 101}) == (bytes{0, 101})); // grey stays grey
    // Luma of pure red 255*0.299 = 76, of white 255, of (0,100,0) 58.7 -> 59.
    const lipt::image_shape rgb{3, 1, 3};
    BOOST_TEST(applied(color, -1, {255, 255, 0, 0, 255, 100, 0, 255, 0}, rgb) ==
               (bytes{76, 255, 59, 76, 255, 59, 76, 255, 59}));
    BOOST_TEST(applied(color, 0, {255, 255, 0, 0, 255, 100, 0, 255, 0}, rgb) ==
               (bytes{255, 255, 0, 0, 255, 100, 0, 255, 0}));
}

BOOST_AUTO_TEST_CASE(sharpness_keeps_the_border) {
    // Smoothed centre: (8*0 + 5*130)/13 = 50. Factor 0 gives it, factor 2 gives 50 + 2*80 = 210.
    const bytes dot{0, 0, 0, 0, 130, 0, 0, 0, 0};
    BOOST_TEST(applied(image_operation::sharpness, -1, dot, three) == (bytes{0, 0, 0, 0, 50, 0, 0, 0, 0}));
    BOOST_TEST(applied(image_operation::sharpness, 1, dot, three) == (bytes{0, 0, 0, 0, 210, 0, 0, 0, 0}));
    BOOST_TEST(on_row(image_operation::sharpness, 1, {0, 130, 0}) ==
               (bytes{0, 130, 0})); // too small to filter
}

BOOST_AUTO_TEST_CASE(posterize_and_solarize) {
    using enum image_operation;
    BOOST_TEST(on_row(posterize, 8, {0, 1, 127, 255}) == (bytes{0, 1, 127, 255}));
    BOOST_TEST(on_row(posterize, 4, {15, 16, 127, 255}) == (bytes{0, 16, 112, 240}));
    BOOST_TEST(on_row(posterize, 0, {15, 16, 127, 255}) == (bytes{0, 0, 0, 0}));
    BOOST_TEST(on_row(solarize, 128, {0, 127, 128, 255}) == (bytes{0, 127, 127, 0}));
    BOOST_TEST(on_row(solarize, 178.5, {178, 179}) == (bytes{178, 76}));
    BOOST_TEST(on_row(solarize, 255, {255, 254}) == (bytes{0, 254}));
}

BOOST_AUTO_TEST_CASE(auto_contrast_and_equalize) {
    using enum image_operation;
    // Scale 255/50 and offset -50*scale add up to just below 255 for 100, and Pillow cuts.
    BOOST_TEST(on_row(auto_contrast, 0, {50, 60, 100}) == (bytes{0, 51, 254}));
    BOOST_TEST(on_row(auto_contrast, 0, {0, 5, 10}) == (bytes{0, 127, 255}));
    BOOST_TEST(on_row(auto_contrast, 0, {50, 50}) == (bytes{50, 50}));      // one value only: as it is
    BOOST_TEST(on_row(equalize, 0, {50, 60, 100}) == (bytes{50, 60, 100})); // step (3-1)/255 is 0: as it is
    // 510 pixels of 10, 255 of 20, one of 30: step (766-1)/255 = 3; levels 1/3, (1+510)/3, (1+765)/3 = 255.
    bytes row(510, 10);
    row.insert(row.end(), 255, 20);
    row.push_back(30);
    const auto result = on_row(equalize, 0, row);
    BOOST_TEST((result[0] == 0 && result[510] == 170 && result[765] == 255));
    // Channels are treated apart.
    BOOST_TEST(applied(auto_contrast, 0, {0, 10, 5, 5, 100, 200}, {3, 1, 2}) ==
               (bytes{0, 255, 5, 5, 0, 254}));
}

BOOST_AUTO_TEST_CASE(the_result_does_not_depend_on_what_came_before) {
    lipt::image_operations used;
    bytes large(3 * 40 * 40, 255);
    used.apply(image_operation::rotate, 20, large, {3, 40, 40});
    used.apply(image_operation::color, 0.3, large, {3, 40, 40});
    for (std::size_t o = 0; o < lipt::image_operation_names.size(); ++o) {
        auto image = grid;
        const double magnitude = o >= 10 ? 4 : 0.25;
        used.apply(static_cast<image_operation>(o), magnitude, image, three);
        BOOST_TEST(image == applied(static_cast<image_operation>(o), magnitude, grid, three));
    }
}

BOOST_AUTO_TEST_CASE(wrong_shapes_are_refused) {
    const auto id = [](lipt::image_shape shape) {
        return lipt_test::error_id([&] { applied(image_operation::identity, 0, grid, shape); });
    };
    BOOST_TEST(id({1, 3, 3}) == "");
    BOOST_TEST(id({1, 3, 4}) == "LIPT-A01");
    BOOST_TEST(id({9, 1, 1}) == "LIPT-A02");
}

BOOST_AUTO_TEST_SUITE_END()
