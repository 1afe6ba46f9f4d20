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
