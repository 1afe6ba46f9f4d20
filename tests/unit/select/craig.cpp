#include <lipt/select/craig.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace {

using lipt::similarity_space;
using lipt_test::vectors;

double distance_to(const vectors &x, std::size_t sample, const std::vector<std::int64_t> &picks) {
    double least = 1e300;
    for (const auto pick : picks)
        least = std::min(least, lipt_test::distance(x[sample], x[static_cast<std::size_t>(pick)]));
    return least;
}

double total_distance(const vectors &x, const std::vector<std::int64_t> &picks) {
    double sum = 0;
    for (std::size_t j = 0; j < x.size(); ++j) sum += distance_to(x, j, picks);
    return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(craig)

BOOST_AUTO_TEST_CASE(every_pick_lowers_the_distances_as_much_as_the_best_can) {
    // Two candidates that cover only each other gain the same, so values are compared, not names.
    for (const auto space : {similarity_space::gradients, similarity_space::embeddings}) {
        lipt_test::for_small_problems([&](auto &problem, std::size_t quota) {
            const auto x = lipt_test::vectors_of(problem, space);
            const auto picks = lipt::methods::craig::pick(problem.tensor, problem.pool(quota),
                                                          {.submodular = {.space = space}})
                                   .order;
            BOOST_TEST(picks.size() == quota);
            for (std::size_t t = 0; t < quota; ++t) {
                const std::vector<std::int64_t> before(picks.begin(), picks.begin() + t);
                double best = 1e300;
                for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.size()); ++i) {
                    auto with = before;
                    with.push_back(i);
                    best = std::min(best, total_distance(x, with));
                }
                const std::vector<std::int64_t> with(picks.begin(), picks.begin() + t + 1);
                BOOST_TEST(total_distance(x, with) <= best + 1e-4);
            }
        });
    }
}

BOOST_AUTO_TEST_CASE(a_weight_is_the_number_of_samples_nearest_to_its_pick) {
    for (const std::size_t memory : {std::size_t{0}, std::size_t{1} << 30}) {
        lipt_test::random_problem problem({.samples = 200, .classes = 4, .width = 6});
        const auto x = lipt_test::vectors_of(problem, similarity_space::gradients);
        const auto picks = lipt::methods::craig::pick(problem.tensor, problem.pool(150), {.memory = memory});
        std::vector<float> counts(150);
        for (std::size_t j = 0; j < 200; ++j) {
            std::size_t nearest = 0;
            for (std::size_t s = 1; s < 150; ++s) {
                const auto at = [&](std::size_t t) { return x[static_cast<std::size_t>(picks.order[t])]; };
                if (lipt_test::distance(x[j], at(s)) < lipt_test::distance(x[j], at(nearest))) nearest = s;
            }
            counts[nearest] += 1;
        }
        BOOST_TEST(picks.weights == counts, boost::test_tools::per_element());
        BOOST_TEST(std::accumulate(counts.begin(), counts.end(), 0.0f) == 200.0f);
    }
}

BOOST_AUTO_TEST_CASE(two_heaps_are_found_and_counted) {
    // Errors (-1/2, 1/2) with embeddings around 0 and around 10: g = d (x) [h, 1].
    lipt_test::random_problem problem({.samples = 5, .classes = 2, .width = 1});
    problem.gradients = {.residual = lipt::host_matrix({5, 2}, 0.5f),
                         .embedding = lipt::host_matrix{{10.0f}, {0.0f}, {0.1f}, {-0.1f}, {10.1f}}};
    const auto picks = lipt::methods::craig::pick(problem.tensor, problem.pool(2), {});
    BOOST_TEST(picks.order == (std::vector<std::int64_t>{2, 0}), boost::test_tools::per_element());
    BOOST_TEST(picks.weights == (std::vector<float>{3, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_pick_stands_for_itself_whatever_is_like_it) {
    lipt_test::random_problem problem({.samples = 4, .classes = 2, .width = 1});
    problem.gradients = {.residual = lipt::host_matrix({4, 2}, 0.5f),
                         .embedding = lipt::host_matrix({4, 1}, 1.0f)};
    const auto picks = lipt::methods::craig::pick(problem.tensor, problem.pool(2), {});
    BOOST_TEST(picks.weights == (std::vector<float>{3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
