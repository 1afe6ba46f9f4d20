#include <lipt/select/message_passing.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_selection.hpp>

#include <cmath>
#include <vector>

namespace {

using lipt_test::random_problem;

/// The definition over all distances, an arg-max at every step.
std::vector<std::int64_t> naive(const random_problem &problem, const std::vector<float> &scores,
                                std::size_t quota, const lipt::d2_options &options) {
    const auto h = lipt_test::embeddings_of(problem);
    const std::size_t n = h.size();
    std::vector<std::vector<bool>> edge(n, std::vector<bool>(n));
    double squares = 0, edges = 0;
    const auto square = [&](std::size_t i, std::size_t j) {
        return std::pow(lipt_test::distance(h[i], h[j]), 2);
    };
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<std::pair<double, std::size_t>> all;
        for (std::size_t j = 0; j < n; ++j) {
            if (j != i) all.emplace_back(square(i, j), j);
        }
        std::sort(all.begin(), all.end());
        for (std::size_t k = 0; k < options.neighbours; ++k)
            edge[i][all[k].second] = edge[all[k].second][i] = true;
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            squares += edge[i][j] ? square(i, j) : 0;
            edges += edge[i][j] ? 1 : 0;
        }
    }
    const double unit = options.unit > 0 ? std::pow(options.unit, 2.0) : squares / edges;
    const auto decay = [&](double gamma, std::size_t i, std::size_t j) {
        return std::exp(-gamma * square(i, j) / unit);
    };
    const auto own = lipt::detail::normalised(scores);
    auto values = own;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j)
            values[i] += edge[i][j] ? decay(options.forward, i, j) * own[j] : 0;
    }
    std::vector<std::int64_t> picks;
    while (picks.size() < quota) {
        picks.push_back(lipt_test::naive_arg_max(values, picks));
        const auto pick = static_cast<std::size_t>(picks.back());
        for (std::size_t j = 0; j < n; ++j)
            values[j] -= edge[pick][j] ? decay(options.reverse, pick, j) * values[pick] : 0;
    }
    return picks;
}

} // namespace

BOOST_AUTO_TEST_SUITE(message_passing)

BOOST_AUTO_TEST_CASE(d2_picks_as_the_definition_does) {
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
        random_problem problem({.samples = 60, .width = 3, .seed = seed});
        lipt::rng draw({.seed = seed, .sample = 9});
        std::vector<float> scores;
        for (std::size_t i = 0; i < 60; ++i) scores.push_back(draw.normal());
        for (const lipt::d2_options &asked :
             {lipt::d2_options{.neighbours = 5}, lipt::d2_options{.neighbours = 3, .reverse = 0, .unit = 2},
              lipt::d2_options{.neighbours = 8, .forward = 0.1f, .reverse = 3}}) {
            const auto picks =
                lipt::d2::sample(problem.tensor, problem.pool(40), scores, {.sampler = {.d2 = asked}});
            BOOST_TEST(picks == naive(problem, scores, 40, asked), boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_pick_is_passed_over) {
    // Two heaps of three; without messages the three of the first would be taken.
    random_problem problem({.samples = 6, .width = 1});
    problem.gradients.embedding = lipt::host_matrix{{0}, {0.1f}, {0.2f}, {9}, {9.1f}, {9.2f}};
    const std::vector<float> scores{0.9f, 1.0f, 0.95f, 0.5f, 0.55f, 0.0f};
    lipt::select_options options;
    options.sampler.d2 = {.neighbours = 2, .forward = 1, .reverse = 0};
    const auto picks = lipt::d2::sample(problem.tensor, problem.pool(2), scores, options);
    BOOST_TEST(picks == (std::vector<std::int64_t>{1, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(settings_outside_their_range_are_errors) {
    random_problem problem({.samples = 6});
    const std::vector<float> scores(6, 1.0f);
    for (const auto &asked : {lipt::d2_options{.neighbours = 0}, lipt::d2_options{.forward = -1},
                              lipt::d2_options{.reverse = -1}, lipt::d2_options{.unit = -1}}) {
        BOOST_TEST(lipt_test::error_id([&] {
                       lipt::d2::sample(problem.tensor, problem.pool(2), scores, {.sampler = {.d2 = asked}});
                   }) == "LIPT-C17");
    }
}

BOOST_AUTO_TEST_SUITE_END()
