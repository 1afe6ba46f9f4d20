#include <lipt/augment/crop_flip.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace {

using bytes = std::vector<std::uint8_t>;
constexpr lipt::image_shape small{2, 2, 3};
const bytes image{1, 2, 3, 4, 5, 6, /* second channel */ 11, 12, 13, 14, 15, 16};

bytes moved(std::ptrdiff_t down, std::ptrdiff_t right, bool mirrored) {
    bytes out(image.size(), 99);
    lipt::shift_flip(image, out, small, down, right, mirrored);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(crop_flip)

BOOST_AUTO_TEST_CASE(shifts_and_mirrors_by_hand) {
    BOOST_TEST(moved(0, 0, false) == image);
    BOOST_TEST(moved(0, 0, true) == (bytes{3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14}));
    BOOST_TEST(moved(1, 0, false) == (bytes{0, 0, 0, 1, 2, 3, 0, 0, 0, 11, 12, 13}));
    BOOST_TEST(moved(-1, 1, false) == (bytes{0, 4, 5, 0, 0, 0, 0, 14, 15, 0, 0, 0}));
    BOOST_TEST(moved(0, -2, false) == (bytes{3, 0, 0, 6, 0, 0, 13, 0, 0, 16, 0, 0}));
    BOOST_TEST(moved(0, -2, true) == (bytes{0, 0, 3, 0, 0, 6, 0, 0, 13, 0, 0, 16}));
    for (const auto &[down, right] : {std::pair{2, 0}, {-2, 0}, {0, 3}, {0, -3}, {0, 100}, {-100, -100}}) {
        BOOST_TEST(moved(down, right, false) == bytes(12, 0));
    }
}

BOOST_AUTO_TEST_CASE(is_a_pure_function_of_image_and_stream) {
    bytes first(image.size()), second(image.size());
    for (std::uint32_t sample = 0; sample < 50; ++sample) {
        lipt::rng draw({.seed = 5, .sample = sample}), again({.seed = 5, .sample = sample});
        lipt::crop_flip(image, first, small, {}, draw);
        lipt::crop_flip(image, second, small, {}, again);
        BOOST_TEST(first == second);
        BOOST_TEST(draw() == again());
    }
}

BOOST_AUTO_TEST_CASE(every_place_is_drawn_about_equally_often) {
    // One white pixel in the middle of 3x3, padding 1: nine places, and a flip that mirrors the column.
    const lipt::image_shape shape{1, 3, 3};
    const bytes dot{0, 0, 0, 0, 255, 0, 0, 0, 0};
    std::map<bytes, int> seen;
    bytes out(9);
    lipt::rng draw({.seed = 1});
    for (int i = 0; i < 9000; ++i) {
        lipt::crop_flip(dot, out, shape, {.padding = 1}, draw);
        ++seen[out];
    }
    BOOST_TEST(seen.size() == 9u);
    for (const auto &[place, count] : seen) BOOST_TEST((count > 850 && count < 1150)); // 1000 +- 5 deviations
}

BOOST_AUTO_TEST_CASE(options_switch_crop_and_flip_off_without_moving_the_stream) {
    bytes out(image.size());
    lipt::rng draw({.seed = 2}), other({.seed = 2});
    int mirrored = 0;
    for (int i = 0; i < 200; ++i) {
        lipt::crop_flip(image, out, small, {.padding = 0, .flip = false}, draw);
        BOOST_TEST(out == image);
        lipt::crop_flip(image, out, small, {.padding = 0}, other);
        mirrored += out == moved(0, 0, true);
        BOOST_TEST((out == image || out == moved(0, 0, true)));
    }
    BOOST_TEST((mirrored > 65 && mirrored < 135));
    BOOST_TEST(draw() == other());
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_refused) {
    bytes out(11);
    BOOST_TEST(lipt_test::error_id([&] { lipt::shift_flip(image, out, small, 0, 0, false); }) == "LIPT-A01");
    out.resize(12);
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::shift_flip(image, out, {3, 2, 3}, 0, 0, false);
               }) == "LIPT-A01");
}

BOOST_AUTO_TEST_SUITE_END()
