#include <lipt/adapters/cli/stability.hpp>
#include <lipt/adapters/store/npy.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <limits>
#include <vector>

namespace {

using namespace lipt::adapters;
using lipt_test::error_id;
using doubles = std::vector<double>;
using indices = std::vector<std::int64_t>;
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

} // namespace

BOOST_AUTO_TEST_SUITE(stability)

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

BOOST_AUTO_TEST_CASE(files_are_scores_or_subsets_by_their_type_and_directories_have_both) {
    const lipt_test::temporary_directory folder;
    write_npy<float>(folder / "scores.npy", std::vector<float>{1, 2, 3, 4});
    write_npy<std::int64_t>(folder / "subset.npy", indices{3, 0});
    const auto both = read_outcome(folder.path());
    BOOST_TEST((both.scores.size() == 4u && both.has_subset && both.samples == 4u));
    const auto scores = read_outcome(folder / "scores.npy");
    BOOST_TEST((scores.scores.size() == 4u && !scores.has_subset));
    BOOST_TEST(read_outcome(folder / "subset.npy").samples == 0u);
    folder.write("subset.json", R"({"samples": 9})");
    BOOST_TEST(read_outcome(folder / "subset.npy").samples == 9u);
    folder.write("subset.json", "no report");
    BOOST_TEST(read_outcome(folder / "subset.npy").samples == 0u);
    write_npy<std::int64_t>(folder / "twice.npy", indices{3, 0, 3});
    BOOST_TEST(error_id([&] { read_outcome(folder / "twice.npy"); }) == "LIPT-C33");
    write_npy<std::int64_t>(folder / "below.npy", indices{3, -1});
    BOOST_TEST(error_id([&] { read_outcome(folder / "below.npy"); }) == "LIPT-C33");
    const std::size_t square[] = {2, 1};
    write_npy<std::int64_t>(folder / "square.npy", indices{3, 0}, square);
    BOOST_TEST(error_id([&] { read_outcome(folder / "square.npy"); }) == "LIPT-C33");
    folder.write("config.json", R"({"version": 1, "settings": {"train-samples": 9}})");
    BOOST_TEST(error_id([&] { read_outcome(folder.path()); }) == "LIPT-R13"); // indices of nobody knows what
    std::filesystem::create_directory(folder / "empty");
    BOOST_TEST(error_id([&] { read_outcome(folder / "empty"); }) == "LIPT-U34");
}

BOOST_AUTO_TEST_CASE(all_pairs_that_have_something_in_common) {
    const std::vector<selection_outcome> outcomes{
        {.name = "a", .scores = {1, 2, 3}, .subset = {2}, .has_subset = true, .samples = 3},
        {.name = "b", .subset = {2, 1}, .has_subset = true},
        {.name = "c", .scores = {3, 2, 1}, .samples = 3}};
    const auto pairs = compare_outcomes(outcomes);
    BOOST_REQUIRE(pairs.size() == 2u);
    BOOST_TEST((pairs[0].first == 0u && pairs[0].second == 1u && !pairs[0].correlation));
    BOOST_TEST(*pairs[0].overlap == 0.5);
    BOOST_TEST(*pairs[0].expected == 1.0 / 3,
               boost::test_tools::tolerance(1e-12)); // of the three that a names
    BOOST_TEST((pairs[1].first == 0u && pairs[1].second == 2u && !pairs[1].overlap));
    BOOST_TEST(*pairs[1].correlation == -1.0);
    const std::vector<selection_outcome> other{outcomes[0], {.name = "d", .scores = {1, 2}, .samples = 2}};
    BOOST_TEST(error_id([&] { compare_outcomes(other); }) == "LIPT-C34");
    const auto of = [](std::size_t samples) {
        return selection_outcome{.name = "e", .subset = {0}, .has_subset = true, .samples = samples};
    };
    BOOST_TEST(error_id([&] { compare_outcomes(std::vector{of(3), of(4)}); }) == "LIPT-C34");
    BOOST_TEST(compare_outcomes(std::vector{of(3), of(0)}).size() == 1u); // of a number that is not known
}

BOOST_AUTO_TEST_SUITE_END()
