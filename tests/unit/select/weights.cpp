#include <lipt/select/weights.hpp>
#include <lipt/train/loop.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

BOOST_AUTO_TEST_SUITE(weights)

BOOST_AUTO_TEST_CASE(magnitudes_have_mean_one) {
    std::vector<float> some{1, 2, 5, 0}, negative{-1, 3};
    BOOST_TEST(lipt::to_mean_one(some));
    BOOST_TEST(some == (std::vector<float>{0.5f, 1, 2.5f, 0}), boost::test_tools::per_element());
    BOOST_TEST(lipt::to_mean_one(negative));
    BOOST_TEST(negative == (std::vector<float>{-0.5f, 1.5f}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_smallest_and_the_largest_floats_are_no_trouble) {
    for (const float scale : {1e-44f, 3e38f}) {
        std::vector<float> weights(8, scale);
        lipt::scale_to_mean_one(weights);
        BOOST_TEST(weights == std::vector<float>(8, 1.0f), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(weights_of_zero_stay) {
    std::vector<float> none, zeros{0, 0};
    BOOST_TEST(!lipt::to_mean_one(none));
    BOOST_TEST(!lipt::to_mean_one(zeros));
    BOOST_TEST(zeros == (std::vector<float>{0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
