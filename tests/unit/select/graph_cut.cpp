#include <lipt/select/graph_cut.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_selection.hpp>

#include <cmath>
#include <vector>

namespace {

using lipt::similarity_space;

/// lambda sum_{j, i in S} s_ij - sum_{i,j in S} s_ij
double cut(const lipt_test::vectors &s, const std::vector<std::int64_t> &picks, double lambda) {
    double sum = 0;
    for (const auto i : picks) {
        for (const double similarity : s[static_cast<std::size_t>(i)]) sum += lambda * similarity;
        for (const auto j : picks) sum -= s[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
    }
    return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(graph_cut)

BOOST_AUTO_TEST_CASE(picks_as_a_greedy_over_the_written_out_similarities) {
    for (const auto space : {similarity_space::gradients, similarity_space::embeddings}) {
        for (const float lambda : {1.0f, 3.0f}) {
            lipt_test::for_small_problems([&](auto &problem, std::size_t quota) {
                const auto s = lipt_test::similarities(lipt_test::vectors_of(problem, space));
                // The last two have gains in common, of a float's rounding apart; any order is greedy.
                if (quota + 1 >= s.size()) return;
                const auto expected = lipt_test::naive_greedy(
                    s.size(), quota, [&](const auto &picks) { return cut(s, picks, lambda); });
                const auto picks = lipt::methods::graph_cut::pick(
                    problem.tensor, problem.pool(quota),
                    {.submodular = {.space = space}, .graph_cut = {.lambda = lambda}});
                BOOST_TEST(picks.order == expected, boost::test_tools::per_element());
                for (std::size_t i = 0; i < s.size(); ++i) {
                    BOOST_TEST(std::abs(picks.scores[i] - cut(s, {static_cast<std::int64_t>(i)}, lambda)) <
                               1e-5);
                }
            });
        }
    }
}

BOOST_AUTO_TEST_CASE(naive_and_lazy_pick_the_same) {
    lipt_test::random_problem problem({.samples = 150});
    const auto picks = [&](lipt::greedy_kind kind) {
        return lipt::methods::graph_cut::pick(problem.tensor, problem.pool(60),
                                              {.submodular = {.greedy = kind}})
            .order;
    };
    BOOST_TEST(picks(lipt::greedy_kind::naive) == picks(lipt::greedy_kind::lazy),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_negative_lambda_is_an_error) {
    lipt_test::random_problem problem({});
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::methods::graph_cut::pick(problem.tensor, problem.pool(3),
                                                  {.graph_cut = {.lambda = -1}});
               }) == "LIPT-C41");
}

BOOST_AUTO_TEST_SUITE_END()
