#include <lipt/train/evaluation.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

BOOST_AUTO_TEST_SUITE(evaluate)

BOOST_AUTO_TEST_CASE(the_largest_logit_is_the_prediction_and_the_lowest_class_of_equal_ones) {
    const lipt::host_matrix logits{{0, 2, 1}, {3, 3, 0}, {-1, -2, -3}};
    BOOST_TEST(lipt::count_correct(logits, std::vector<std::int32_t>{1, 0, 0}) == 3u);
    BOOST_TEST(lipt::count_correct(logits, std::vector<std::int32_t>{2, 1, 1}) == 0u);
    BOOST_TEST(lipt::accuracy(logits, std::vector<std::int32_t>{1, 1, 0}) == 2.0 / 3);
}

BOOST_AUTO_TEST_CASE(an_image_with_a_nan_among_its_logits_is_not_right) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const lipt::host_matrix logits{{nan, nan, nan}, {nan, 1, 0}, {1, 0, nan}, {1, 0, 0}};
    BOOST_TEST(lipt::accuracy(logits, std::vector<std::int32_t>{0, 0, 0, 0}) == 0.25);
    BOOST_TEST(lipt::accuracy(logits, std::vector<std::int32_t>{0, 1, 0, 0}) == 0.25);
}

BOOST_AUTO_TEST_SUITE_END()
