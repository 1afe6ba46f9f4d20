#include <lipt/select/gradmatch.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/selection_problem.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace {

using lipt_test::dot;
using lipt_test::random_problem;
using doubles = std::vector<double>;

/// The definition: gradients written out, and a new system solved from scratch at every step.
std::vector<std::int64_t> naive(const random_problem &problem, std::size_t quota, double ridge) {
    const auto g = lipt_test::written_out(problem.logits, problem.embeddings, problem.labels);
    doubles target(g[0].size());
    for (const auto &v : g) {
        for (std::size_t p = 0; p < v.size(); ++p) target[p] += v[p] / static_cast<double>(g.size());
    }
    std::vector<std::int64_t> picks;
    doubles rest = target;
    while (picks.size() < quota) {
        doubles along;
        for (const auto &v : g) along.push_back(dot(v, rest));
        picks.push_back(lipt_test::naive_arg_max(along, picks));
        const auto at = [&](std::size_t pick) -> const doubles & {
            return g[static_cast<std::size_t>(picks[pick])];
        };
        lipt::growing_cholesky factor;
        doubles right;
        for (std::size_t t = 0; t < picks.size(); ++t) {
            doubles row;
            for (std::size_t s = 0; s <= t; ++s) row.push_back(dot(at(s), at(t)));
            row.back() += picks.size() > 1 ? ridge : 0.0;
            factor.append(row);
            right.push_back(dot(at(t), target));
        }
        const auto x = factor.solve(right);
        rest = target;
        for (std::size_t t = 0; t < picks.size(); ++t) {
            for (std::size_t p = 0; p < rest.size(); ++p) rest[p] -= x[t] * at(t)[p];
        }
    }
    return picks;
}

} // namespace

BOOST_AUTO_TEST_SUITE(gradmatch)

BOOST_AUTO_TEST_CASE(picks_as_the_definition_does_from_residual_and_from_gram_columns) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8}) {
        random_problem problem({.samples = 70, .classes = 4, .width = 9, .seed = seed});
        const auto pool = problem.pool(40);
        const auto expected = naive(problem, 40, 0.5);
        const auto mean = lipt::mean_gradient(problem.tensor, problem.gradients);
        const auto target = lipt::projections(problem.tensor, problem.gradients, mean);
        using namespace lipt::methods::detail;
        using tensor_type = random_problem::tensor_type;
        const auto by_residual =
            pursue(problem.tensor, pool, target, {.ridge = 0.5},
                   residual_projections<tensor_type>(problem.tensor, problem.gradients, mean));
        const auto by_gram = pursue(problem.tensor, pool, target, {.ridge = 0.5},
                                    gram_projections<tensor_type>(problem.tensor, problem.gradients, target));
        BOOST_TEST(by_residual.order == expected, boost::test_tools::per_element());
        BOOST_TEST(by_gram.order == expected, boost::test_tools::per_element());
        BOOST_TEST(by_residual.weights == by_gram.weights, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(rows_computed_ahead_and_let_go_change_no_pick) {
    // More rows are computed than may be held, so that some are dropped and computed again.
    random_problem problem({.samples = 900, .classes = 4, .width = 9});
    const auto pool = problem.pool(400);
    const auto mean = lipt::mean_gradient(problem.tensor, problem.gradients);
    const auto target = lipt::projections(problem.tensor, problem.gradients, mean);
    using namespace lipt::methods::detail;
    using tensor_type = random_problem::tensor_type;
    const auto by_residual =
        pursue(problem.tensor, pool, target, {},
               residual_projections<tensor_type>(problem.tensor, problem.gradients, mean));
    const auto by_gram = pursue(problem.tensor, pool, target, {},
                                gram_projections<tensor_type>(problem.tensor, problem.gradients, target));
    // Late projections are near rounding; the two forms agree as far as they have digits.
    BOOST_TEST(std::equal(by_residual.order.begin(), by_residual.order.begin() + 40, by_gram.order.begin()));
    const std::set<std::int64_t> distinct(by_gram.order.begin(), by_gram.order.end());
    BOOST_TEST(distinct.size() == 400u);
}

BOOST_AUTO_TEST_CASE(one_pick_has_its_ridge_weight) {
    // d = (-1/2, 1/2) for both, h = 2 and 0: |g|^2 = 5/2 and 1/2, <g_0, g_1> = 1/2, mean.g = (3/2, 1/2).
    random_problem problem({.samples = 2, .classes = 2, .width = 1});
    problem.gradients = {.residual = lipt::host_matrix{{-0.5f, 0.5f}, {-0.5f, 0.5f}},
                         .embedding = lipt::host_matrix{{2.0f}, {0.0f}}};
    const auto picks =
        lipt::methods::gradmatch::pick(problem.tensor, problem.pool(1), {.gradmatch = {.ridge = 0.5}});
    BOOST_TEST(picks.order == (std::vector<std::int64_t>{0}), boost::test_tools::per_element());
    BOOST_TEST(std::abs(picks.weights[0] - 0.5f) < 1e-6f); // 3/2 over 5/2 + 1/2
    BOOST_TEST(std::abs(picks.scores[0] - 1.5f) < 1e-6f);
    BOOST_TEST(std::abs(picks.scores[1] - 0.5f) < 1e-6f);
}

BOOST_AUTO_TEST_CASE(ridge_weights_solve_the_ridge_regression_and_may_be_negative) {
    bool negative = false;
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
        random_problem problem({.samples = 30, .classes = 3, .width = 2, .seed = seed});
        const auto g = lipt_test::written_out(problem.logits, problem.embeddings, problem.labels);
        const auto with = [&](lipt::pursuit_weights kind) {
            return lipt::methods::gradmatch::pick(problem.tensor, problem.pool(20),
                                                  {.gradmatch = {.ridge = 0.01, .weights = kind}});
        };
        const auto ridge = with(lipt::pursuit_weights::ridge),
                   held = with(lipt::pursuit_weights::nonnegative);
        BOOST_TEST(ridge.order == held.order, boost::test_tools::per_element());
        // (K + ridge I) x = b, with b_s the projection of pick s on the mean gradient.
        for (const auto s : ridge.order) {
            const auto &own = g[static_cast<std::size_t>(s)];
            double left = 0, right = 0;
            for (std::size_t t = 0; t < 20; ++t) {
                const auto other = static_cast<std::size_t>(ridge.order[t]);
                left += ridge.weights[t] * (dot(own, g[other]) + (ridge.order[t] == s ? 0.01 : 0.0));
                negative = negative || ridge.weights[t] < 0;
                BOOST_TEST(held.weights[t] >= 0);
            }
            for (const auto &sample : g) right += dot(own, sample) / static_cast<double>(g.size());
            BOOST_TEST(std::abs(left - right) < 1e-5);
        }
    }
    BOOST_TEST(negative);
}

BOOST_AUTO_TEST_CASE(all_samples_match_the_mean_nearly_exactly) {
    random_problem problem({.samples = 12, .classes = 3, .width = 20});
    const auto picks =
        lipt::methods::gradmatch::pick(problem.tensor, problem.pool(12), {.gradmatch = {.ridge = 1e-6}});
    for (const float weight : picks.weights) BOOST_TEST(std::abs(weight - 1.0f / 12) < 1e-3f);
}

BOOST_AUTO_TEST_CASE(gradients_of_zero_are_picked_last_and_harm_nothing) {
    random_problem problem({.samples = 6, .classes = 2, .width = 2});
    problem.gradients.residual.fill(0.0f);
    const auto picks = lipt::methods::gradmatch::pick(problem.tensor, problem.pool(6), {});
    BOOST_TEST(picks.order == (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}),
               boost::test_tools::per_element());
    BOOST_TEST(picks.weights == std::vector<float>(6, 0.0f), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_cheaper_form_is_taken_where_it_fits) {
    using lipt::methods::detail::prefer_gram;
    constexpr std::size_t memory = std::size_t{512} << 20;
    BOOST_TEST(prefer_gram(1281, 128, 1000, 512, memory));
    constexpr std::size_t needed = std::size_t{4} * 1281 * (128 + lipt::methods::detail::gram_rows_ahead);
    BOOST_TEST(!prefer_gram(1281, 128, 1000, 512, needed - 1));
    BOOST_TEST(prefer_gram(1281, 128, 1000, 512, needed));
    BOOST_TEST(!prefer_gram(5000, 3500, 10, 64, memory));
}

BOOST_AUTO_TEST_CASE(a_ridge_of_zero_is_an_error) {
    random_problem problem({});
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::methods::gradmatch::pick(problem.tensor, problem.pool(3),
                                                  {.gradmatch = {.ridge = 0}});
               }) == "LIPT-C14");
}

BOOST_AUTO_TEST_CASE(weights_of_gradients_much_longer_than_the_ridge_are_found) {
    // |g|^2 is some 1e7 to 1e13 times the ridge, and most samples are picked.
    for (const float scale : {1e3f, 1e6f}) {
        random_problem problem({.samples = 120, .classes = 5, .width = 12});
        for (auto &value : problem.gradients.embedding) value = std::abs(value) * scale;
        const auto picks = lipt::methods::gradmatch::pick(problem.tensor, problem.pool(100), {});
        BOOST_TEST(picks.order.size() == 100u);
        for (const float weight : picks.weights) BOOST_TEST(weight >= 0);
        // Nearer to the solution than equal weights are: |(K + I) x - b|, b the projections on the mean.
        const auto g = lipt_test::written_out(
            problem.logits, problem.tensor.to_host(problem.gradients.embedding), problem.labels);
        const auto apart = [&](const std::vector<float> &x) {
            double sum = 0;
            for (std::size_t s = 0; s < x.size(); ++s) {
                const auto &own = g[static_cast<std::size_t>(picks.order[s])];
                double row = x[s];
                for (std::size_t t = 0; t < x.size(); ++t)
                    row += x[t] * dot(own, g[static_cast<std::size_t>(picks.order[t])]);
                for (const auto &sample : g) row -= dot(own, sample) / static_cast<double>(g.size());
                sum += row * row;
            }
            return sum;
        };
        BOOST_TEST(apart(picks.weights) < 0.1 * apart(std::vector<float>(100, 0.01f)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
