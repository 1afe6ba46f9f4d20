#include <lipt/select/herding.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <vector>

BOOST_AUTO_TEST_SUITE(herding)

BOOST_AUTO_TEST_CASE(picks_as_the_definition_does) {
    lipt_test::for_small_problems([](auto &problem, std::size_t quota) {
        const auto h = lipt_test::embeddings_of(problem);
        if (quota + 1 >= h.size()) return; // the last two bring the mean equally near in the end
        const auto expected = lipt_test::naive_greedy(h.size(), quota, [&](const auto &picks) {
            std::vector<double> apart(h[0].size()), none(h[0].size());
            for (std::size_t e = 0; e < apart.size(); ++e) {
                for (const auto &x : h) apart[e] -= x[e] / static_cast<double>(h.size());
                for (const auto pick : picks)
                    apart[e] += h[static_cast<std::size_t>(pick)][e] / static_cast<double>(picks.size());
            }
            return -lipt_test::distance(apart, none);
        });
        BOOST_TEST(lipt::methods::herding::pick(problem.tensor, problem.pool(quota), {}).order == expected,
                   boost::test_tools::per_element());
    });
}

BOOST_AUTO_TEST_CASE(the_mean_of_the_picks_comes_near_sooner_than_chance) {
    lipt_test::random_problem problem({.samples = 400, .width = 6});
    const auto picks = lipt::methods::herding::pick(problem.tensor, problem.pool(40), {}).order;
    const auto mean = problem.tensor.column_means(problem.gradients.embedding);
    const auto ours =
        problem.tensor.column_means(problem.tensor.gather_rows(problem.gradients.embedding, picks));
    double apart = 0;
    for (std::size_t e = 0; e < 6; ++e) apart += (mean(0, e) - ours(0, e)) * (mean(0, e) - ours(0, e));
    BOOST_TEST(apart < 0.01); // forty draws of variance 1 in six dimensions: 6/40 = 0.15
}

BOOST_AUTO_TEST_SUITE_END()
