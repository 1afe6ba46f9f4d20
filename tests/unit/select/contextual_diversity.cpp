#include <lipt/select/contextual_diversity.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

std::vector<double> softmax(const lipt::host_matrix &logits, std::size_t sample) {
    std::vector<double> p;
    double sum = 0;
    for (std::size_t c = 0; c < logits.shape(1); ++c) {
        p.push_back(std::exp(static_cast<double>(logits(sample, c))));
        sum += p.back();
    }
    for (auto &value : p) value /= sum;
    return p;
}

double divergence(const std::vector<double> &p, const std::vector<double> &q) {
    double sum = 0;
    for (std::size_t c = 0; c < p.size(); ++c)
        sum += 0.5 * p[c] * std::log(p[c] / q[c]) + 0.5 * q[c] * std::log(q[c] / p[c]);
    return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(contextual_diversity)

namespace {

/// Holds the picks and scores of a problem against the definition.
void compare_with_definition(lipt_test::random_problem &problem, std::size_t quota, double tolerance) {
    lipt_test::vectors p;
    std::vector<double> mean(problem.classes);
    for (std::size_t i = 0; i < problem.labels.size(); ++i) {
        p.push_back(softmax(problem.logits, i));
        for (std::size_t c = 0; c < mean.size(); ++c)
            mean[c] += p[i][c] / static_cast<double>(problem.labels.size());
    }
    const auto expected = lipt_test::naive_greedy(p.size(), quota, [&](const auto &picks) {
        const auto &newest = p[static_cast<std::size_t>(picks.back())];
        if (picks.size() == 1) return -divergence(newest, mean);
        double nearest = 1e300;
        for (std::size_t s = 0; s + 1 < picks.size(); ++s)
            nearest = std::min(nearest, divergence(newest, p[static_cast<std::size_t>(picks[s])]));
        return nearest;
    });
    const auto picks = lipt::methods::contextual_diversity::pick(problem.tensor, problem.pool(quota), {});
    BOOST_TEST(picks.order == expected, boost::test_tools::per_element());
    for (std::size_t i = 0; i < p.size(); ++i)
        BOOST_TEST(std::abs(picks.scores[i] + divergence(p[i], mean)) < tolerance);
}

} // namespace

BOOST_AUTO_TEST_CASE(picks_as_the_definition_does) {
    lipt_test::for_small_problems(
        [](auto &problem, std::size_t quota) { compare_with_definition(problem, quota, 1e-5); });
}

BOOST_AUTO_TEST_CASE(labels_of_hardly_any_probability_count_in_full) {
    lipt_test::random_problem problem({.samples = 40, .classes = 4});
    for (auto &value : problem.logits) value *= 15.0f;
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    compare_with_definition(problem, 20, 1e-4);
}

BOOST_AUTO_TEST_SUITE_END()
