#include <lipt/select/k_center.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

BOOST_AUTO_TEST_SUITE(k_center)

BOOST_AUTO_TEST_CASE(picks_as_the_definition_does) {
    lipt_test::for_small_problems([](auto &problem, std::size_t quota) {
        const auto h = lipt_test::embeddings_of(problem);
        std::vector<double> mean(h[0].size());
        for (const auto &x : h) {
            for (std::size_t e = 0; e < mean.size(); ++e) mean[e] += x[e] / static_cast<double>(h.size());
        }
        const auto expected = lipt_test::naive_greedy(h.size(), quota, [&](const auto &picks) {
            const auto &newest = h[static_cast<std::size_t>(picks.back())];
            if (picks.size() == 1) return -lipt_test::distance(newest, mean);
            double nearest = 1e300;
            for (std::size_t s = 0; s + 1 < picks.size(); ++s)
                nearest =
                    std::min(nearest, lipt_test::distance(newest, h[static_cast<std::size_t>(picks[s])]));
            return nearest;
        });
        const auto picks = lipt::methods::k_center::pick(problem.tensor, problem.pool(quota), {});
        BOOST_TEST(picks.order == expected, boost::test_tools::per_element());
        for (std::size_t i = 0; i < h.size(); ++i)
            BOOST_TEST(std::abs(picks.scores[i] + std::pow(lipt_test::distance(h[i], mean), 2)) < 1e-4);
    });
}

BOOST_AUTO_TEST_CASE(a_large_offset_of_all_embeddings_changes_nothing) {
    lipt_test::random_problem problem({.samples = 100, .width = 3});
    const auto before = lipt::methods::k_center::pick(problem.tensor, problem.pool(20), {}).order;
    for (auto &value : problem.gradients.embedding) value = (value + 1000.0f);
    BOOST_TEST(lipt::methods::k_center::pick(problem.tensor, problem.pool(20), {}).order == before,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(tight_heaps_far_from_each_other_are_covered_inside) {
    // Eight picks of two heaps: after one in each, three more in each, as far apart as its spread allows.
    lipt_test::random_problem problem({.samples = 60, .width = 8});
    auto &embeddings = problem.gradients.embedding;
    for (std::size_t i = 0; i < 60; ++i) {
        for (std::size_t e = 0; e < 8; ++e)
            embeddings(i, e) = problem.embeddings(i, e) * 3e-4f + (i % 2 == 0 ? 2.0f : -2.0f);
    }
    const auto picks = lipt::methods::k_center::pick(problem.tensor, problem.pool(8), {}).order;
    const auto square = [&](std::int64_t i, std::int64_t j) {
        double sum = 0;
        for (std::size_t e = 0; e < 8; ++e)
            sum += std::pow(static_cast<double>(embeddings(i, e)) - embeddings(j, e), 2);
        return sum;
    };
    for (std::size_t t = 1; t < picks.size(); ++t) {
        const auto nearest = [&](std::int64_t sample) {
            double least = 1e300;
            for (std::size_t s = 0; s < t; ++s) least = std::min(least, square(sample, picks[s]));
            return least;
        };
        double farthest = 0;
        for (std::int64_t i = 0; i < 60; ++i) farthest = std::max(farthest, nearest(i));
        BOOST_TEST(nearest(picks[t]) >= farthest * (1 - 1e-5));
    }
}

BOOST_AUTO_TEST_CASE(of_those_nearest_to_the_mean_the_lowest_is_first) {
    lipt_test::random_problem problem({.samples = 4, .width = 2});
    // A square around (0.1, 0.7): all corners are as near, but for what float makes of them.
    problem.gradients.embedding =
        lipt::host_matrix{{1.1f, 1.7f}, {-0.9f, 1.7f}, {1.1f, -0.3f}, {-0.9f, -0.3f}};
    BOOST_TEST(lipt::methods::k_center::pick(problem.tensor, problem.pool(1), {}).order[0] == 0);
}

BOOST_AUTO_TEST_SUITE_END()
