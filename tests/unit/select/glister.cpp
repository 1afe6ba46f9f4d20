#include <lipt/select/glister.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/selection_problem.hpp>

#include <algorithm>
#include <vector>

namespace {

using lipt_test::random_problem;
using lipt_test::written_out;

std::vector<double> mean(const std::vector<std::vector<double>> &vectors) {
    std::vector<double> out(vectors[0].size());
    for (const auto &v : vectors) {
        for (std::size_t p = 0; p < out.size(); ++p) out[p] += v[p] / static_cast<double>(vectors.size());
    }
    return out;
}

/// The definition, with every gradient written out.
std::vector<std::int64_t> naive(const random_problem &problem, std::size_t quota, double rate,
                                std::size_t rounds) {
    const auto g = written_out(problem.logits, problem.embeddings, problem.labels);
    const std::size_t classes = problem.classes, width = problem.embeddings.shape(1);
    auto moved = problem.validation.logits;
    std::vector<std::int64_t> picks;
    const std::size_t share = (quota + rounds - 1) / rounds;
    while (picks.size() < quota) {
        const auto target =
            mean(written_out(moved, problem.validation.embeddings, problem.validation.labels));
        std::vector<double> gains;
        for (const auto &v : g) gains.push_back(lipt_test::dot(v, target));
        for (std::size_t i = 0; i < share && picks.size() < quota; ++i)
            picks.push_back(lipt_test::naive_arg_max(gains, picks));
        std::vector<std::vector<double>> chosen;
        for (const auto i : picks) chosen.push_back(g[static_cast<std::size_t>(i)]);
        const auto step = mean(chosen);
        for (std::size_t v = 0; v < moved.shape(0); ++v) {
            for (std::size_t c = 0; c < classes; ++c) {
                double change = step[c];
                for (std::size_t e = 0; e < width; ++e) {
                    change += step[classes + c * width + e] * problem.validation.embeddings(v, e);
                }
                moved(v, c) = static_cast<float>(problem.validation.logits(v, c) - rate * change);
            }
        }
    }
    return picks;
}

} // namespace

BOOST_AUTO_TEST_SUITE(glister)

BOOST_AUTO_TEST_CASE(picks_as_the_definition_does) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
        random_problem problem({.samples = 40, .seed = seed});
        for (const std::size_t rounds : {1, 4, 15}) {
            const auto picks = lipt::methods::glister::pick(
                problem.tensor, problem.pool(13), {.glister = {.learning_rate = 0.5f, .rounds = rounds}});
            BOOST_TEST(picks.order == naive(problem, 13, 0.5, rounds), boost::test_tools::per_element());
            BOOST_TEST(picks.scores.size() == 40u);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_validation_gradient_moves) {
    // With a large step the rounds must matter; a method that forgets to renew its target picks the same at
    // any number.
    random_problem problem({.samples = 40});
    const auto pick = [&](std::size_t rounds) {
        return lipt::methods::glister::pick(problem.tensor, problem.pool(20),
                                            {.glister = {.learning_rate = 2.0f, .rounds = rounds}})
            .order;
    };
    BOOST_TEST((pick(1) != pick(20)));
}

BOOST_AUTO_TEST_CASE(no_rounds_or_no_step_is_an_error) {
    random_problem problem({});
    for (const auto &asked : {lipt::glister_options{.rounds = 0}, lipt::glister_options{.learning_rate = -1},
                              lipt::glister_options{.learning_rate = 0}}) {
        BOOST_TEST(lipt_test::error_id([&] {
                       lipt::methods::glister::pick(problem.tensor, problem.pool(3), {.glister = asked});
                   }) == "LIPT-C11");
    }
}

BOOST_AUTO_TEST_SUITE_END()
