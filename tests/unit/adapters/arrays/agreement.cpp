#include <lipt/adapters/arrays/agreement.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

namespace {

using namespace lipt::arrays;
using doubles = std::vector<double>;
using indices = std::vector<std::int64_t>;
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

} // namespace

BOOST_AUTO_TEST_SUITE(agreement)

BOOST_AUTO_TEST_CASE(equal_values_share_the_mean_of_their_ranks) {
    const auto ranks = average_ranks(doubles{3, 1, 3, 0, 3});
    BOOST_TEST(ranks == (std::vector<double>{4, 2, 4, 1, 4}), boost::test_tools::per_element());
    BOOST_TEST(average_ranks(doubles{}).empty());
}

// Without ties 1 - 6 sum d^2 / (n (n^2 - 1)): differences 1 1 0 1 1 of five, sum of squares 4.
BOOST_AUTO_TEST_CASE(correlation_of_five_by_hand) {
    const doubles a{10, 20, 30, 40, 50}, b{2, 1, 3, 9, 4}, shifted{20, 10, 30, 55, 40};
    BOOST_TEST(*rank_correlation(a, shifted) == 0.8, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(*rank_correlation(a, b) == *rank_correlation(a, shifted)); // only the order counts
    BOOST_TEST(*rank_correlation(a, a) == 1.0);
    BOOST_TEST(*rank_correlation(a, doubles{5, 4, 3, 2, 1}) == -1.0);
    // differences 0 2 1 1 2 of ranks 1 4 2 5 3: sum of squares 10
    BOOST_TEST(*rank_correlation(a, doubles{1, 4, 2, 5, 3}) == 0.5, boost::test_tools::tolerance(1e-12));
}

// Ranks 1.5 1.5 3 4 and 1 2.5 2.5 4, less 2.5: -1 -1 .5 1.5 and -1.5 0 0 1.5. Products 1.5 + 2.25, squares
// 4.5 and 4.5.
BOOST_AUTO_TEST_CASE(correlation_with_ties_by_hand) {
    BOOST_TEST(*rank_correlation(doubles{1, 1, 2, 3}, doubles{0, 5, 5, 6}) == 3.75 / 4.5,
               boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(rows_without_a_score_in_either_are_left_out) {
    const doubles a{10, missing, 20, 30, 40, 50, 7}, b{20, 3, 10, 30, 55, 40, missing};
    BOOST_TEST(*rank_correlation(a, b) == 0.8, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(!rank_correlation(doubles{1, missing, 3}, doubles{missing, 2, 3}).has_value()); // one row left
    BOOST_TEST(!rank_correlation(doubles{1, 1, 1}, doubles{1, 2, 3}).has_value());
    BOOST_TEST(!rank_correlation(doubles{}, doubles{}).has_value());
    const double infinite = std::numeric_limits<double>::infinity();
    BOOST_TEST(*rank_correlation(doubles{1, 2, infinite}, doubles{1, 2, 3}) == 1.0);
}

BOOST_AUTO_TEST_CASE(overlap_counts_what_both_have) {
    BOOST_TEST(jaccard_overlap(indices{5, 1, 9}, indices{9, 2, 5, 7}) == 2.0 / 5);
    BOOST_TEST(jaccard_overlap(indices{1, 2}, indices{2, 1}) == 1.0);
    BOOST_TEST(jaccard_overlap(indices{1}, indices{2}) == 0.0);
    BOOST_TEST(jaccard_overlap(indices{}, indices{2}) == 0.0);
    BOOST_TEST(jaccard_overlap(indices{}, indices{}) == 1.0);
}

// Two of four: none in common with 1/6, one with 4/6 (overlap 1/3), both with 1/6.
BOOST_AUTO_TEST_CASE(overlap_by_chance_by_hand) {
    BOOST_TEST(expected_overlap(2, 2, 4) == 4.0 / 6 / 3 + 1.0 / 6, boost::test_tools::tolerance(1e-12));
    // One of three and two of three: in both with 2/3, overlap 1/2.
    BOOST_TEST(expected_overlap(1, 2, 3) == 1.0 / 3, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(expected_overlap(2, 1, 3) == 1.0 / 3, boost::test_tools::tolerance(1e-12));
    // Three of four twice: two in common with 3/4 (overlap 2/4), three with 1/4.
    BOOST_TEST(expected_overlap(3, 3, 4) == 0.375 + 0.25, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(expected_overlap(7, 7, 7) == 1.0, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(expected_overlap(0, 3, 7) == 0.0);
    BOOST_TEST(expected_overlap(0, 0, 7) == 1.0);
    // A tenth of many: q / (2 - q) with q = 0.1, nearly.
    BOOST_TEST(expected_overlap(128117, 128117, 1281167) == 0.1 / 1.9, boost::test_tools::tolerance(1e-4));
}

BOOST_AUTO_TEST_SUITE_END()
