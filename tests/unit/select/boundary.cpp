#include <lipt/select/boundary.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

using lipt_test::random_problem;

double log_probability(const random_problem &problem, std::size_t sample, std::size_t c) {
    double sum = 0;
    for (std::size_t j = 0; j < problem.classes; ++j)
        sum += std::exp(static_cast<double>(problem.logits(sample, j)));
    return problem.logits(sample, c) - std::log(sum);
}

} // namespace

BOOST_AUTO_TEST_SUITE(boundary)

BOOST_AUTO_TEST_CASE(cal_is_the_mean_divergence_of_the_neighbours_predictions) {
    random_problem problem({.samples = 50, .classes = 4, .width = 3});
    const auto h = lipt_test::embeddings_of(problem);
    const auto scores = lipt::cal_score::rate(problem.tensor, problem.pool(5), {.cal = {.neighbours = 6}});
    for (std::size_t i = 0; i < 50; ++i) {
        std::vector<std::pair<double, std::size_t>> all;
        for (std::size_t j = 0; j < 50; ++j) {
            if (j != i) all.emplace_back(lipt_test::distance(h[i], h[j]), j);
        }
        std::sort(all.begin(), all.end());
        double expected = 0;
        for (std::size_t k = 0; k < 6; ++k) {
            for (std::size_t c = 0; c < 4; ++c) {
                const double theirs = log_probability(problem, all[k].second, c);
                expected += std::exp(theirs) * (theirs - log_probability(problem, i, c)) / 6;
            }
        }
        BOOST_TEST(std::abs(scores[i] - expected) < 1e-5);
    }
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::cal_score::rate(problem.tensor, problem.pool(5), {.cal = {.neighbours = 0}});
               }) == "LIPT-C18");
}

BOOST_AUTO_TEST_CASE(labels_of_hardly_any_probability_count_in_full) {
    // Logits of +-40: many labels' probabilities are far below what 1 + d resolves.
    random_problem problem({.samples = 60, .classes = 3, .width = 2});
    for (auto &value : problem.logits) value *= 20.0f;
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    const auto pool = problem.pool(1);
    const auto cal = lipt::cal_score::rate(problem.tensor, pool, {.cal = {.neighbours = 5}}),
               deepfool = lipt::deepfool_score::rate(problem.tensor, pool, {});
    const auto graph = lipt::nearest_neighbours(problem.tensor, problem.gradients, 5);
    std::size_t lost = 0;
    for (std::size_t i = 0; i < 60; ++i) {
        double expected = 0;
        for (const auto &[j, distance] : graph[i]) {
            for (std::size_t c = 0; c < 3; ++c) {
                const double theirs = log_probability(problem, static_cast<std::size_t>(j), c);
                expected += std::exp(theirs) * (theirs - log_probability(problem, i, c)) / 5;
            }
        }
        BOOST_TEST(std::abs(cal[i] - expected) < 1e-4);
        std::vector<double> z(3);
        for (std::size_t c = 0; c < 3; ++c) z[c] = problem.logits(i, c);
        std::sort(z.rbegin(), z.rend());
        BOOST_TEST(std::abs(deepfool[i] + z[0] - z[1]) < 1e-4);
        lost += log_probability(problem, i, static_cast<std::size_t>(problem.labels[i])) < -18 ? 1 : 0;
    }
    BOOST_TEST(lost > 10u);
}

BOOST_AUTO_TEST_CASE(deepfool_is_the_least_step_that_turns_the_prediction) {
    random_problem problem({.samples = 40, .classes = 3, .width = 5});
    lipt::rng draw({.seed = 3});
    lipt::host_matrix weights = lipt::host_matrix::from_shape({3, 5});
    for (auto &value : weights) value = draw.normal();
    problem.tensor.gemm(problem.embeddings, weights, problem.logits, {.transpose_b = true}); // a linear layer
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    auto pool = problem.pool(4);
    pool.last_layer = &weights;
    const auto scores = lipt::deepfool_score::rate(problem.tensor, pool, {});
    const auto z = [&](const std::vector<double> &h, std::size_t c) {
        double sum = 0;
        for (std::size_t e = 0; e < 5; ++e) sum += h[e] * weights(c, e);
        return sum;
    };
    const auto embeddings = lipt_test::embeddings_of(problem);
    for (std::size_t i = 0; i < 40; ++i) {
        std::size_t y = 0;
        for (std::size_t c = 1; c < 3; ++c) y = z(embeddings[i], c) > z(embeddings[i], y) ? c : y;
        // A step of that length, and no shorter one, along some w_j - w_y brings a tie.
        double nearest = 1e300;
        for (std::size_t j = 0; j < 3; ++j) {
            if (j == y) continue;
            double normal = 0, rise = 0;
            for (std::size_t e = 0; e < 5; ++e) normal += std::pow(weights(j, e) - weights(y, e), 2.0);
            auto moved = embeddings[i];
            for (std::size_t e = 0; e < 5; ++e)
                moved[e] += -scores[i] * (weights(j, e) - weights(y, e)) / std::sqrt(normal);
            rise = z(moved, y) - z(moved, j);
            BOOST_TEST(rise > -1e-4);
            nearest = std::min(nearest, rise);
        }
        BOOST_TEST(std::abs(nearest) < 1e-4);
    }
    const lipt::host_matrix narrow({3, 4}, 0.0f);
    pool.last_layer = &narrow;
    BOOST_TEST(lipt_test::error_id([&] { lipt::deepfool_score::rate(problem.tensor, pool, {}); }) ==
               "LIPT-C19");
}

BOOST_AUTO_TEST_CASE(deepfool_without_weights_is_the_margin_of_the_logits) {
    random_problem problem({.samples = 20, .classes = 4});
    const auto scores = lipt::deepfool_score::rate(problem.tensor, problem.pool(4), {});
    for (std::size_t i = 0; i < 20; ++i) {
        std::vector<double> z;
        for (std::size_t c = 0; c < 4; ++c) z.push_back(problem.logits(i, c));
        std::sort(z.rbegin(), z.rend());
        BOOST_TEST(std::abs(scores[i] + z[0] - z[1]) < 1e-5);
    }
}

BOOST_AUTO_TEST_CASE(the_problem_hands_on_the_weights) {
    random_problem problem({.samples = 30});
    const lipt::host_matrix weights({3, 4}, 0.0f); // too narrow: it is looked at
    auto view = problem.view(0.2);
    view.last_layer = &weights;
    BOOST_TEST(lipt_test::error_id(
                   [&] { lipt::select_with<lipt::methods::deepfool>(problem.tensor, view); }) == "LIPT-C19");
}

BOOST_AUTO_TEST_SUITE_END()
