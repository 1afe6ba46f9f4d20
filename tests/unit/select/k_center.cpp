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

BOOST_AUTO_TEST_SUITE_END()
