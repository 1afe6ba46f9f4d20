#include <lipt/select/log_determinant.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_selection.hpp>

#include <cmath>
#include <numeric>
#include <set>
#include <span>
#include <vector>

namespace {

using lipt::similarity_space;

/// log det(K_S) by a factor from scratch.
double volume(const lipt_test::vectors &s, const std::vector<std::int64_t> &picks, double ridge) {
    lipt_test::vectors factor;
    double sum = 0;
    for (std::size_t t = 0; t < picks.size(); ++t) {
        std::vector<double> row;
        double pivot = s[static_cast<std::size_t>(picks[t])][static_cast<std::size_t>(picks[t])] + ridge;
        for (std::size_t j = 0; j < t; ++j) {
            double entry = s[static_cast<std::size_t>(picks[t])][static_cast<std::size_t>(picks[j])];
            for (std::size_t l = 0; l < j; ++l) entry -= row[l] * factor[j][l];
            row.push_back(entry / factor[j][j]);
            pivot -= row[j] * row[j];
        }
        row.push_back(std::sqrt(std::max(pivot, 1e-300)));
        sum += std::log(std::max(pivot, 1e-300));
        factor.push_back(row);
    }
    return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_determinant)

BOOST_AUTO_TEST_CASE(picks_as_a_greedy_over_the_written_out_similarities) {
    for (const auto space : {similarity_space::gradients, similarity_space::embeddings}) {
        lipt_test::for_small_problems([&](auto &problem, std::size_t quota) {
            const auto s = lipt_test::similarities(lipt_test::vectors_of(problem, space));
            if (quota + 1 >= s.size()) return; // nothing is left to span
            auto expected = lipt_test::naive_greedy(s.size(), quota, [&](const auto &picks) {
                // Every first pick spans the same but for rounding: the lowest.
                return picks.size() == 1 ? 0.0 : volume(s, picks, 0.1);
            });
            const auto picks = lipt::methods::log_determinant::pick(
                problem.tensor, problem.pool(quota),
                {.submodular = {.space = space}, .log_determinant = {.ridge = 0.1}});
            BOOST_TEST(picks.order == expected, boost::test_tools::per_element());
        });
    }
}

BOOST_AUTO_TEST_CASE(what_is_left_of_a_diagonal_is_the_ratio_of_two_volumes) {
    lipt_test::random_problem problem({.samples = 12});
    const auto s = lipt_test::similarities(lipt_test::vectors_of(problem, similarity_space::gradients));
    lipt::factored_vectors<lipt_test::random_problem::tensor_type> unit(problem.tensor, problem.gradients,
                                                                        similarity_space::gradients);
    unit.normalise();
    lipt::volume_function volume_left(problem.tensor, unit, 0.01);
    std::vector<std::int64_t> picks;
    for (const std::int64_t pick : {7, 2, 9, 0}) {
        volume_left.take(pick);
        picks.push_back(pick);
        for (const std::int64_t i : {1, 5, 11}) {
            auto with = picks;
            with.push_back(i);
            const double expected = std::exp(volume(s, with, 0.01) - volume(s, picks, 0.01));
            BOOST_TEST(std::abs(volume_left.gains(std::vector<std::int64_t>{i})[0] - expected) < 1e-5);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_order_of_the_samples_behind_the_first_does_not_matter) {
    // Which of the equally good first picks is taken is a matter of order; so the first stays in its place.
    lipt_test::random_problem problem({.samples = 80, .classes = 5, .width = 9}), other = problem;
    std::vector<std::int64_t> order(80);
    std::iota(order.begin(), order.end(), std::int64_t{0});
    lipt::rng({.seed = 8}).shuffle(std::span(order).subspan(1));
    other.gradients = lipt::gather(problem.tensor, problem.gradients, order);
    const auto one = lipt::methods::log_determinant::pick(problem.tensor, problem.pool(20), {}).order;
    auto two = lipt::methods::log_determinant::pick(other.tensor, other.pool(20), {}).order;
    for (auto &index : two) index = order[static_cast<std::size_t>(index)];
    BOOST_TEST(one == two, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(copies_are_picked_last) {
    lipt_test::random_problem problem({.samples = 9, .classes = 3, .width = 4});
    for (std::size_t i = 4; i < 9; ++i) { // five copies of sample 3
        for (std::size_t c = 0; c < 3; ++c)
            problem.gradients.residual(i, c) = problem.gradients.residual(3, c);
        for (std::size_t e = 0; e < 4; ++e)
            problem.gradients.embedding(i, e) = problem.gradients.embedding(3, e);
    }
    const auto order = lipt::methods::log_determinant::pick(problem.tensor, problem.pool(9), {}).order;
    const std::set<std::int64_t> first(order.begin(), order.begin() + 4);
    BOOST_TEST(first == (std::set<std::int64_t>{0, 1, 2, 3}), boost::test_tools::per_element());
    BOOST_TEST(std::set<std::int64_t>(order.begin(), order.end()).size() == 9u);
}

BOOST_AUTO_TEST_CASE(a_ridge_of_zero_is_an_error) {
    lipt_test::random_problem problem({});
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::methods::log_determinant::pick(problem.tensor, problem.pool(3),
                                                        {.log_determinant = {.ridge = 0}});
               }) == "LIPT-C16");
}

BOOST_AUTO_TEST_SUITE_END()
