#include <lipt/augment/affine_warp.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <vector>

namespace {

using bytes = std::vector<std::uint8_t>;

bytes warped(const lipt::affine_matrix &matrix, bytes image, const lipt::image_shape &shape) {
    lipt::affine_warp warp;
    warp(matrix, image, shape);
    return image;
}

} // namespace

BOOST_AUTO_TEST_SUITE(affine_warp)

BOOST_AUTO_TEST_CASE(maps_pixel_centres_to_pixels) {
    const bytes image{1, 2, 3, 4, 5, 6};
    const lipt::image_shape shape{1, 2, 3};
    BOOST_TEST(warped({1, 0, 0, 0, 1, 0}, image, shape) == image);
    BOOST_TEST(warped({1, 0, 0.49, 0, 1, 0}, image, shape) == image);
    BOOST_TEST(warped({1, 0, 0.5, 0, 1, 0}, image, shape) == (bytes{2, 3, 0, 5, 6, 0}));
    BOOST_TEST(warped({-1, 0, 3, 0, 1, 0}, image, shape) == (bytes{3, 2, 1, 6, 5, 4}));
    BOOST_TEST(warped({0.5, 0, 0, 0, 0.5, 0}, image, shape) == (bytes{1, 1, 2, 1, 1, 2})); // enlarged
    BOOST_TEST(warped({1, 0, 1e6, 0, 1, -1e6}, image, shape) == bytes(6, 0));
}

BOOST_AUTO_TEST_CASE(rotation_is_about_the_centre) {
    const bytes image{1, 2, 3, 4, 5, 6, 7, 8, 9};
    const lipt::image_shape square{1, 3, 3};
    BOOST_TEST(warped(lipt::rotation(90, square), image, square) == (bytes{3, 6, 9, 2, 5, 8, 1, 4, 7}));
    BOOST_TEST(warped(lipt::rotation(360, square), image, square) == image);
    const lipt::image_shape row{1, 1, 9};
    BOOST_TEST(warped(lipt::rotation(180, row), image, row) == (bytes{9, 8, 7, 6, 5, 4, 3, 2, 1}));
    BOOST_TEST(warped(lipt::rotation(90, row), image, row) == (bytes{0, 0, 0, 0, 5, 0, 0, 0, 0}));
}

BOOST_AUTO_TEST_SUITE_END()
