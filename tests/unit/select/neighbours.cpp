#include <lipt/select/neighbours.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

BOOST_AUTO_TEST_SUITE(neighbours)

BOOST_AUTO_TEST_CASE(they_are_the_nearest_of_a_full_sort) {
    const lipt_test::random_problem problem({.samples = 300, .width = 4}); // three blocks
    const auto h = lipt_test::embeddings_of(problem);
    const auto found = lipt::nearest_neighbours(problem.tensor, problem.gradients, 6);
    BOOST_REQUIRE(found.size() == 300u);
    for (std::size_t i = 0; i < 300; ++i) {
        std::vector<std::pair<double, std::int64_t>> all;
        for (std::size_t j = 0; j < 300; ++j) {
            if (j != i) all.emplace_back(lipt_test::distance(h[i], h[j]), static_cast<std::int64_t>(j));
        }
        std::sort(all.begin(), all.end());
        BOOST_REQUIRE(found[i].size() == 6u);
        for (std::size_t k = 0; k < 6; ++k) {
            BOOST_TEST(found[i][k].index == all[k].second);
            BOOST_TEST(std::abs(found[i][k].distance - all[k].first) < 1e-4);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_large_offset_of_all_embeddings_costs_no_digits) {
    lipt_test::random_problem problem({.samples = 60, .width = 3});
    for (auto &value : problem.gradients.embedding) value = std::round(value * 64) / 64 + 1024;
    const auto found = lipt::nearest_neighbours(problem.tensor, problem.gradients, 1);
    for (std::size_t i = 0; i < 60; ++i) {
        double nearest = 1e300;
        for (std::size_t j = 0; j < 60; ++j) {
            double square = 0;
            for (std::size_t e = 0; e < 3; ++e) {
                const double apart = problem.gradients.embedding(i, e) - problem.gradients.embedding(j, e);
                square += apart * apart;
            }
            if (j != i) nearest = std::min(nearest, std::sqrt(square));
        }
        BOOST_TEST(std::abs(found[i][0].distance - nearest) < 1e-3);
    }
}

BOOST_AUTO_TEST_CASE(ties_go_to_the_lowest_and_there_are_no_more_than_there_are) {
    lipt_test::random_problem problem({.samples = 5, .width = 1});
    problem.gradients.embedding = lipt::host_matrix{{0}, {1}, {1}, {1}, {3}};
    const auto found = lipt::nearest_neighbours(problem.tensor, problem.gradients, 2);
    BOOST_TEST(found[0][0].index == 1);
    BOOST_TEST(found[0][1].index == 2);
    BOOST_TEST(found[2][0].index == 1);
    BOOST_TEST(found[2][1].index == 3);
    BOOST_TEST(lipt::nearest_neighbours(problem.tensor, problem.gradients, 9)[4].size() == 4u);
    lipt_test::random_problem alone({.samples = 1, .classes = 1});
    BOOST_TEST(lipt::nearest_neighbours(alone.tensor, alone.gradients, 3)[0].empty());
}

BOOST_AUTO_TEST_CASE(tight_heaps_far_from_each_other_are_told_apart) {
    // Products are rounded by what is a hundred times the spread of a heap.
    lipt_test::random_problem problem({.samples = 200, .width = 16});
    auto &embeddings = problem.gradients.embedding;
    for (std::size_t i = 0; i < 200; ++i) {
        for (std::size_t e = 0; e < 16; ++e)
            embeddings(i, e) = problem.embeddings(i, e) * 3e-3f + (e % 4 == i % 4 ? 4.0f : 0.0f);
    }
    const auto found = lipt::nearest_neighbours(problem.tensor, problem.gradients, 5);
    for (std::size_t i = 0; i < 200; ++i) {
        std::vector<std::pair<double, std::int64_t>> all;
        for (std::size_t j = 0; j < 200; ++j) {
            double square = 0;
            for (std::size_t e = 0; e < 16; ++e)
                square += std::pow(static_cast<double>(embeddings(i, e)) - embeddings(j, e), 2);
            if (j != i) all.emplace_back(square, static_cast<std::int64_t>(j));
        }
        std::sort(all.begin(), all.end());
        for (std::size_t k = 0; k < 5; ++k) {
            BOOST_TEST(found[i][k].index == all[k].second);
            BOOST_TEST(std::abs(found[i][k].distance / std::sqrt(all[k].first) - 1) < 1e-6);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
