#include <lipt/select/uncertainty.hpp>

#include <boost/test/unit_test.hpp>
#include <support/selection_problem.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace {

using lipt_test::random_problem;

std::vector<double> softmax(const random_problem &problem, std::size_t sample) {
    std::vector<double> p;
    double sum = 0;
    for (std::size_t c = 0; c < problem.classes; ++c) {
        p.push_back(std::exp(static_cast<double>(problem.logits(sample, c))));
        sum += p.back();
    }
    for (auto &value : p) value /= sum;
    return p;
}

} // namespace

BOOST_AUTO_TEST_SUITE(uncertainty)

BOOST_AUTO_TEST_CASE(scores_are_those_of_the_softmax) {
    random_problem problem({.samples = 40, .classes = 5});
    const auto pool = problem.pool(4);
    const auto entropy = lipt::entropy_score::rate(problem.tensor, pool, {}),
               margin = lipt::margin_score::rate(problem.tensor, pool, {}),
               confidence = lipt::least_confidence_score::rate(problem.tensor, pool, {});
    for (std::size_t i = 0; i < 40; ++i) {
        auto p = softmax(problem, i);
        double expected = 0;
        for (const double value : p) expected -= value * std::log(value);
        std::sort(p.rbegin(), p.rend());
        BOOST_TEST(std::abs(entropy[i] - expected) < 1e-6);
        BOOST_TEST(std::abs(1 / (1 + std::exp(static_cast<double>(margin[i]))) - (p[0] - p[1])) < 1e-6);
        BOOST_TEST(std::abs(1 / (1 + std::exp(static_cast<double>(confidence[i]))) - p[0]) < 1e-6);
    }
}

BOOST_AUTO_TEST_CASE(a_sample_learned_to_the_last_digit_keeps_its_order) {
    // p of the label 1 - 2 exp(-z): all are 1 in float, but the entropies are not 0.
    random_problem problem({.samples = 3, .classes = 3});
    problem.logits = lipt::host_matrix{{30, 0, 0}, {25, 0, 0}, {35, 0, 0}};
    problem.labels = {0, 0, 0};
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    const auto scores = lipt::entropy_score::rate(problem.tensor, problem.pool(1), {});
    BOOST_TEST(scores[1] > scores[0]);
    BOOST_TEST(scores[0] > scores[2]);
    const double q = std::exp(-25.0); // -2 q log q + 2 q
    BOOST_TEST(std::abs(scores[1] / (2 * q * 25 + 2 * q) - 1) < 1e-5);
}

namespace {

/// Two classes, the label the first, mistaken by ever more.
random_problem mistakes() {
    random_problem problem({.samples = 4, .classes = 2});
    problem.logits = lipt::host_matrix{{0, 10}, {0, 16}, {0, 20}, {0, 40}};
    problem.labels = {0, 0, 0, 0};
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    return problem;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_labels_probability_is_exact_where_the_residual_has_lost_it) {
    random_problem problem = mistakes();
    const auto pool = problem.pool(1);
    const lipt::detail::class_probabilities p(problem.tensor, pool);
    for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(std::abs(p.log_of(i, 0) + problem.logits(i, 1)) < 1e-4);
    const auto some = lipt::gather(problem.tensor, problem.gradients, std::vector<std::int64_t>{3, 1});
    BOOST_REQUIRE(some.label_log.size() == 2u);
    BOOST_TEST(some.label_log[0] == problem.gradients.label_log[3]);
    BOOST_TEST(some.label_log[1] == problem.gradients.label_log[1]);
}

BOOST_AUTO_TEST_CASE(a_probability_below_those_of_float_counts_alike_for_every_class) {
    random_problem problem({.samples = 3, .classes = 3});
    problem.logits = lipt::host_matrix{{0, 200, 0}, {0, 200, 0}, {-3e38f, 3e38f, 0}};
    problem.labels = {0, 1, 0};
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    const auto pool = problem.pool(1);
    const lipt::detail::class_probabilities p(problem.tensor, pool);
    const double least = std::log(std::numeric_limits<float>::min());
    for (std::size_t i = 0; i < 3; ++i) {
        for (const std::size_t c : {0, 2}) BOOST_TEST(std::abs(p.log_of(i, c) - least) < 1e-5);
        BOOST_TEST(std::abs(p.log_of(i, 1)) < 1e-80);
    }
}

BOOST_AUTO_TEST_CASE(without_its_logarithm_a_lost_label_counts_as_the_least_that_float_resolves) {
    random_problem problem = mistakes();
    problem.gradients.label_log.clear();
    const auto pool = problem.pool(1);
    const lipt::detail::class_probabilities p(problem.tensor, pool);
    BOOST_TEST(std::abs(p.log_of(0, 0) + 10) < 1e-3);
    BOOST_TEST(std::abs(p.log_of(1, 0) + 16) < 0.3);
    BOOST_TEST(std::abs(p.log_of(2, 0) + 25 * std::log(2.0)) < 1e-3);
    BOOST_TEST(p.log_of(3, 0) == p.log_of(2, 0));
    BOOST_TEST(p.log_of(0, 1) < 0);
}

BOOST_AUTO_TEST_CASE(a_probability_that_float_cannot_hold_is_no_trouble) {
    random_problem problem({.samples = 2, .classes = 2});
    problem.logits = lipt::host_matrix{{300, 0}, {0, 300}};
    problem.labels = {0, 0}; // right, and entirely wrong
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    const auto pool = problem.pool(1);
    BOOST_TEST(lipt::entropy_score::rate(problem.tensor, pool, {}) == (std::vector<float>{0, 0}),
               boost::test_tools::per_element());
    // m / (1 - m) = (1 - q) / 2q for two classes, q = exp(-300).
    for (const float score : lipt::margin_score::rate(problem.tensor, pool, {}))
        BOOST_TEST(std::abs(score + 300 - std::log(2.0)) < 1e-4);
}

BOOST_AUTO_TEST_CASE(the_least_sure_are_picked) {
    random_problem problem({.samples = 3, .classes = 3});
    problem.logits = lipt::host_matrix{{9, 0, 0}, {0.1f, 0, 0}, {2, 0, 0}};
    problem.labels = {0, 0, 0};
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    const std::vector<std::int64_t> expected{1, 2, 0};
    BOOST_TEST(lipt::methods::entropy::pick(problem.tensor, problem.pool(3), {}).order == expected);
    BOOST_TEST(lipt::methods::margin::pick(problem.tensor, problem.pool(3), {}).order == expected);
    BOOST_TEST(lipt::methods::least_confidence::pick(problem.tensor, problem.pool(3), {}).order == expected);
}

namespace {

/// Confident samples by ever larger gaps, of three classes: first as labelled, then mistaken.
random_problem confident(const std::vector<float> &gaps) {
    random_problem problem({.samples = 2 * gaps.size(), .classes = 3});
    for (std::size_t i = 0; i < 2 * gaps.size(); ++i) {
        const float gap = gaps[i % gaps.size()];
        problem.labels[i] = 0;
        for (std::size_t c = 0; c < 3; ++c)
            problem.logits(i, c) = c == (i < gaps.size() ? 0u : 1u) ? gap : c == 2 ? -1.0f : 0.0f;
    }
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    return problem;
}

} // namespace

BOOST_AUTO_TEST_CASE(margin_and_confidence_keep_their_order_as_far_as_logits_do) {
    const std::vector<float> gaps{2, 16, 17, 18, 25, 40, 80, 100, 1000, 1e6f, 1e30f};
    random_problem problem = confident(gaps);
    const auto pool = problem.pool(1);
    const auto margin = lipt::margin_score::rate(problem.tensor, pool, {}),
               confidence = lipt::least_confidence_score::rate(problem.tensor, pool, {});
    for (std::size_t i = 0; i < 2 * gaps.size(); ++i) {
        const double gap = gaps[i % gaps.size()], others = std::log(1 + std::exp(-1.0));
        BOOST_TEST(std::abs(confidence[i] / -(gap - others) - 1) < 1e-6);
        const double odds = gap + std::log(-std::expm1(-gap)) - std::log(2 + std::exp(-1.0));
        BOOST_TEST(std::abs(margin[i] / -odds - 1) < 1e-6);
        if (i % gaps.size() == 0) continue;
        BOOST_TEST(confidence[i] < confidence[i - 1]);
        BOOST_TEST(margin[i] < margin[i - 1]);
    }
}

BOOST_AUTO_TEST_CASE(without_logits_margin_and_confidence_are_as_exact_as_residuals) {
    const std::vector<float> gaps{2, 16, 17, 18, 25, 40, 80};
    random_problem problem = confident(gaps);
    const auto pool = problem.pool(1);
    const auto margin = lipt::margin_score::rate(problem.tensor, pool, {}),
               confidence = lipt::least_confidence_score::rate(problem.tensor, pool, {});
    problem.gradients.margin_log_odds.clear();
    problem.gradients.confidence_log_odds.clear();
    const auto bare = problem.pool(1);
    const auto other_margin = lipt::margin_score::rate(problem.tensor, bare, {}),
               other_confidence = lipt::least_confidence_score::rate(problem.tensor, bare, {});
    for (std::size_t i = 0; i < margin.size(); ++i) {
        BOOST_TEST(std::abs(other_margin[i] / margin[i] - 1) < 1e-5);
        BOOST_TEST(std::abs(other_confidence[i] / confidence[i] - 1) < 1e-5);
    }
}

BOOST_AUTO_TEST_CASE(two_equal_logits_have_the_highest_margin_score_and_it_is_finite) {
    random_problem problem({.samples = 3, .classes = 3});
    problem.logits = lipt::host_matrix{{1, 0, 0}, {2, 2, 0}, {1e-30f, 0, -50}};
    problem.labels = {0, 0, 0};
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    const auto scores = lipt::margin_score::rate(problem.tensor, problem.pool(1), {});
    BOOST_TEST(std::isfinite(scores[1]));
    BOOST_TEST(scores[1] > scores[2]);
    BOOST_TEST(scores[2] > scores[0]);
}

BOOST_AUTO_TEST_CASE(the_entropy_of_a_confident_mistake_is_as_exact_as_that_of_a_hit) {
    const std::vector<float> gaps{2, 10, 16, 17, 18, 20, 25, 40, 80};
    random_problem problem = confident(gaps);
    const auto scores = lipt::entropy_score::rate(problem.tensor, problem.pool(1), {});
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const double gap = gaps[i % gaps.size()];
        const double rest = std::exp(-gap) + std::exp(-gap - 1), log_sum = std::log1p(rest);
        const double expected = log_sum / (1 + rest) + std::exp(-gap - log_sum) * (gap + log_sum) +
                                std::exp(-gap - 1 - log_sum) * (gap + 1 + log_sum);
        BOOST_TEST(std::abs(scores[i] / expected - 1) < 1e-5);
    }
}

BOOST_AUTO_TEST_SUITE_END()
