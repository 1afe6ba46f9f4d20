#include <lipt/adapters/data/resample.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

namespace {

using namespace lipt::adapters;
using bytes = std::vector<std::uint8_t>;

/// Grey pixels of one row, resized; the row is given from `left` on.
bytes resized(const bytes &row, double from, double length, std::size_t count, std::size_t left = 0) {
    const resample_axes axes{.columns = make_axis(from, length, row.size(), count, 0, count),
                             .rows = make_axis(0, 1, 1, 1, 0, 1)};
    bytes pixels;
    for (std::size_t x = left; x < row.size(); ++x) pixels.insert(pixels.end(), {row[x], 7, 9, 99});
    pixels.resize(pixels.size() + resampler::row_padding, 77);
    resampler work;
    work.begin(axes);
    work.add(pixels.data(), left);
    bytes out(3 * count);
    work.finish(out);
    BOOST_TEST(bytes(out.begin() + static_cast<std::ptrdiff_t>(count),
                     out.begin() + static_cast<std::ptrdiff_t>(2 * count)) == bytes(count, 7));
    BOOST_TEST(bytes(out.end() - static_cast<std::ptrdiff_t>(count), out.end()) == bytes(count, 9));
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(resample)

BOOST_AUTO_TEST_CASE(views_are_where_torchvision_has_them) {
    // 500 x 375: the shorter side to 256, the longer to 341 (341.33 cut); 85/2 is 42.5, to even 42.
    const auto wide = evaluation_view({375, 500}, 224);
    BOOST_TEST((wide.box == lipt::crop_box{0, 0, 375, 500}));
    BOOST_TEST((wide.resized == lipt::image_extent{256, 341}));
    BOOST_TEST((wide.window == lipt::crop_box{16, 58, 224, 224})); // 117/2 is 58.5, to even 58
    const auto high = evaluation_view({40, 30}, 32);
    BOOST_TEST((high.resized == lipt::image_extent{49, 37}));  // 36.57 to 37; 49.33 cut
    BOOST_TEST((high.window == lipt::crop_box{8, 2, 32, 32})); // 8.5 and 2.5, to even
    const auto part = training_view({1, 2, 3, 4}, 32);
    BOOST_TEST((part.box == lipt::crop_box{1, 2, 3, 4}));
    BOOST_TEST((part.resized == lipt::image_extent{32, 32}));
    BOOST_TEST((part.window == lipt::crop_box{0, 0, 32, 32}));
}

BOOST_AUTO_TEST_CASE(rows_by_hand) {
    BOOST_TEST(resized({10, 20, 30, 40}, 0, 4, 4) == (bytes{10, 20, 30, 40})); // as it is
    // Halved, each triangle spans four pixels: weights 1/8 3/8 3/8 1/8, at the ends 3/7 3/7 1/7.
    BOOST_TEST(resized({70, 70, 0, 0, 0, 0}, 0, 6, 3) == (bytes{60, 9, 0}));
    BOOST_TEST(resized({0, 0, 80, 80, 0, 0}, 0, 6, 3) == (bytes{11, 60, 11}));
    // Doubled: a quarter and three quarters of the neighbours; beyond the ends there are none.
    BOOST_TEST(resized({0, 100}, 0, 2, 4) == (bytes{0, 25, 75, 100}));
}

BOOST_AUTO_TEST_CASE(a_box_sees_nothing_outside_itself) {
    const bytes inner{70, 70, 0, 0, 0, 0};
    const bytes row{255, 255, 70, 70, 0, 0, 0, 0, 255};
    BOOST_TEST(resized(row, 2, 6, 3) == resized(inner, 0, 6, 3));
    BOOST_TEST(resized(row, 2, 6, 3, 1) == resized(inner, 0, 6, 3));
    BOOST_TEST(resized(row, 4, 1, 3) == bytes(3, 0)); // one pixel, made larger
    BOOST_TEST(resized({255, 7, 255}, 1, 1, 2) == bytes(2, 7));
}

BOOST_AUTO_TEST_CASE(weights_add_up_and_stay_inside_for_any_lengths) {
    for (const double length : {1.0, 2.0, 3.7, 17.0, 100.25, 999.0}) {
        for (const std::size_t count : {1u, 2u, 7u, 32u, 224u}) {
            const std::size_t limit = static_cast<std::size_t>(std::ceil(length + 1.5));
            const auto axis = make_axis(1.5, length, limit, count, 0, count);
            BOOST_REQUIRE(axis.size() == count);
            BOOST_TEST((axis.begin() >= 1u && axis.end() <= limit), length << " to " << count);
            for (std::size_t i = 0; i < count; ++i) {
                std::int64_t sum = 0;
                for (std::size_t t = 0; t < axis.taps; ++t) sum += axis.weights[i * axis.taps + t];
                BOOST_TEST(std::abs(sum - (1 << 22)) <= static_cast<std::int64_t>(axis.taps));
                if (i > 0) BOOST_TEST(axis.first[i] >= axis.first[i - 1]);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_window_is_cut_out_of_the_whole) {
    const auto whole = make_axis(0, 50, 50, 20, 0, 20), window = make_axis(0, 50, 50, 20, 6, 5);
    BOOST_REQUIRE(window.size() == 5u);
    for (std::size_t i = 0; i < 5; ++i) {
        for (std::size_t t = 0; t < std::min(window.taps, whole.taps); ++t)
            BOOST_TEST(window.weights[i * window.taps + t] == whole.weights[(6 + i) * whole.taps + t]);
        BOOST_TEST(window.first[i] == whole.first[6 + i]);
    }
}

BOOST_AUTO_TEST_SUITE_END()
