#include <lipt/select/gradmatch_batch.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_selection.hpp>

#include <cmath>
#include <set>
#include <vector>

namespace {

using lipt_test::dot;
using lipt_test::random_problem;
using doubles = std::vector<double>;

doubles mean_of(const lipt_test::vectors &g, std::span<const std::int64_t> members) {
    doubles mean(g[0].size());
    for (const auto i : members) {
        for (std::size_t p = 0; p < mean.size(); ++p)
            mean[p] += g[static_cast<std::size_t>(i)][p] / static_cast<double>(members.size());
    }
    return mean;
}

} // namespace

BOOST_AUTO_TEST_SUITE(gradmatch_batch)

BOOST_AUTO_TEST_CASE(picks_as_the_definition_does_over_written_out_batch_gradients) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
        random_problem problem({.samples = 83, .classes = 4, .width = 5, .seed = seed});
        const auto g = lipt_test::written_out(problem.logits, problem.embeddings, problem.labels);
        const auto pool = problem.pool(30);
        const auto picks = lipt::methods::gradmatch_batch::pick(
            problem.tensor, pool, {.gradmatch = {.ridge = 0.1, .batch = 7}, .seed = seed});
        const lipt::methods::detail::minibatches batches(
            83, 7, lipt::rng({.seed = seed, .stage = lipt::stream::select}));
        BOOST_TEST(batches.count() == 11u);
        lipt_test::vectors means;
        for (std::size_t b = 0; b < 11; ++b) means.push_back(mean_of(g, batches.members(b)));
        const auto target = mean_of(g, pool.members);
        std::vector<std::int64_t> chosen;
        doubles rest = target, x;
        for (std::size_t t = 0; t < 4; ++t) {
            doubles along;
            for (const auto &mean : means) along.push_back(dot(mean, rest));
            chosen.push_back(lipt_test::naive_arg_max(along, chosen));
            lipt::growing_cholesky factor;
            doubles right;
            for (std::size_t s = 0; s <= t; ++s) {
                doubles row;
                for (std::size_t r = 0; r <= s; ++r)
                    row.push_back(dot(means[static_cast<std::size_t>(chosen[s])],
                                      means[static_cast<std::size_t>(chosen[r])]));
                row.back() += t > 0 ? 0.1 : 0.0;
                factor.append(row);
                right.push_back(dot(means[static_cast<std::size_t>(chosen[s])], target));
            }
            x = factor.solve(right);
            rest = target;
            for (std::size_t s = 0; s <= t; ++s) {
                for (std::size_t p = 0; p < rest.size(); ++p)
                    rest[p] -= x[s] * means[static_cast<std::size_t>(chosen[s])][p];
            }
        }
        BOOST_REQUIRE(picks.order.size() == 28u); // four batches of seven
        for (std::size_t t = 0; t < 4; ++t) {
            const auto members = batches.members(static_cast<std::size_t>(chosen[t]));
            for (std::size_t i = 0; i < 7; ++i) {
                BOOST_TEST(picks.order[7 * t + i] == members[i]);
                BOOST_TEST(picks.weights[7 * t + i] == picks.weights[7 * t]);
                if (x[t] > 0) BOOST_TEST(std::abs(picks.weights[7 * t + i] * 7 - std::max(x[t], 0.0)) < 0.2);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(batches_of_one_are_gradmatch) {
    random_problem problem({.samples = 40, .classes = 3});
    const auto one =
        lipt::methods::gradmatch_batch::pick(problem.tensor, problem.pool(12), {.gradmatch = {.batch = 1}});
    const auto other = problem.tensor;
    const auto mean = lipt::mean_gradient(other, problem.gradients);
    const auto target = lipt::projections(other, problem.gradients, mean);
    const auto two =
        lipt::methods::detail::pursue(other, problem.pool(12), target, {},
                                      lipt::methods::detail::gram_projections<random_problem::tensor_type>(
                                          other, problem.gradients, target));
    BOOST_TEST(one.order == two.order, boost::test_tools::per_element());
    for (std::size_t i = 0; i < 12; ++i) BOOST_TEST(std::abs(one.weights[i] - two.weights[i]) < 1e-5);
}

BOOST_AUTO_TEST_CASE(a_quota_below_a_batch_makes_one_smaller_batch) {
    random_problem problem({.samples = 40});
    const auto picks = lipt::methods::gradmatch_batch::pick(problem.tensor, problem.pool(5), {});
    BOOST_TEST(picks.order.size() == 5u);
    BOOST_TEST(std::set<std::int64_t>(picks.order.begin(), picks.order.end()).size() == 5u);
}

BOOST_AUTO_TEST_CASE(no_ridge_or_no_batch_is_an_error) {
    random_problem problem({});
    for (const lipt::gradmatch_options &options :
         {lipt::gradmatch_options{.ridge = 0}, lipt::gradmatch_options{.batch = 0}}) {
        BOOST_TEST(lipt_test::error_id([&] {
                       lipt::methods::gradmatch_batch::pick(problem.tensor, problem.pool(3),
                                                            {.gradmatch = options});
                   }) == "LIPT-C14");
    }
}

BOOST_AUTO_TEST_CASE(gradients_much_longer_than_the_ridge_are_no_trouble) {
    random_problem problem({.samples = 200, .classes = 4, .width = 6});
    for (auto &value : problem.gradients.embedding) value *= 1e5f;
    for (const auto kind : {lipt::pursuit_weights::nonnegative, lipt::pursuit_weights::ridge}) {
        const auto picks = lipt::methods::gradmatch_batch::pick(problem.tensor, problem.pool(190),
                                                                {.gradmatch = {.batch = 5, .weights = kind}});
        BOOST_TEST(picks.order.size() == 190u);
        for (const float weight : picks.weights) BOOST_TEST(std::isfinite(weight));
    }
}

BOOST_AUTO_TEST_SUITE_END()
