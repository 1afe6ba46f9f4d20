#include <lipt/select/moderate.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

BOOST_AUTO_TEST_SUITE(moderate)

BOOST_AUTO_TEST_CASE(scores_are_differences_to_the_median_distance_of_the_class) {
    for (const std::size_t samples : {30, 33}) { // classes of ten, and of eleven
        lipt_test::random_problem problem({.samples = samples, .classes = 3, .width = 4});
        const auto h = lipt_test::embeddings_of(problem);
        const auto scores = lipt::moderate_score::rate(problem.tensor, problem.pool(3), {});
        for (std::int32_t c = 0; c < 3; ++c) {
            std::vector<std::size_t> members;
            std::vector<double> mean(4), sorted;
            for (std::size_t i = 0; i < samples; ++i) {
                if (problem.labels[i] == c) members.push_back(i);
            }
            for (const auto i : members) {
                for (std::size_t e = 0; e < 4; ++e) mean[e] += h[i][e] / static_cast<double>(members.size());
            }
            for (const auto i : members) sorted.push_back(lipt_test::distance(h[i], mean));
            std::sort(sorted.begin(), sorted.end());
            const double median = (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
            for (const auto i : members)
                BOOST_TEST(std::abs(scores[i] + std::abs(lipt_test::distance(h[i], mean) - median)) < 1e-6);
        }
    }
}

BOOST_AUTO_TEST_CASE(neither_the_nearest_nor_the_farthest_is_picked) {
    // Distances to the mean 0: 1, 1, 2, 2, 4, 4, 5, 5; the median is 3.
    lipt_test::random_problem problem({.samples = 8, .classes = 1, .width = 1});
    problem.gradients.embedding = lipt::host_matrix{{1}, {-1}, {2}, {-2}, {4}, {-4}, {5}, {-5}};
    const auto picks = lipt::methods::moderate::pick(problem.tensor, problem.pool(4), {}).order;
    BOOST_TEST(picks == (std::vector<std::int64_t>{2, 3, 4, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
