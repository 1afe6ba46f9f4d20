#include <lipt/select/score.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/selection_problem.hpp>

#include <cmath>
#include <vector>

namespace {

using lipt_test::random_problem;

} // namespace

BOOST_AUTO_TEST_SUITE(score)

BOOST_AUTO_TEST_CASE(grand_and_el2n_order_by_the_written_out_norms) {
    const random_problem problem({.samples = 30, .classes = 2});
    const auto written = lipt_test::written_out(problem.logits, problem.embeddings, problem.labels);
    const auto grand = lipt::select_with<lipt::methods::grand>(problem.tensor, problem.view(0.2, false));
    const auto el2n = lipt::select_with<lipt::methods::el2n>(problem.tensor, problem.view(0.2, false));
    for (std::size_t i = 0; i < written.size(); ++i) {
        const std::vector<double> error(written[i].begin(), written[i].begin() + 2);
        BOOST_TEST(std::abs(grand.scores[i] / std::sqrt(lipt_test::dot(written[i], written[i])) - 1) < 1e-6);
        BOOST_TEST(std::abs(el2n.scores[i] / std::sqrt(lipt_test::dot(error, error)) - 1) < 1e-6);
    }
    for (const auto *chosen : {&grand, &el2n}) {
        float lowest = 1e9f;
        for (const auto i : chosen->indices)
            lowest = std::min(lowest, chosen->scores[static_cast<std::size_t>(i)]);
        std::size_t above = 0;
        for (const float value : chosen->scores) above += value >= lowest ? 1 : 0;
        BOOST_TEST(above == 6u);
        BOOST_TEST(chosen->indices.size() == 6u);
    }
}

BOOST_AUTO_TEST_CASE(scores_of_several_models_are_averaged) {
    lipt::score_mean mean;
    BOOST_TEST(mean.mean().empty());
    mean.add(std::vector<float>{1, 2, 6});
    mean.add(std::vector<float>{3, 2, 0});
    BOOST_TEST(mean.mean() == (std::vector<float>{2, 2, 3}), boost::test_tools::per_element());
    BOOST_TEST(lipt_test::error_id([&] { mean.add(std::vector<float>{1, 2}); }) == "LIPT-C10");
}

BOOST_AUTO_TEST_SUITE_END()
