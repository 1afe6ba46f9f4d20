#include <lipt/select/selection.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

BOOST_AUTO_TEST_SUITE(selection_)

BOOST_AUTO_TEST_CASE(highest_scores_first_ties_to_the_lowest_and_nan_last) {
    constexpr float none = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> scores{2, none, 5, 2, -1, 5, none};
    using positions = std::vector<std::int64_t>;
    BOOST_TEST(lipt::highest(scores, 0) == positions(), boost::test_tools::per_element());
    BOOST_TEST(lipt::highest(scores, 1) == (positions{2}), boost::test_tools::per_element());
    BOOST_TEST(lipt::highest(scores, 3) == (positions{2, 5, 0}), boost::test_tools::per_element());
    BOOST_TEST(lipt::highest(scores, 9) == (positions{2, 5, 0, 3, 4, 1, 6}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
