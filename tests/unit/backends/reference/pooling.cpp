#include <lipt/backends/reference/pooling.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

/// Windows of 3x3, 2 apart, over one channel of 4x5 with one line of padding.
constexpr lipt::layer at{.kind = lipt::layer_kind::max_pool,
                         .in = {1, 4, 5},
                         .out = {1, 2, 3},
                         .kernel = 3,
                         .stride = 2,
                         .padding = 1};

// clang-format off
const std::vector<float> image{-5, -1, -9,  2,  2,
                               -3, -4, -8,  1,  2,
                                7,  0,  0,  0,  3,
                                7,  7,  0,  0,  3};
// clang-format on

} // namespace

BOOST_AUTO_TEST_SUITE(reference_pooling)

BOOST_AUTO_TEST_CASE(the_largest_value_wins_and_padding_never_does) {
    std::vector<float> output(6);
    lipt::reference::max_pool(at, image.data(), output.data());
    BOOST_TEST((output == std::vector<float>{-1, 2, 2, 7, 7, 3}));
}

BOOST_AUTO_TEST_CASE(the_gradient_goes_to_the_first_of_equal_values) {
    const std::vector<float> gradient{1, 2, 4, 8, 16, 32};
    std::vector<float> made(20, 0.5f);
    lipt::reference::add_max_pool_gradient(at, image.data(), gradient.data(), made.data());
    std::vector<float> expected(20, 0.5f);
    expected[1] += 1;  // -1 of the first window
    expected[3] += 6;  // the first 2 of the second window, and of the third
    expected[10] += 8; // the 7 above and left
    expected[16] += 16;
    expected[14] += 32;
    BOOST_TEST((made == expected));
}

BOOST_AUTO_TEST_CASE(nan_is_larger_than_any_number) {
    auto damaged = image;
    damaged[6] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> output(6);
    lipt::reference::max_pool(at, damaged.data(), output.data());
    for (const std::size_t touched : {0u, 1u, 3u, 4u}) BOOST_TEST(std::isnan(output[touched]));
    BOOST_TEST(output[2] == 2);
    BOOST_TEST(output[5] == 3);
}

BOOST_AUTO_TEST_SUITE_END()
