#include <lipt/augment/augment.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cstdint>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

namespace {

using bytes = std::vector<std::uint8_t>;
constexpr lipt::image_shape small{2, 2, 3};
const bytes image{1, 2, 3, 4, 5, 6, /* second channel */ 11, 12, 13, 14, 15, 16};

bytes moved(std::int32_t down, std::int32_t right, bool mirrored) {
    bytes out(image.size(), 99);
    lipt::move_image(image, out, small, {.down = down, .right = right, .mirrored = mirrored ? 1 : 0});
    return out;
}

/// Moved as drawn.
void draw_and_move(const bytes &from, bytes &to, const lipt::image_shape &shape,
                   const lipt::crop_flip_options &options, lipt::rng &draw) {
    lipt::move_image(from, to, shape, lipt::draw_move(options, draw));
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
        draw_and_move(image, first, small, {}, draw);
        draw_and_move(image, second, small, {}, again);
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
        draw_and_move(dot, out, shape, {.padding = 1}, draw);
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
        draw_and_move(image, out, small, {.padding = 0, .flip = false}, draw);
        BOOST_TEST(out == image);
        draw_and_move(image, out, small, {.padding = 0}, other);
        mirrored += out == moved(0, 0, true);
        BOOST_TEST((out == image || out == moved(0, 0, true)));
    }
    BOOST_TEST((mirrored > 65 && mirrored < 135));
    BOOST_TEST(draw() == other());
}

BOOST_AUTO_TEST_CASE(moves_left_to_the_trainer_are_those_that_would_have_been_made) {
    lipt::image_set set{.shape = small};
    std::vector<std::uint8_t> pixels;
    std::vector<std::int32_t> labels(20);
    for (int copy = 0; copy < 20; ++copy) pixels.insert(pixels.end(), image.begin(), image.end());
    set.pixels = pixels;
    set.labels = labels;
    std::vector<std::int64_t> all(20);
    std::iota(all.begin(), all.end(), 0);
    lipt::image_batch made, left;
    lipt::augmenter(lipt::augment_options{})(set, all, {.seed = 3}, made);
    lipt::augmenter(lipt::augment_options{}, true)(set, all, {.seed = 3}, left);
    BOOST_TEST(made.moves.empty());
    BOOST_TEST(left.pixels == pixels);
    BOOST_REQUIRE(left.moves.size() == 20u);
    bytes out(image.size());
    for (std::size_t b = 0; b < 20; ++b) {
        lipt::move_image(image, out, small, left.moves[b]);
        BOOST_TEST(out == bytes(made.pixels.begin() + static_cast<std::ptrdiff_t>(b * out.size()),
                                made.pixels.begin() + static_cast<std::ptrdiff_t>((b + 1) * out.size())));
    }
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_refused) {
    bytes out(11);
    BOOST_TEST(lipt_test::error_id([&] { lipt::move_image(image, out, small, {}); }) == "LIPT-A01");
    out.resize(12);
    BOOST_TEST(lipt_test::error_id([&] { lipt::move_image(image, out, {3, 2, 3}, {}); }) == "LIPT-A01");
}

BOOST_AUTO_TEST_SUITE_END()
