#include <lipt/select/facility_location.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

using lipt_test::dot;
using lipt_test::random_problem;
using indices = std::vector<std::int64_t>;

/// The lazy greedy under test. shapes: picks (quota)
lipt::pool_picks lazy(random_problem &problem, std::size_t quota, std::size_t memory = std::size_t{1} << 30) {
    return lipt::methods::facility_location::pick(problem.tensor, problem.pool(quota), {.memory = memory});
}

/// Greedy that computes every gain anew at every step.
indices naive(random_problem &problem, std::size_t quota) {
    return lipt::methods::facility_location::pick(problem.tensor, problem.pool(quota),
                                                  {.submodular = {.greedy = lipt::greedy_kind::naive}})
        .order;
}

/// The same by hand, from the same float32 cosines.
indices by_hand(const random_problem &problem, std::size_t quota) {
    const auto &tensor = problem.tensor;
    const std::size_t n = problem.labels.size();
    lipt::similarity_rows<random_problem::tensor_type> rows(
        tensor, problem.gradients, lipt::similarity_space::gradients, lipt::similarity_measure::cosine, 0);
    lipt::host_matrix cosines = lipt::host_matrix::from_shape({n, n});
    rows.for_each_block([&](std::size_t first, const auto &block) {
        const lipt::host_matrix host = tensor.to_host(block);
        std::copy(host.begin(), host.end(), cosines.data() + first * n);
    });
    auto best = lipt::host_matrix({1, n}, -1.0f);
    auto taken = tensor.make(n, 1);
    indices picks;
    while (picks.size() < quota) {
        const std::int64_t pick = tensor.arg_max(tensor.facility_gain(cosines, best), taken);
        tensor.set(taken, static_cast<std::size_t>(pick), 0, 1.0f);
        tensor.maximum(tensor.gather_rows(cosines, std::span(&pick, 1)), best);
        picks.push_back(pick);
    }
    return picks;
}

/// sum_j max_{i in picks} (0.5 + 0.5 cos), for every set as bits of its samples.
double coverage(const std::vector<std::vector<double>> &g, unsigned set) {
    double sum = 0;
    for (const auto &sample : g) {
        double best = 0;
        for (std::size_t i = 0; i < g.size(); ++i) {
            if (set >> i & 1u) {
                best = std::max(best, 0.5 + 0.5 * dot(sample, g[i]) /
                                                std::sqrt(dot(sample, sample) * dot(g[i], g[i])));
            }
        }
        sum += best;
    }
    return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(facility_location)

BOOST_AUTO_TEST_CASE(the_lazy_greedy_picks_as_the_naive_one) {
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
        random_problem problem(
            {.samples = 300, .classes = 3, .width = 4, .seed = seed}); // three blocks of rows
        const auto expected = by_hand(problem, 120);
        BOOST_TEST(naive(problem, 120) == expected, boost::test_tools::per_element());
        BOOST_TEST(lazy(problem, 120).order == expected, boost::test_tools::per_element());
        BOOST_TEST(lazy(problem, 120, 0).order == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(every_pick_of_the_naive_one_gains_as_much_as_the_best_can) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::size_t n = 2 + seed % 7;
        random_problem problem({.samples = n, .classes = 2, .width = 3, .seed = seed});
        const auto g = lipt_test::written_out(problem.logits, problem.embeddings, problem.labels);
        unsigned picked = 0;
        for (const auto pick : naive(problem, n)) {
            double best = 0;
            for (std::size_t i = 0; i < n; ++i) best = std::max(best, coverage(g, picked | 1u << i));
            picked |= 1u << pick;
            BOOST_TEST(coverage(g, picked) >= best - 1e-5);
        }
    }
}

BOOST_AUTO_TEST_CASE(embeddings_are_covered_where_they_are_asked_for) {
    // Two directions of embeddings, three samples of each; gradients of every sample point elsewhere.
    random_problem problem({.samples = 6, .classes = 6, .width = 2});
    problem.gradients.embedding = lipt::host_matrix{{1, 0}, {2, 0}, {3, 0}, {0, 1}, {0, 2}, {0, 3}};
    const auto picks = lipt::methods::facility_location::pick(
        problem.tensor, problem.pool(2), {.submodular = {.space = lipt::similarity_space::embeddings}});
    BOOST_TEST(picks.order == (indices{0, 3}), boost::test_tools::per_element());
    for (const float score : picks.scores) BOOST_TEST(score == 4.5f); // three at 1, three at 0.5
}

BOOST_AUTO_TEST_CASE(ties_go_to_the_lowest_sample) {
    random_problem problem({.samples = 40, .classes = 2, .width = 2});
    for (std::size_t i = 0; i < 40; ++i) { // ten copies of four samples
        for (std::size_t c = 0; c < 2; ++c)
            problem.gradients.residual(i, c) = problem.gradients.residual(i % 4, c);
        for (std::size_t e = 0; e < 2; ++e)
            problem.gradients.embedding(i, e) = problem.gradients.embedding(i % 4, e);
    }
    const auto picks = lazy(problem, 40).order;
    BOOST_TEST(picks == naive(problem, 40), boost::test_tools::per_element());
    BOOST_TEST(*std::max_element(picks.begin(), picks.begin() + 4) == 3);
    BOOST_TEST(std::is_sorted(picks.begin() + 4, picks.end()));
}

BOOST_AUTO_TEST_CASE(scores_are_the_gains_of_a_first_pick) {
    random_problem problem({.samples = 8, .classes = 2});
    const auto g = lipt_test::written_out(problem.logits, problem.embeddings, problem.labels);
    const auto scores = lazy(problem, 1).scores;
    for (std::size_t i = 0; i < 8; ++i) BOOST_TEST(std::abs(scores[i] - coverage(g, 1u << i)) < 1e-5);
}

BOOST_AUTO_TEST_SUITE_END()
